"""When her messages are due, what stops or holds them, and what each channel is told of it."""

from dataclasses import replace

import pytest

from adaptive_stream.engine.decision import Opportunity, StateChanged, Suppression
from adaptive_stream.engine.journey import Rules, Step
from adaptive_stream.engine.span import Span
from adaptive_stream.engine.word import Use
from tests.engine.world import DAY, HOUR, MINUTE, TEN, World, shipped_rules

ANA = "email:ana@example.com"
ALL = ("remind", "discount")


def abandoned(*items: str, rules: Rules | None = None, at_ms: int = TEN) -> World:
    """Ana's cart, left half an hour ago."""
    world = World(rules)
    world.tell("cart.item_added", at_ms, ANA, cart="cart-9", items=items or ("boots-41",))
    world.wait(at_ms + 40 * MINUTE)
    return world


def buy(world: World, at_ms: int, *items: str, order: str = "R-77", **said: object) -> None:
    said = {"channel": "store", "order": order} | said
    world.tell("order.completed", at_ms, ANA, items=items, **said)  # type: ignore[arg-type]


def only(name: str, **changed: object) -> Rules:
    """The shipped journey of this name alone, changed."""
    rules = shipped_rules()
    return replace(rules, journeys=(replace(rules.by_name[name], **changed),))


def steps(world: World, journey: str = "abandoned-cart") -> dict[str, int]:
    """Step -> the moment for which it was offered."""
    return {
        one.step: one.not_before_ms
        for one in world.of(Opportunity)
        if one.journey == journey and one.action == "offer"
    }


# Steps --------------------------------------------------------------------------------------


def test_three_days_are_the_same_time_of_day_and_72_hours_are_72_hours() -> None:
    """The clocks go forward in London on 29 March: 3d is an hour less than 72h there."""
    friday = 1_774_605_600_000  # 2026-03-27 10:00 in London, the last Friday of winter time
    for wait, later_ms in ((Span(days=3), 71 * HOUR), (Span(ms=72 * HOUR), 72 * HOUR)):
        step = Step("tell", wait, "tell", ("email",), Span(ms=12 * HOUR))
        world = abandoned(rules=only("abandoned-cart", steps=(step,)), at_ms=friday)
        world.wait(friday + 5 * DAY)

        assert steps(world) == {"tell": friday + 30 * MINUTE + later_ms}


def test_the_days_of_a_wait_are_those_of_her_own_zone() -> None:
    """The clocks of New York went forward three weeks before those of London."""
    friday = 1_772_812_800_000 + 4 * HOUR  # 2026-03-06 16:00 UTC, before 8 March
    step = Step("tell", Span(days=3), "tell", ("email",), Span(ms=12 * HOUR))
    for zone, later_ms in (("Europe/London", 72 * HOUR), ("America/New_York", 71 * HOUR)):
        world = World(only("abandoned-cart", steps=(step,)))
        world.tell("profile.changed", friday, ANA, zone=zone)
        world.tell("cart.item_added", friday, ANA, cart="cart-9", items=["boots-41"])
        world.wait(friday + 5 * DAY)

        assert steps(world) == {"tell": friday + 30 * MINUTE + later_ms}


def test_a_step_that_came_due_under_a_hold_is_due_when_it_ends() -> None:
    """And the next wait counts from there."""
    world = abandoned()
    buy(world, TEN + 41 * MINUTE, "jacket-3")
    world.wait(TEN + 6 * DAY)

    moved_ms = TEN + 41 * MINUTE + DAY
    assert steps(world) == {
        "remind": moved_ms,
        "discount": moved_ms + 3 * DAY,
        "nudge": moved_ms + 4 * DAY,
    }


def test_a_hold_that_ends_before_the_step_is_due_moves_nothing() -> None:
    """Her payment failed two minutes before the reminder."""
    world = abandoned()
    world.tell("order.placed", TEN + 41 * MINUTE, ANA, order="W-3", items=["boots-41"])
    world.tell("order.payment_failed", TEN + 58 * MINUTE, ANA, order="W-3")
    world.wait(TEN + HOUR)

    assert steps(world) == {"remind": TEN + HOUR}
    assert world.told() == [
        ("hold", "payment_pending", ALL),
        ("release", "payment_failed", ALL),
    ]


def test_a_step_whose_time_has_passed_is_left_out() -> None:
    """A worker that was down for a day does not remind her of yesterday."""
    world = abandoned()
    world.tick(TEN + 25 * HOUR)

    assert steps(world) == {}
    world.wait(TEN + 4 * DAY)
    assert steps(world) == {"discount": TEN + HOUR + 3 * DAY}


def test_a_step_is_left_out_when_she_has_done_it_already() -> None:
    """`unless` looks at the moment at which the step is due."""
    opened = next(iter(shipped_rules().by_name["abandoned-cart"].hold_when)).use.condition
    has_app = replace(opened, name="has_app", hears=("app.opened",), where=None)
    journey = shipped_rules().by_name["abandoned-cart"]
    nudge = replace(journey.steps[-1], unless=(Use(has_app),))
    world = abandoned(rules=only("abandoned-cart", steps=(*journey.steps[:-1], nudge)))
    world.wait(TEN + 2 * DAY)
    world.tell("app.opened", TEN + 2 * DAY, ANA, channel="app")
    world.wait(TEN + 6 * DAY)

    assert list(steps(world)) == ["remind", "discount"]


def test_she_is_left_alone_while_she_is_back_in_the_cart() -> None:
    """Another item just before the reminder: it waits until she has left again."""
    world = abandoned()
    world.tell("cart.item_added", TEN + 55 * MINUTE, ANA, cart="cart-9", items=["belt-7"])
    world.wait(TEN + 6 * HOUR)

    assert steps(world) == {"remind": TEN + 115 * MINUTE}


def test_an_offer_is_closed_when_the_message_was_sent() -> None:
    """What was sent cannot be withdrawn any more, and is not stopped either."""
    world = abandoned()
    world.wait(TEN + HOUR)
    world.tell(
        "message.sent", TEN + 61 * MINUTE, ANA, channel="email",
        message="m-1", journey="abandoned-cart", instance="cart-9", step="remind",
    )  # fmt: skip
    buy(world, TEN + 2 * HOUR, "boots-41")

    assert world.told() == [("suppress", "bought_these_items", ("discount",))]
    assert ("withdraw", "remind", "bought_these_items") not in world.offered()


# Starts -------------------------------------------------------------------------------------


def test_history_starts_nothing() -> None:
    """A cart that we hear of two hours late is known, and nobody is reminded of it."""
    world = World()
    world.tick(TEN + 2 * HOUR)
    world.tell(
        "cart.item_added", TEN, ANA, cart="cart-9", items=["boots-41"], log_ms=TEN + 2 * HOUR
    )
    world.wait(TEN + DAY)

    assert world.state(ANA)["carts"]["cart-9"]["status"] == "abandoned"
    assert world.news() == ["cart.abandoned"]
    assert steps(world) == {}
    assert world.faults == ["not_started:abandoned-cart:too_old"]


def test_she_may_come_back_to_a_cart_of_which_we_heard_too_late() -> None:
    """What she does now is news, whatever came before it."""
    world = World()
    world.tick(TEN + 2 * HOUR)
    world.tell(
        "cart.item_added", TEN, ANA, cart="cart-9", items=["boots-41"], log_ms=TEN + 2 * HOUR
    )
    world.tell("cart.item_added", TEN + 3 * HOUR, ANA, cart="cart-9", items=["belt-7"])
    world.wait(TEN + 5 * HOUR)

    assert list(steps(world)) == ["remind"]


def test_one_order_under_two_numbers_is_asked_for_one_review() -> None:
    """The till replaced its placeholder after the journey had begun."""
    world = World()
    buy(world, TEN, "boots-41", order="OFFLINE-17")
    buy(world, TEN, "boots-41", replaces="OFFLINE-17", log_ms=TEN + HOUR)
    world.wait(TEN + 8 * DAY)

    assert world.news().count("journey.entered") == 1
    assert steps(world, "review-request") == {"ask-review": TEN + 7 * DAY}


def test_a_journey_whose_file_was_taken_away_says_nothing_more() -> None:
    """By rules that are not in force nobody may be judged."""
    world = abandoned()
    world.rules = only("win-back")
    buy(world, TEN + 41 * MINUTE, "boots-41")
    world.wait(TEN + 5 * DAY)

    assert world.told() == []
    assert steps(world) == {}


# What channels are told ---------------------------------------------------------------------


def test_each_channel_is_told_of_its_own_steps_and_endpoints() -> None:
    """And of no other personal data."""
    world = World()
    world.tell("identity.linked", TEN, ANA, "device:ph-a", "phone:+447700900123", "braze:bz-1")
    world.tell("cart.item_added", TEN, ANA, cart="cart-9", items=["boots-41"])
    world.wait(TEN + 40 * MINUTE)
    buy(world, TEN + 41 * MINUTE, "boots-41")

    told = {one.channel: one for one in world.of(Suppression)}
    assert set(told) == {"email", "push"}
    assert told["email"].recipients == (("email", "ana@example.com"), ("braze", "bz-1"))
    assert told["email"].steps == ALL
    assert told["push"].recipients == (("device", "ph-a"),)
    assert told["push"].steps == ("nudge",)


def test_a_hold_and_then_a_stop_of_one_run_count_up() -> None:
    """Of two records a sender keeps the one with the higher `rev`."""
    world = abandoned()
    buy(world, TEN + 41 * MINUTE, "jacket-3")
    buy(world, TEN + 42 * MINUTE, "boots-41", order="R-78")

    records = [one for one in world.of(Suppression) if one.channel == "email"]
    assert [(one.action, one.rev) for one in records] == [("hold", 1), ("suppress", 2)]
    assert len({one.id for one in world.of(Suppression)}) == len(list(world.of(Suppression)))


def test_a_second_purchase_of_something_else_lengthens_the_hold() -> None:
    """The day of peace counts from the latest."""
    world = abandoned()
    buy(world, TEN + 41 * MINUTE, "jacket-3")
    buy(world, TEN + 50 * MINUTE, "belt-7", order="R-78")

    untils = [one.until_ms for one in world.of(Suppression) if one.channel == "email"]
    assert untils == [TEN + 41 * MINUTE + DAY, TEN + 50 * MINUTE + DAY]


def test_what_was_stopped_already_is_not_stopped_again() -> None:
    """One receipt, reported again under other ids."""
    world = abandoned()
    for id in ("a", "b", "c"):
        buy(world, TEN + 41 * MINUTE, "boots-41", id=id)

    assert len(world.told()) == 1


def test_after_a_void_only_what_is_still_good_is_released() -> None:
    """A day later the reminder is over; the discount in three days is not."""
    world = abandoned()
    buy(world, TEN + 41 * MINUTE, "boots-41")
    world.wait(TEN + 26 * HOUR)
    world.tell("order.voided", TEN + 26 * HOUR, ANA, channel="store", order="R-77")

    assert world.told()[-1] == ("release", "fact_retracted", ("discount",))
    world.wait(TEN + 5 * DAY)
    assert list(steps(world)) == ["discount", "nudge"]


def test_a_stop_names_what_the_hold_before_it_has_kept_back() -> None:
    """The reminder of yesterday would have gone out at the end of the hold."""
    world = abandoned()
    buy(world, TEN + 41 * MINUTE, value=8900)
    world.wait(TEN + 2 * DAY)

    assert world.told() == [
        ("hold", "bought_unknown_items", ALL),
        ("suppress", "bought_unknown_items", ALL),
    ]


def test_a_refund_or_a_cancellation_releases_nothing() -> None:
    """She decided twice; the old reminder is staler than before, not less."""
    for type_ in ("order.refunded", "order.cancelled"):
        world = abandoned()
        buy(world, TEN + 41 * MINUTE, "boots-41")
        world.tell(type_, TEN + 2 * HOUR, ANA, channel="store", order="R-77")
        world.wait(TEN + 6 * DAY)

        assert [action for action, *_ in world.told()] == ["suppress"]
        assert steps(world) == {}


def test_nobody_asks_for_a_review_of_an_order_whose_payment_failed() -> None:
    """The purchase never was; a second payment makes it one."""
    world = World()
    buy(world, TEN, "boots-41")
    world.tell("order.payment_failed", TEN + HOUR, ANA, channel="backoffice", order="R-77")
    assert world.told(journey="review-request") == [("suppress", "payment_failed", ("ask-review",))]

    buy(world, TEN + 2 * HOUR, "boots-41")
    assert world.told(journey="review-request")[-1][0] == "release"


def test_a_run_that_rests_on_a_fact_that_was_taken_back_is_stopped() -> None:
    """The office had mistaken her contract for another; what she looked at does not change that."""
    world = World()
    world.tell("renewal.viewed", TEN - HOUR, ANA, channel="app", contract="K-5")
    world.tell("contract.renewal_due", TEN, ANA, contract="K-5", id="crm-1")
    world.tell("fact.retracted", TEN + HOUR, ANA, fact="crm-1")

    told = world.told(journey="renewal-discount")
    assert told == [("suppress", "fact_retracted", ("offer-20",))]


def test_a_refund_counts_even_when_the_clock_of_the_till_is_behind() -> None:
    """It is about this order, whenever it says that it was."""
    world = World()
    buy(world, TEN, "boots-41")
    world.tell(
        "order.refunded", TEN - 3 * HOUR, ANA, channel="store", order="R-77", log_ms=TEN + HOUR
    )

    assert world.told(journey="review-request") == [("suppress", "returned", ("ask-review",))]


def test_a_hold_is_ended_for_whoever_waits_even_when_the_journey_is_over() -> None:
    """Nobody waits for a release that cannot come any more."""
    rules = only("abandoned-cart")
    hold = replace(rules.journeys[0].hold_when[1], lasts=None)  # just_bought, with no end known
    world = abandoned(rules=only("abandoned-cart", hold_when=(hold,)))
    buy(world, TEN + 41 * MINUTE, "jacket-3")
    world.wait(TEN + 15 * DAY)

    assert [told[:2] for told in world.told()] == [("hold", "just_bought"), ("suppress", "expired")]
    assert world.news()[-1] == "journey.ended"


# What is offered ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("taken_back_by", "because"),
    [
        ("order.voided", "fact_retracted"),
        ("order.payment_failed", "payment_failed"),
        ("order.refunded", "returned"),
        ("order.cancelled", "order_cancelled"),
    ],
)
def test_an_offer_rests_on_the_purchase_that_made_it(taken_back_by: str, because: str) -> None:
    """Nobody offers her care for boots that she has not got."""
    world = abandoned()
    buy(world, TEN + 41 * MINUTE, "boots-41")
    world.tell(taken_back_by, TEN + 2 * HOUR, ANA, channel="store", order="R-77")

    care = [one for one in world.offered() if one[1] == "care-kit"]
    assert care == [("offer", "care-kit", "bought_these_items"), ("withdraw", "care-kit", because)]


def test_an_offer_in_place_of_what_was_stopped_goes_when_the_stop_does() -> None:
    """The renewal was taken back by the office: there is nothing to thank her for."""
    world = World()
    world.tell("contract.renewal_due", TEN, ANA, contract="K-5")
    world.tell("contract.renewed", TEN + HOUR, ANA, contract="K-5", id="crm-1")
    world.tell("fact.retracted", TEN + 2 * HOUR, ANA, fact="crm-1")

    assert world.offered() == [
        ("offer", "renewal-thanks", "renewed"),
        ("withdraw", "renewal-thanks", "fact_retracted"),
    ]


def test_a_withdrawal_repeats_the_id_of_the_offer() -> None:
    """So that whoever took the offer knows which one is over."""
    world = abandoned()
    world.wait(TEN + HOUR)
    buy(world, TEN + 2 * HOUR, "boots-41")

    offer, withdrawal = (one for one in world.of(Opportunity) if one.step == "remind")
    assert (offer.id, withdrawal.action) == (withdrawal.id, "withdraw")


def test_she_is_not_offered_one_thing_twice_at_a_time() -> None:
    """Two carts, bought one after the other: one care kit."""
    world = abandoned()
    world.tell("cart.item_added", TEN + HOUR, ANA, cart="cart-8", items=["boots-44"])
    world.tell("cart.item_added", TEN + HOUR, ANA, cart="cart-9", items=["belt-7"])
    world.wait(TEN + 2 * HOUR)
    buy(world, TEN + 2 * HOUR, "boots-41", "belt-7")
    buy(world, TEN + 3 * HOUR, "boots-44", order="R-78")

    assert [one[:2] for one in world.offered() if one[1] == "care-kit"] == [("offer", "care-kit")]


def test_every_record_that_a_change_led_to_is_named_by_it() -> None:
    """Whoever looks at the change finds what came of it."""
    world = abandoned()
    buy(world, TEN + 41 * MINUTE, "boots-41")

    change = next(one for one in world.of(StateChanged) if one.causes and one.state_seq == 2)
    said = [one for one in world.decisions if isinstance(one, Suppression | Opportunity)]
    assert set(change.led_to) == {one.id for one in said}
