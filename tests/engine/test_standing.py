"""Rules over a whole purpose: what she is spared while something is wrong, and what comes after."""

from dataclasses import replace

from adaptive_stream.engine.decision import Opportunity, Suppression
from adaptive_stream.engine.span import Span
from tests.engine.test_journeys import ANA, abandoned, buy, steps
from tests.engine.world import DAY, HOUR, MINUTE, TEN, World, shipped_rules


def held(world: World, channel: str = "email") -> list[tuple]:
    """(action, because, until) of what a channel is told of marketing."""
    return [
        (one.action, one.because, one.until_ms)
        for one in world.of(Suppression)
        if (one.scope, one.purpose, one.channel) == ("purpose", "marketing", channel)
    ]


def offered(world: World) -> list[tuple]:
    """(action, kind, offer, because) of what no step offers."""
    return [
        (one.action, one.kind, one.offer, one.because)
        for one in world.of(Opportunity)
        if one.kind != "step"
    ]


def complain(world: World, at_ms: int, what: str = "opened", case: str = "C-1") -> None:
    world.tell(f"case.{what}", at_ms, ANA, case=case, kind="complaint", channel="social")


def test_nothing_is_due_while_a_complaint_is_open_and_two_days_after() -> None:
    """Then what came due meanwhile is due once, and its waits count from there."""
    world = abandoned()
    complain(world, TEN + 45 * MINUTE)
    world.wait(TEN + 2 * DAY)
    assert held(world) == [("hold", "complaint_open", None)]
    assert steps(world) == {}

    complain(world, TEN + 2 * DAY, "closed")
    peace_ms = TEN + 4 * DAY
    assert held(world)[1:] == [("hold", "complaint_open", peace_ms)]
    assert offered(world) == [("offer", "instead", "make-good", "complaint_open")]

    world.wait(TEN + 7 * DAY + 12 * HOUR)
    assert held(world)[2:] == [("release", "case_closed", None)]
    assert steps(world) == {"remind": peace_ms, "discount": peace_ms + 3 * DAY}


def test_every_channel_on_which_she_can_be_reached_is_told_and_no_other() -> None:
    """A new address of hers hears of the hold that the others know."""
    world = World()
    world.tell("identity.linked", TEN, ANA, "cookie:ck-a")
    complain(world, TEN + HOUR)
    assert {one.channel for one in world.of(Suppression)} == {"ads", "email", "web"}

    world.tell("identity.linked", TEN + 2 * HOUR, ANA, "device:ph-a")
    assert held(world, "push") == [("hold", "complaint_open", None)]
    assert len(held(world)) == 1


def test_the_longer_of_two_reasons_speaks_for_both() -> None:
    """An order that we cancelled holds two days; a complaint holds until it is closed."""
    world = World()
    buy(world, TEN, "boots-41")
    world.tell("order.cancelled", TEN + HOUR, ANA, order="R-77", by="merchant")
    complain(world, TEN + 2 * HOUR)
    assert held(world) == [
        ("hold", "let_down", TEN + HOUR + 2 * DAY),
        ("hold", "complaint_open", None),
    ]

    world.wait(TEN + 5 * DAY)
    assert len(held(world)) == 2


def test_a_complaint_that_was_never_made_is_released_and_its_offer_withdrawn() -> None:
    """The source takes it back: the hold is over at once, without a rest."""
    world = World()
    opened = world.tell("case.opened", TEN, ANA, case="C-1", kind="complaint")
    complain(world, TEN + HOUR, "closed")
    world.tell("fact.retracted", TEN + 2 * HOUR, ANA, fact=opened.id)

    assert held(world)[-1] == ("release", "fact_retracted", None)
    assert offered(world)[-1] == ("withdraw", "instead", "make-good", "fact_retracted")


def test_a_complaint_is_made_good_once_however_often_it_is_reported() -> None:
    """A second report of the closing, and all that happens later, offers nothing again."""
    world = World()
    complain(world, TEN)
    complain(world, TEN + HOUR, "closed")
    world.tell("case.closed", TEN + HOUR, ANA, case="C-1", id="again", channel="callcentre")
    world.wait(TEN + 20 * DAY)
    buy(world, TEN + 20 * DAY, "belt-7")

    assert [one for one in offered(world) if one[2] == "make-good"] == [
        ("offer", "instead", "make-good", "complaint_open")
    ]


def test_what_is_in_place_of_something_held_is_not_said_either() -> None:
    """The care kit is marketing too."""
    world = abandoned()
    complain(world, TEN + 41 * MINUTE)
    buy(world, TEN + 45 * MINUTE, "boots-41")

    assert offered(world) == []


def test_after_a_hold_the_worthiest_thing_is_due_and_the_others_wait_a_day() -> None:
    """Two journeys came due behind the hold: she hears of one of them, then of the other."""
    world = abandoned()
    complain(world, TEN + 41 * MINUTE)
    world.tell("contract.renewal_due", TEN + HOUR, ANA, contract="K-5", channel="backoffice")
    complain(world, TEN + 3 * DAY, "closed")
    world.wait(TEN + 6 * DAY + HOUR)

    peace_ms = TEN + 5 * DAY
    assert steps(world, "renewal-discount") == {"offer-20": peace_ms}
    assert steps(world) == {"remind": peace_ms + DAY}


def test_a_hold_goes_along_when_two_customers_are_found_to_be_one() -> None:
    """Nobody is left waiting for a release that cannot come."""
    world = World()
    complain(world, TEN)
    world.tell("store.visited", TEN, "loyalty:L-204")
    world.tell("identity.linked", TEN + HOUR, ANA, "loyalty:L-204")
    complain(world, TEN + 2 * HOUR, "closed")
    world.wait(TEN + 3 * DAY)

    assert held(world)[-1][:2] == ("release", "case_closed")
    assert world.customer(ANA).quiet["marketing"].because == ""


def test_the_third_contact_about_one_thing_is_too_many_until_it_is_solved() -> None:
    """On whatever channel; a contact about something else, or before a solution, does not count."""
    world = World()
    topic = {"topic": "order:R-60", "channel": "callcentre"}
    world.tell("call.ended", TEN - DAY, ANA, solved=True, **topic)
    world.tell("chat.ended", TEN, ANA, topic="order:R-60", solved=False)
    world.tell("call.ended", TEN + HOUR, ANA, solved=False, **topic)
    world.tell("call.ended", TEN + 2 * HOUR, ANA, topic="delivery")
    assert "service.effort_high" not in world.news()

    world.tell("message.received", TEN + DAY, ANA, topic="order:R-60", channel="social")
    assert world.news().count("service.effort_high") == 1
    assert held(world) == [("hold", "effort_high", TEN + 8 * DAY)]
    assert offered(world) == [("offer", "next", "call-back", "effort_high")]

    world.tell("call.ended", TEN + DAY + HOUR, ANA, id="solved", solved=True, **topic)
    assert held(world)[-1] == ("release", "hold_lapsed", None)
    assert world.state(ANA)["topics"]["order:R-60"]["solved"]


def test_contacts_about_one_thing_in_another_season_are_not_added_up() -> None:
    """The policy says within what time."""
    rules = shipped_rules()
    rules = replace(rules, policy=replace(rules.policy, effort_within=Span(days=7)))
    world = World(rules)
    for number, days in enumerate((0, 3, 20)):
        world.tell("call.ended", TEN + days * DAY, ANA, topic="order:R-60", id=f"call-{number}")

    assert "service.effort_high" not in world.news()
    assert world.state(ANA)["topics"]["order:R-60"]["touches"] == 1
