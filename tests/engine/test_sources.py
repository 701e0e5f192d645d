"""A step waits for the shops that she uses until they have reported, and never for ever."""

from dataclasses import replace

import pytest

from adaptive_stream.engine.board import as_json, board
from adaptive_stream.engine.complete import needed_ms
from adaptive_stream.engine.decision import Opportunity
from adaptive_stream.engine.journey import WaitFor
from adaptive_stream.engine.notice import Notice, decode_notice
from adaptive_stream.engine.source import Sources
from adaptive_stream.engine.span import Span
from tests.engine.world import D0, DAY, HOUR, MINUTE, TEN, World, shipped_rules

ANA = "email:ana@example.com"
HEARTBEAT = Sources(heartbeat=Span(ms=5 * MINUTE), home_store=True, visited=Span(days=90))


def world(sources: Sources = HEARTBEAT, **profile: str) -> World:
    """Ana, whose cart's mail waits for her shops, for six hours at most."""
    rules = shipped_rules()
    wait_for = (WaitFor("store", Span(ms=6 * HOUR)),)
    journeys = [replace(j, wait_for=wait_for) for j in rules.journeys if j.name == "abandoned-cart"]
    one = World(replace(rules, journeys=tuple(journeys), sources={"store": sources}))
    one.tell("profile.changed", TEN - DAY, ANA, **({"home_store": "leeds-2"} | profile))
    return one


def beats(one: World, until_ms: int, source: str = "leeds-2", **said: object) -> None:
    """A heartbeat of a shop."""
    fact_said = {"channel": "store", "until_ms": until_ms, "source": source} | said
    one.tell("channel.complete", until_ms, **fact_said)


def left(one: World) -> None:
    """A cart that nobody touches: the mail is due at eleven."""
    one.tell("cart.item_added", TEN, ANA, items=["boots-41"], cart="cart-9")
    one.wait(TEN + HOUR)


def offered(one: World) -> list[tuple[int, str | None]]:
    """(when, risk) of each step that was offered."""
    return [(o.known_ms, o.risk) for o in one.of(Opportunity) if o.kind == "step"]


def waits_for(one: World) -> list[str]:
    return [run["waits_for"] for run in one.state(ANA)["journeys"] if run["waits_for"]]


def test_a_mail_waits_for_her_silent_shop_and_goes_when_it_has_reported() -> None:
    """The till uploads at two: nothing was bought, and the mail goes without a risk."""
    one = world()
    beats(one, TEN - 2 * HOUR)
    left(one)
    assert (offered(one), waits_for(one)) == ([], ["store/leeds-2"])
    assert one.told()[-1][:2] == ("hold", "incomplete")

    one.wait(TEN + 4 * HOUR)
    beats(one, TEN + 4 * HOUR)
    one.wait(TEN + 5 * HOUR)

    ((at_ms, risk),) = offered(one)
    assert TEN + 4 * HOUR <= at_ms <= TEN + 4 * HOUR + 5 * MINUTE
    assert risk is None
    assert waits_for(one) == []


def test_the_wait_has_an_end_and_the_risk_is_on_record() -> None:
    """Six hours after it was due the mail goes, and says what was not known."""
    one = world()
    beats(one, TEN - 2 * HOUR)
    left(one)

    one.wait(TEN + 12 * HOUR)

    assert offered(one) == [(TEN + 7 * HOUR, "source_silent")]


@pytest.mark.parametrize(
    ("silent", "profile", "bought_there", "waits"),
    [
        ("leeds-2", {}, False, True),
        ("york-1", {}, False, False),
        ("york-1", {}, True, True),
        ("leeds-2", {"home_store": ""}, False, False),
    ],
    ids=["her home", "somebody else's", "where she has bought", "nobody knows her home"],
)
def test_only_the_customers_of_a_silent_shop_wait(
    silent: str, profile: dict, bought_there: bool, waits: bool
) -> None:
    """Her home store, and where she has bought within ninety days."""
    one = world(**profile)
    if bought_there:
        one.tell("order.completed", TEN - 30 * DAY, ANA, channel="store", order="R-0",
                 store=silent, items=["belt-7"])  # fmt: skip
    beats(one, TEN - 2 * HOUR, silent)
    if silent != "leeds-2":
        beats(one, TEN + HOUR, "leeds-2")

    left(one)

    assert bool(waits_for(one)) is waits


def test_nobody_waits_for_a_shop_that_never_spoke_or_was_retired() -> None:
    """A name in a profile is no source; one that is gone for good says nothing any more."""
    never = world()
    left(never)
    gone = world()
    beats(gone, TEN - 2 * HOUR)
    beats(gone, TEN - HOUR, retired=True)
    left(gone)

    assert offered(never) == offered(gone) == [(TEN + HOUR, None)]


def test_a_retired_shop_that_speaks_again_is_waited_for_again() -> None:
    """Its newest word counts."""
    one = world()
    beats(one, TEN - 3 * HOUR, retired=True)
    beats(one, TEN - 2 * HOUR)
    left(one)

    assert waits_for(one) == ["store/leeds-2"]


@pytest.mark.parametrize(
    ("sources", "at_ms", "needed"),
    [
        (HEARTBEAT, TEN, TEN - 10 * MINUTE),
        (replace(HEARTBEAT, open_minutes=(420, 1320)), TEN, TEN - 10 * MINUTE),
        (replace(HEARTBEAT, open_minutes=(420, 1320)), D0 + 23 * HOUR, D0 + 22 * HOUR - 600_000),
        (replace(HEARTBEAT, open_minutes=(420, 1320)), D0 + 6 * HOUR, D0 - 2 * HOUR - 600_000),
        (Sources(nightly_by_minutes=150), TEN, D0),
        (Sources(nightly_by_minutes=150), D0 + 2 * HOUR, D0 - DAY),
        (Sources(nightly_by_minutes=150, open_minutes=(420, 1320)), TEN, D0 - 2 * HOUR),
    ],
    ids=["beats", "open", "closed", "before it opens", "file", "file not due", "file of a shop"],
)
def test_a_source_must_have_reported_what_it_should_have_by_now(
    sources: Sources, at_ms: int, needed: int
) -> None:
    """Two heartbeats ago; while it is closed, when it closed; by file, up to the day before."""
    assert needed_ms(sources, at_ms, "Europe/London") == needed


def test_the_board_says_who_is_silent_and_who_waits() -> None:
    """The longest silence first, with the messages that wait for it; the retired last."""
    one = world()
    beats(one, TEN - 2 * HOUR)
    beats(one, TEN + HOUR, "york-1")
    beats(one, TEN - DAY, "old-9", retired=True)
    left(one)

    notices: dict[str, Notice] = {
        key.removeprefix("#note/"): decode_notice(body) for key, body in one.notices.items()
    }
    found = board(notices, [one.state(ANA)], TEN + HOUR + 51 * MINUTE)

    assert [(s.name, s.contacts_waiting, s.retired) for s in found] == [
        ("store/leeds-2", 1, False),
        ("store/york-1", 0, False),
        ("store/old-9", 0, True),
    ]
    assert as_json(found[0])["silent_for"] == "PT3H51M"


def test_a_purchase_that_the_silent_shop_uploads_stops_the_mail() -> None:
    """That is what the wait was for."""
    one = world()
    beats(one, TEN - 2 * HOUR)
    left(one)

    one.tell("order.completed", TEN + 41 * MINUTE, ANA, channel="store", order="R-1",
             store="leeds-2", items=["boots-41"], log_ms=TEN + 4 * HOUR)  # fmt: skip

    assert one.told()[-1][:2] == ("suppress", "bought_these_items")
    one.wait(TEN + 12 * HOUR)
    assert offered(one) == []
