"""Offers that are taken, bought, used or declined; what came back; what she has seen."""

from msgspec import structs

from adaptive_stream.engine.decision import Opportunity
from tests.engine.test_journeys import ANA, abandoned, buy
from tests.engine.world import DAY, HOUR, MINUTE, TEN, World, fact

BOUGHT = TEN + 41 * MINUTE


def told(world: World, offer: str = "care-kit") -> list[tuple]:
    return [
        (one.action, one.channels, one.because)
        for one in world.of(Opportunity)
        if one.offer == offer
    ]


def offered() -> World:
    """She has bought the boots, and a care kit is offered to her."""
    world = abandoned()
    buy(world, BOUGHT, "boots-41")
    assert told(world) == [("offer", ("email", "callcentre"), "bought_these_items")]
    return world


def test_whoever_takes_an_offer_first_has_it() -> None:
    """The others are told; a second channel that takes it takes nothing."""
    world = offered()
    world.tell("opportunity.taken", BOUGHT + HOUR, ANA, offer="care-kit", channel="callcentre")
    world.tell("opportunity.taken", BOUGHT + HOUR, ANA, offer="care-kit", channel="email", id="z")

    assert told(world)[1:] == [("withdraw", ("email",), "claimed_elsewhere")]
    buy(world, BOUGHT + 2 * HOUR, "care-kit", order="T-5")
    assert told(world)[2:] == [("withdraw", ("callcentre",), "bought_offer")]


def test_an_offer_that_she_used_or_declined_is_withdrawn() -> None:
    """From every channel."""
    world = offered()
    world.tell("opportunity.declined", BOUGHT + HOUR, ANA, offer="care-kit", channel="callcentre")
    assert told(world)[1:] == [("withdraw", ("email", "callcentre"), "preference_stated")]

    world = offered()
    buy(world, BOUGHT + HOUR, "belt-7", order="R-78", coupon="care-kit")
    assert told(world)[1:] == [("withdraw", ("email", "callcentre"), "offer_used")]


def test_what_was_taken_before_it_was_offered_claims_nothing() -> None:
    """An offer of the same name, months ago."""
    world = abandoned()
    world.tell("opportunity.taken", TEN - 60 * DAY, ANA, offer="care-kit", channel="callcentre")
    buy(world, BOUGHT, "boots-41")

    assert told(world) == [("offer", ("email", "callcentre"), "bought_these_items")]


def test_a_part_that_comes_back_is_not_the_whole_order() -> None:
    """Two things bought, one of two pieces brought back, then the other thing, then all."""
    world = World()
    lines = [{"items": ["boots-41"]}, {"items": ["belt-7"]}]
    buy(world, TEN, "boots-41", "belt-7")
    for number, (line, status) in enumerate(zip(lines, ("completed", "refunded"), strict=True)):
        at_ms = TEN + (number + 1) * DAY
        world.tell("order.refunded", at_ms, ANA, order="R-77", **line)
        assert world.state(ANA)["orders"]["items"]["R-77"]["status"] == status
    assert world.news().count("order.reversed") == 1


def test_a_part_of_the_price_that_is_paid_back_brings_nothing_back() -> None:
    """Unless in the end it is all of it."""
    world = World()
    buy(world, TEN, "boots-41", "belt-7")
    world.tell("order.refunded", TEN + DAY, ANA, order="R-77", value=1000)
    assert world.view(ANA).order("R-77").returned == []

    world.tell("order.refunded", TEN + 2 * DAY, ANA, order="R-77", value=11800)
    assert world.state(ANA)["orders"]["items"]["R-77"]["status"] == "refunded"


def test_the_offer_beside_what_came_back_is_withdrawn_and_of_the_rest_stays() -> None:
    """The care kit is for the boots, not for the belt."""
    for back, withdrawn in (("belt-7", False), ("boots-41", True)):
        world = abandoned()
        buy(world, BOUGHT, "boots-41", "belt-7")
        world.tell("order.refunded", BOUGHT + DAY, ANA, order="R-77", items=[back])
        assert (told(world)[1:] != []) == withdrawn


def test_interest_halves_each_week_and_is_gone_after_four() -> None:
    """Two looks are worth sixteen points; the arithmetic is in parts/interest.py."""
    world = World()
    world.tell("product.viewed", TEN, ANA, items=["jacket-3"], id="one")
    world.tell("product.viewed", TEN, ANA, items=["jacket-3"], id="two")
    for days, points in ((0, 16), (7, 8), (14, 4), (21, 2), (28, 0)):
        world.wait(TEN + days * DAY)
        assert world.view(ANA).viewed_items[0].interest == points


def test_her_own_word_on_a_channel_is_told_when_it_changes() -> None:
    """The last word counts, whenever it is reported."""
    world = World()
    for at_ms, word in ((TEN + HOUR, "never"), (TEN, "weekly")):
        one = fact("preference.stated", at_ms, ANA, id=word)
        said = {"channel": "push", "allow": word}
        world.take(structs.replace(one, data=said), TEN + 2 * HOUR)

    assert world.news().count("preference.changed") == 1
    assert world.state(ANA)["preferences"]["stated"] == {"push": {"allow": "never"}}
    assert world.view(ANA).refuses("push")
    assert not world.view(ANA).refuses("email")


def test_who_pays_with_an_offer_of_a_message_has_seen_it_there() -> None:
    """Of one that was only planned it must have been somewhere else: on paper, or on the air."""
    plan = {"message": "m-1", "campaign": "winter20", "offer": "winter-20", "sender": "braze"}
    for sent, channel in ((True, "email"), (False, "broadcast")):
        world = World()
        world.tell("message.scheduled", TEN, ANA, channel="email", due_ms=TEN + DAY, **plan)
        if sent:
            world.tell("message.sent", TEN + HOUR, ANA, channel="email", **plan)
        buy(world, TEN + 2 * HOUR, "belt-7", offer="winter-20", coupon="PAPER20")

        seen = [one.fields for one in world.transitions() if one.name == "exposure.seen"]
        assert [(one["campaign"], one["channel"]) for one in seen] == [("winter20", channel)]
