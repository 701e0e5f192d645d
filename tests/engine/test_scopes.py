"""Standing rules over an address, a purpose on one channel, or all: one word to every tool."""

from dataclasses import replace

from adaptive_stream.engine.decision import Opportunity, Suppression
from adaptive_stream.engine.journey import Rules, StandingRule
from adaptive_stream.engine.span import Span
from tests.engine.test_journeys import ANA, abandoned, steps
from tests.engine.world import DAY, HOUR, MINUTE, TEN, World, shipped_rules

PHONE, DEVICE, OTHER = "phone:+447700900123", "device:ph-a", "email:ana@work.example"


def told(world: World, scope: str, channel: str = "email") -> list[tuple]:
    """(action, purpose, because, recipients) of what a channel is told of more than a message."""
    return [
        (
            one.action,
            one.purpose,
            one.because,
            [f"{kind}:{value}" for kind, value in one.recipients],
        )
        for one in world.of(Suppression)
        if (one.scope, one.channel) == (scope, channel)
    ]


def withdraw(world: World, at_ms: int, who: str) -> None:
    world.tell("consent.withdrawn", at_ms, who, channel="email", purpose="marketing")


def ruled(verb: str, scope: str, condition: str, **said: object) -> Rules:
    """The shipped journeys with this one standing rule."""
    rules = shipped_rules()
    use = next(r.use for r in rules.standing if r.use.condition.name == condition)
    purpose = scope if scope not in ("message", "endpoint", "all") else ""
    rule = StandingRule(verb, "purpose" if purpose else scope, use, purpose)
    return replace(rules, standing=(replace(rule, **said),))  # type: ignore[arg-type]


def test_an_address_that_bounced_gets_nothing_more_and_her_other_one_does() -> None:
    """By its own word alone, for each purpose, and no step is due to it."""
    world = abandoned()
    world.tell("message.bounced", TEN + 45 * MINUTE, ANA, message="m-0", channel="email")
    world.wait(TEN + 2 * HOUR)
    assert told(world, "endpoint") == [
        ("suppress", "marketing", "address_refused", [ANA]),
        ("suppress", "service", "address_refused", [ANA]),
    ]
    assert steps(world) == {}

    world.tell("identity.linked", TEN + 2 * HOUR, ANA, OTHER)
    world.wait(TEN + 4 * DAY)
    assert len(told(world, "endpoint")) == 2
    assert list(steps(world)) == ["discount"]


def test_each_address_is_told_of_by_its_own_fact() -> None:
    """The one that spoke later is not the cause of what the other said."""
    world = World()
    world.tell("identity.linked", TEN, ANA, OTHER)
    first = world.tell("message.bounced", TEN + MINUTE, ANA, message="m-0", channel="email")
    second = world.tell("message.bounced", TEN + HOUR, OTHER, message="m-1", channel="email")
    world.tell("identity.linked", TEN + 2 * HOUR, ANA, PHONE)

    causes = {
        one.instance: (one.cause.id, one.event_ms)
        for one in world.of(Suppression)
        if (one.scope, one.purpose) == ("endpoint", "service") and one.cause
    }
    assert causes == {ANA: (first.id, TEN + MINUTE), OTHER: (second.id, TEN + HOUR)}
    assert len(told(world, "endpoint")) == 4


def test_an_address_that_is_hers_no_longer_is_said_nothing_of() -> None:
    """Whoever has it now hears of it; the one who lost it has no word to take back."""
    world = World()
    world.tell("app.opened", TEN, PHONE)
    world.tell("app.opened", TEN, ANA)
    world.tell("identity.linked", TEN + MINUTE, PHONE, ANA)
    withdraw(world, TEN + HOUR, ANA)
    before = told(world, "endpoint")
    assert [one[:2] for one in before] == [("suppress", "marketing")]

    world.tell("customer.unmerge", TEN + 2 * HOUR, PHONE, ANA)

    after = told(world, "endpoint")[len(before) :]
    assert {one[0] for one in after} <= {"suppress"}
    assert "given" not in str(world.state(ANA)["consent"])


def test_consent_that_is_withdrawn_for_all_her_addresses_stops_a_channel_until_she_agrees() -> None:
    """Other channels are not her request's business; what fell due meanwhile does not come back."""
    world = World()
    world.tell("identity.linked", TEN - HOUR, PHONE, ANA, DEVICE)
    world.tell("cart.item_added", TEN, ANA, cart="cart-9", items=["boots-41"])
    withdraw(world, TEN + 10 * MINUTE, PHONE)
    assert told(world, "purpose") == [("suppress", "marketing", "consent_withdrawn", [ANA])]
    assert told(world, "purpose", "push") == []
    world.wait(TEN + 2 * DAY)
    assert steps(world) == {}

    world.tell("consent.given", TEN + 2 * DAY, ANA, channel="email", purpose="marketing")
    assert told(world, "purpose")[1:] == [("release", "marketing", "reconsented", [ANA])]
    world.wait(TEN + 4 * DAY)
    assert list(steps(world)) == ["discount"]


def test_a_stop_wins_over_a_hold_and_the_hold_speaks_again_when_it_is_over() -> None:
    """A channel has one word on a purpose; the others hear of the hold alone."""
    world = World()
    world.tell("identity.linked", TEN - HOUR, PHONE, ANA, DEVICE)
    world.tell("case.opened", TEN, ANA, case="C-1", kind="complaint")
    withdraw(world, TEN + MINUTE, PHONE)
    world.tell("case.closed", TEN + HOUR, ANA, case="C-1", kind="complaint")
    world.tell("consent.given", TEN + 2 * HOUR, ANA, channel="email", purpose="marketing")
    world.wait(TEN + 3 * DAY)

    assert [one[::2] for one in told(world, "purpose")] == [
        ("hold", "complaint_open"),
        ("suppress", "consent_withdrawn"),
        ("hold", "complaint_open"),
        ("release", "case_closed"),
    ]
    assert [one[0] for one in told(world, "purpose", "push")] == ["hold", "hold", "release"]
    revs = [one.rev for one in world.of(Suppression) if one.channel == "email"]
    assert revs == sorted(set(revs))


def test_nothing_at_all_is_due_while_a_rule_stops_all_and_nothing_of_it_is_made_up_for() -> None:
    """Of every purpose, on every channel, in one record each."""
    world = abandoned(rules=ruled("stop", "all", "complaint_open"))
    world.tell("case.opened", TEN + 41 * MINUTE, ANA, case="C-1", kind="complaint")
    world.wait(TEN + 2 * DAY)
    assert told(world, "all") == [("suppress", "", "complaint_open", [ANA])]
    assert world.state(ANA)["held"]["all"]["because"] == "complaint_open"
    assert [one.step for one in world.of(Opportunity)] == []

    world.tell("case.closed", TEN + 2 * DAY, ANA, case="C-1", kind="complaint")
    assert told(world, "all")[1:] == [("release", "", "case_closed", [ANA])]
    world.wait(TEN + 5 * DAY)
    assert list(steps(world)) == ["discount", "nudge"]


def test_a_hold_of_all_ends_with_what_came_due_under_it() -> None:
    """It waits, and is not lost."""
    rules = ruled("hold", "all", "let_down", lasts=Span(days=2))
    world = abandoned(rules=rules)
    world.tell("order.completed", TEN + 41 * MINUTE, ANA, order="R-7", items=["socks-2"])
    world.tell("order.cancelled", TEN + 42 * MINUTE, ANA, order="R-7", by="merchant")
    world.wait(TEN + 5 * DAY)

    free_ms = TEN + 42 * MINUTE + 2 * DAY
    assert [one[0] for one in told(world, "all")] == ["hold", "release"]
    assert steps(world)["remind"] == free_ms


def test_a_stop_of_a_purpose_leaves_the_others_alone() -> None:
    """What serves her goes on."""
    world = abandoned(rules=ruled("stop", "service", "complaint_open"))
    world.tell("case.opened", TEN + 41 * MINUTE, ANA, case="C-1", kind="complaint")
    world.wait(TEN + 2 * HOUR)

    assert told(world, "purpose") == [("suppress", "service", "complaint_open", [ANA])]
    assert list(steps(world)) == ["remind"]


def test_of_two_who_are_found_to_be_one_the_older_speaks_and_the_others_word_is_released() -> None:
    """The address that refused stays refused for whoever goes by its name, and a channel that keeps
    what holds by member is left with nothing that nobody takes back."""
    world = World()
    world.tell("app.opened", TEN, PHONE)
    world.tell("app.opened", TEN + 1, ANA)
    young = world.customer(ANA).id
    world.tell("message.bounced", TEN + MINUTE, ANA, message="m-0", channel="email")
    world.tell("identity.linked", TEN + HOUR, PHONE, ANA)
    world.tell("store.visited", TEN + 2 * HOUR, PHONE)

    found = [
        (one.action, one.customer == young, one.member[2:] == young[2:], len(one.recipients))
        for one in world.of(Suppression)
        if (one.scope, one.purpose) == ("endpoint", "service")
    ]
    assert found == [
        ("suppress", True, True, 1),
        ("suppress", False, False, 1),
        ("release", False, True, 0),
    ]
    ids = [one.id for one in world.of(Suppression)]
    assert len(ids) == len(set(ids))

    world.tell("customer.unmerge", TEN + 3 * HOUR, PHONE, ANA)
    last = [one for one in world.of(Suppression) if one.scope == "endpoint"][-1]
    assert (last.action, last.customer, last.member[2:]) == ("suppress", young, young[2:])
    assert last.rev > 2


def test_a_yes_for_all_her_addresses_does_not_take_back_what_one_of_them_refused() -> None:
    """Nor does an older no for all of them outlast her agreement by one."""
    world = World()
    world.tell("identity.linked", TEN - HOUR, PHONE, ANA)
    withdraw(world, TEN, ANA)
    world.tell("consent.given", TEN + MINUTE, PHONE, channel="email", purpose="marketing")
    plan = {"channel": "email", "sender": "sendgrid"}
    world.tell("message.scheduled", TEN + HOUR, ANA, message="m-1", **plan)
    assert [one.because for one in world.of(Suppression) if one.scope == "message"] == [
        "consent_withdrawn"
    ]

    withdraw(world, TEN + 2 * HOUR, PHONE)
    world.tell("consent.given", TEN + 3 * HOUR, ANA, channel="email", purpose="marketing")
    world.tell("message.scheduled", TEN + 4 * HOUR, ANA, message="m-2", **plan)
    last = [
        (one.action, one.messages[0]["message"]) for one in world.of(Suppression) if one.messages
    ]
    assert last == [("suppress", "m-1"), ("release", "m-1")]
