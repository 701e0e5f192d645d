"""What any tool plans to send her is stopped by what it is about, journey file or not."""

from dataclasses import replace
from itertools import permutations

import pytest

from adaptive_stream.engine.decision import Suppression
from adaptive_stream.engine.fact import Fact
from adaptive_stream.engine.keep import KEYS_MAX
from adaptive_stream.engine.span import Span
from tests.engine.world import DAY, HOUR, MINUTE, TEN, World, fact, shipped_rules

ANA, CARD = "email:ana@example.com", "loyalty:L-204"
BRAZE, LOB, SENDGRID, MAILCHIMP = "braze", "lob", "sendgrid", "mailchimp"


def world() -> World:
    """Ana, who may be written to by e-mail and has a card; no journey runs for her."""
    one = World(replace(shipped_rules(), journeys=()))
    one.tell("identity.linked", TEN - DAY, ANA, CARD)
    one.tell("consent.given", TEN - DAY, ANA, channel="email", purpose="marketing")
    return one


def planned(one: World, message: str = "m-1", at_ms: int = TEN, **said: object) -> None:
    said = {"about": ["boots-41"], "due_ms": TEN + DAY, "sender": BRAZE} | said
    said = {name: value for name, value in said.items() if value is not None}
    one.tell("message.scheduled", at_ms, ANA, channel="email", message=message, **said)


def bought(one: World, at_ms: int = TEN + HOUR, order: str = "R-1", **said: object) -> Fact:
    said = {"items": ["boots-41"]} | said
    return one.tell("order.completed", at_ms, CARD, channel="store", order=order, **said)


def recalls(one: World) -> list[tuple]:
    """(action, message, because, rev) of each word to the sender of one message."""
    return [
        (s.action, s.messages[0]["message"], s.because, s.rev)
        for s in one.of(Suppression)
        if s.scope == "message"
    ]


def test_a_sender_is_told_its_own_handle_and_nothing_of_other_messages() -> None:
    """What she bought stops the message about it, by the name that its sender gave it."""
    one = world()
    planned(one, handle="dispatch-1")
    planned(one, "m-2", about=["jacket-3"])

    bought(one)

    (told,) = one.of(Suppression)
    assert (told.action, told.because) == ("suppress", "about_bought_items")
    assert told.messages[0]["handle"] == "dispatch-1"
    assert one.state(ANA)["outbox"] == ["m-2"]


def test_what_she_bought_is_taken_back_and_so_is_the_stop() -> None:
    """A voided receipt releases what may still go; a sender that cannot release is told nothing."""
    one = world()
    planned(one)
    planned(one, "m-2", sender=MAILCHIMP)
    bought(one)

    one.tell("order.voided", TEN + 2 * HOUR, CARD, channel="store", order="R-1")

    assert recalls(one)[2:] == [("release", "m-1", "fact_retracted", 2)]


@pytest.mark.parametrize(
    ("said", "bought_at_ms", "stopped"),
    [
        ({"revocable_until_ms": TEN + HOUR}, TEN + HOUR, True),
        ({"revocable_until_ms": TEN + HOUR}, TEN + HOUR + 1, False),
        ({"sender": SENDGRID, "due_ms": TEN + HOUR}, TEN + 50 * MINUTE, True),
        ({"sender": SENDGRID, "due_ms": TEN + HOUR}, TEN + 51 * MINUTE, False),
        ({"sender": BRAZE, "due_ms": TEN + HOUR}, TEN + 51 * MINUTE, True),
        ({"due_ms": None, "standing": True}, TEN + 90 * DAY, True),
    ],
    ids=["in print", "printed", "recalled", "past its recall", "asks", "an audience"],
)
def test_nobody_is_told_to_stop_what_cannot_be_stopped(
    said: dict, bought_at_ms: int, stopped: bool
) -> None:
    """After the print cut-off, or the lead of a recall, it is too late: counted, and not told."""
    one = world()
    planned(one, **said)

    bought(one, bought_at_ms)

    assert bool(recalls(one)) is stopped
    assert ("too_late:email" in one.faults) is not stopped
    assert one.state(ANA)["outbox"] == []


def test_a_message_that_left_is_in_no_outbox() -> None:
    """Sent or cancelled, it is not stopped any more."""
    for type_ in ("message.sent", "message.cancelled"):
        one = world()
        planned(one)
        one.tell(type_, TEN + MINUTE, ANA, channel="email", message="m-1")

        bought(one)

        assert recalls(one) == []


def test_a_message_whose_moment_is_long_past_is_gone() -> None:
    """A tool that reports nothing has sent it: a day later nobody is told to stop it."""
    one = world()
    planned(one)

    bought(one, TEN + 2 * DAY)

    assert (recalls(one), one.faults) == ([], [])


def test_an_old_price_is_noticed_before_the_message_leaves() -> None:
    """A price visits nobody; the message is looked at once more while it can still be stopped."""
    one = world()
    planned(one, price=8900)
    one.tell("product.price_changed", TEN + HOUR, channel="backoffice", item="boots-41", price=7900)
    assert recalls(one) == []

    one.wait(TEN + DAY)

    assert recalls(one) == [("suppress", "m-1", "price_changed", 1)]


def test_another_offer_on_the_air_stops_a_message_where_it_is_aired() -> None:
    """25 % on the screen and 10 % in the mail do not go together."""
    for region, stopped in (("yorkshire", True), ("wales", False)):
        one = world()
        one.tell("profile.changed", TEN - HOUR, ANA, region=region)
        planned(one, offer="boots-10")
        one.tell(
            "broadcast.aired", TEN + HOUR, channel="broadcast", campaign="winter",
            region="yorkshire", about=["boots-41"], offer="boots-25",
        )  # fmt: skip

        one.wait(TEN + DAY)

        assert bool(recalls(one)) is stopped


def test_the_tools_own_messages_of_a_run_are_named_where_it_is_stopped() -> None:
    """A sender that has planned a step itself finds its handle in the journey's suppression."""
    one = World()
    one.tell("identity.linked", TEN - DAY, ANA, CARD)
    one.tell("cart.item_added", TEN, ANA, items=["boots-41"], cart="cart-9")
    one.wait(TEN + 31 * MINUTE)
    planned(one, "m-9", TEN + 32 * MINUTE, journey="abandoned-cart", instance="cart-9",
            step="remind", handle="d-9", due_ms=TEN + HOUR)  # fmt: skip

    bought(one, TEN + 41 * MINUTE)

    told = [s for s in one.of(Suppression) if (s.scope, s.channel) == ("instance", "email")]
    assert [m["handle"] for m in told[-1].messages] == ["d-9"]


def test_a_run_names_no_message_that_is_printed() -> None:
    """What cannot be stopped any more is in no instruction to stop it."""
    one = World()
    one.tell("identity.linked", TEN - DAY, ANA, CARD)
    one.tell("cart.item_added", TEN, ANA, items=["boots-41"], cart="cart-9")
    one.wait(TEN + 31 * MINUTE)
    said = {"journey": "abandoned-cart", "instance": "cart-9", "step": "remind"}
    planned(one, "m-9", TEN + 32 * MINUTE, revocable_until_ms=TEN + 40 * MINUTE, **said)

    bought(one, TEN + 41 * MINUTE)

    told = [s for s in one.of(Suppression) if (s.scope, s.channel) == ("instance", "email")]
    assert told[-1].messages == ()


def test_an_audience_says_since_when_and_until_when_she_was_in_it() -> None:
    """Advertising platforms take hours: how long is known from the two moments."""
    one = world()
    planned(one, due_ms=None, standing=True)
    bought(one)
    assert one.state(ANA)["messages"]["m-1"]["since"] == "2026-03-03T10:00:00Z"

    one.tell("message.cancelled", TEN + 8 * HOUR, ANA, channel="email", message="m-1")

    assert one.state(ANA)["messages"]["m-1"]["until"] == "2026-03-03T18:00:00Z"


def test_the_order_in_which_facts_come_changes_no_outbox() -> None:
    """Planned, cancelled, bought, voided and priced anew in any order end in one state."""
    facts = [
        fact("message.scheduled", TEN, ANA, channel="email", message="m-1", sender=BRAZE,
             about=["boots-41"], due_ms=TEN + DAY, price=8900),
        fact("message.scheduled", TEN, ANA, channel="email", message="m-2", sender=BRAZE,
             about=["gtin:4006381333931"], due_ms=TEN + DAY),
        fact("order.completed", TEN + HOUR, CARD, channel="store", order="R-1", items=["boots-41"]),
        fact("order.voided", TEN + 2 * HOUR, CARD, channel="store", order="R-1"),
        fact("product.described", TEN + HOUR, channel="backoffice", item="boots-41",
             codes=["boots-41", "gtin:4006381333931"], price=8900),
    ]  # fmt: skip
    ends = set()
    for order in permutations(facts):
        one = world()
        for each in order:
            one.take(each, TEN + 3 * HOUR)
        one.tell("app.opened", TEN + 4 * HOUR, ANA)
        state = one.state(ANA)
        ends.add(repr((state["outbox"], state["messages"], state["orders"])))

    assert len(ends) == 1


def test_an_outbox_is_bounded() -> None:
    """A tool that plans without end costs the oldest plans, which are counted by name."""
    one = world()
    for number in range(KEYS_MAX["messages"] + 5):
        planned(one, f"m-{number}", TEN + number)

    assert len(one.state(ANA)["messages"]) == KEYS_MAX["messages"]
    assert one.faults.count("dropped:messages") == 5


def test_two_who_are_found_to_be_one_have_one_outbox_and_each_their_own_again() -> None:
    """The card's purchase stops the mail of the address; parted, the mail may go after all."""
    one = World(replace(shipped_rules(), journeys=()))
    one.tell("consent.given", TEN - DAY, ANA, channel="email", purpose="marketing")
    planned(one)
    bought(one)
    assert recalls(one) == []

    one.tell("identity.linked", TEN + 2 * HOUR, ANA, CARD)
    assert recalls(one) == [("suppress", "m-1", "about_bought_items", 1)]

    one.tell("customer.unmerge", TEN + 3 * HOUR, ANA, CARD, channel="backoffice")
    assert recalls(one)[1:] == [("release", "m-1", "unmerged", 2)]
    assert one.state(ANA)["outbox"] == ["m-1"]
    assert one.state(CARD)["outbox"] == []


def test_a_message_may_be_held_for_a_while() -> None:
    """A rule that holds says until when, and its end is told by the clock."""
    rules = shipped_rules()
    stops = [rule for rule in rules.standing if rule.use.condition.name == "about_bought_items"]
    held = replace(stops[0], verb="hold", lasts=Span(ms=2 * HOUR))
    one = World(replace(rules, journeys=(), standing=(held,)))
    one.tell("identity.linked", TEN - DAY, ANA, CARD)
    planned(one)

    bought(one)
    assert one.state(ANA)["outbox"] == ["m-1"]
    one.wait(TEN + 4 * HOUR)

    assert recalls(one) == [
        ("hold", "m-1", "about_bought_items", 1),
        ("release", "m-1", "hold_lapsed", 2),
    ]
    first, last = one.of(Suppression)
    assert (first.until_ms, last.event_ms) == (TEN + 3 * HOUR, TEN + 3 * HOUR)
