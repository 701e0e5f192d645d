"""Time is data: what fires, fires because a tick said that the time has come on the channels."""

from adaptive_stream.engine.clock import HOLD_AT_MOST_MS, Clock
from tests.engine.world import DAY, HOUR, MINUTE, TEN, World

ANA, CARD = "email:ana@example.com", "loyalty:L-204"


def test_a_timer_waits_for_the_slowest_channel_that_it_heeds() -> None:
    """And for a dead one an hour at most, so that no channel freezes everybody."""
    clock = Clock().ticked(Clock(TEN, {"web": TEN, "store": TEN - 10 * MINUTE}))

    assert clock.at(frozenset(("web", "store"))) == TEN - 10 * MINUTE
    assert clock.at(frozenset(("web",))) == TEN
    assert clock.at(frozenset()) == TEN
    assert clock.at(frozenset(("web", "social"))) == TEN - HOLD_AT_MOST_MS


def test_of_two_ticks_the_later_word_on_each_channel_counts() -> None:
    """Two coordinators are both right: no clock goes back."""
    one = Clock(TEN, {"web": TEN, "store": TEN - MINUTE})
    other = Clock(TEN - 1, {"web": TEN - 1, "store": TEN - 1})

    assert one.ticked(other) == other.ticked(one) == Clock(TEN, {"web": TEN, "store": TEN - 1})


def test_a_purchase_in_a_backlog_comes_before_the_timer() -> None:
    """The store's topic lags by ten minutes: nobody is reminded of what lies paid in its queue."""
    world = World()
    world.tick(TEN)
    world.tell("cart.item_added", TEN, ANA, cart="cart-9", items=["boots-41"])
    for minute in range(1, 40):
        at_ms = TEN + minute * MINUTE
        world.tick(at_ms, {"store": at_ms - 10 * MINUTE})
    assert world.news() == []

    world.tell(
        "order.completed", TEN + 29 * MINUTE, ANA, channel="store", order="R-77",
        items=["boots-41"], log_ms=TEN + 39 * MINUTE,
    )  # fmt: skip
    world.tick(TEN + 40 * MINUTE)
    world.wait(TEN + 5 * DAY)

    assert "cart.abandoned" not in world.news()
    assert [one for one in world.offered() if one[1] == "remind"] == []


def test_a_dead_channel_delays_a_timer_by_an_hour_at_most() -> None:
    """The store has been silent for a day; her reminder is an hour late, no more."""
    world = World()
    dead = {"store": TEN - DAY}
    world.tick(TEN, dead)
    world.tell("cart.item_added", TEN, ANA, cart="cart-9", items=["boots-41"])

    world.tick(TEN + 90 * MINUTE - 1, dead)
    assert world.news() == []
    world.tick(TEN + 90 * MINUTE, dead)
    assert world.news() == ["cart.abandoned", "journey.entered"]
    world.tick(TEN + 2 * HOUR, dead)
    assert world.offered() == [("offer", "remind", "cart_abandoned")]


def test_before_the_first_tick_nothing_fires() -> None:
    """A worker that has just been started does not know what time it is."""
    world = World()
    world.tell("cart.item_added", TEN, ANA, cart="cart-9", items=["boots-41"])
    world.tell("cart.item_added", TEN + DAY, ANA, cart="cart-8", items=["boots-41"])

    assert world.news() == []


def test_a_time_in_the_future_is_cut_to_the_log_time() -> None:
    """The claim is counted; five minutes are a matter of clocks."""
    world = World()
    world.tell("cart.item_added", TEN + HOUR, ANA, cart="a", items=["boots-41"], log_ms=TEN)
    world.tell("cart.item_added", TEN + 4 * MINUTE, ANA, cart="b", items=["boots-41"], log_ms=TEN)

    touched = {name: cart["touched_at"] for name, cart in world.state(ANA)["carts"].items()}
    assert touched == {"a": "2026-03-03T10:00:00Z", "b": "2026-03-03T10:04:00Z"}
    assert world.faults == ["time_ahead"]


def test_whoever_has_nothing_due_is_not_woken() -> None:
    """A customer costs nothing while nothing of hers depends on time."""
    world = World()
    world.tell("profile.changed", TEN, ANA, home_store="leeds-2")
    assert world.wakes == {}

    world.tell("cart.item_added", TEN, ANA, cart="cart-9", items=["boots-41"])
    assert list(world.wakes.values()) == [TEN + 30 * MINUTE]
    world.wait(TEN + 30 * MINUTE)
    assert list(world.wakes.values()) == [TEN + HOUR]
    world.wait(TEN + 30 * DAY)
    assert world.wakes == {}


def test_after_a_long_outage_what_is_over_makes_room_in_the_same_tick() -> None:
    """One tick for four months: the old run ends, and who bought nothing since is missed."""
    world = World()
    world.tell("order.completed", TEN, ANA, order="R-1", items=["boots-41"])
    world.wait(TEN + 91 * DAY)
    world.tell("order.completed", TEN + 92 * DAY, ANA, order="R-2", items=["boots-41"])
    world.tick(TEN + 182 * DAY)

    assert [one[:2] for one in world.offered()].count(("offer", "miss-you")) == 2
