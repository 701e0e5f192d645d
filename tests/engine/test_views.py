"""A view that is kept beside its state says what a fold of the whole state would say."""

import random

import pytest

from adaptive_stream.engine.context import Given
from adaptive_stream.engine.customer import Customer, decode_customer, encode_customer
from adaptive_stream.engine.fold import fold
from adaptive_stream.engine.message import Arrival, Message
from adaptive_stream.engine.step import step
from adaptive_stream.engine.view import View
from tests.amount import some
from tests.engine.histories import DAYS, history
from tests.engine.test_properties import delayed, encoded, live, seeded
from tests.engine.world import DAY, TEN, World

SEEDS = range(some(40))
# Nothing that it says.
MAKING = {
    *("stale", "fresh", "hits", "latest", "who", "carts_ms", "carts_until_ms"),
    *("endings", "subjects", "now"),
}
SAID = [name for name in View.__struct_fields__ if name not in MAKING]


class HotWorld(World):
    """A World that keeps states and views as objects from one record to the next, and compares."""

    def __init__(self, world: World) -> None:
        super().__init__(world.rules)
        self.compared = 0
        self._hot: dict[str, tuple[Customer, View | None]] = {}

    def step(self, arrival: Arrival) -> tuple[Message, ...]:
        state, known = self._hot.pop(arrival.key, (None, None))
        stepped = step(state, arrival, self.rules, self.clock, self.context, known)
        self.decisions += stepped.decisions
        self.customers.pop(arrival.key, None)
        if stepped.state is not None:
            self._hot[arrival.key] = (stepped.state, stepped.view)
            self.customers[arrival.key] = encode_customer(stepped.state)
            self._compare(stepped.view, self.customers[arrival.key], again=known is not None)
        return stepped.messages

    def _compare(self, view: View | None, stored: bytes, *, again: bool) -> None:
        if view is None or view.stale:
            return
        whole = fold(decode_customer(stored), Given(self.clock, self.context), self.rules.policy)
        for name in SAID:
            assert getattr(view, name) == getattr(whole, name), name
        self.compared += again


def assert_hot_is_as_cold(cold: World) -> int:
    """The log again, hot. Returns how many views were compared that had been brought up to date."""
    hot = HotWorld(cold)
    for arrival, clock in cold.log:
        hot.clock = clock
        hot.step(arrival)
    assert encoded(hot.decisions) == encoded(cold.decisions)
    assert hot.customers == cold.customers
    return hot.compared


@pytest.mark.parametrize("seed", SEEDS)
def test_whoever_comes_often_is_told_the_same_as_whoever_was_forgotten_in_between(
    seed: int,
) -> None:
    """Views kept from fact to fact, against states that are decoded and folded for each."""
    as_it_happens = live(seeded(seed, 40), random.Random(seed))
    as_it_happens.wait(TEN + 16 * DAY)
    assert assert_hot_is_as_cold(as_it_happens) > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_late_reports_change_a_kept_view_as_they_change_a_state(seed: int) -> None:
    """As above, over days of facts that come hours and days late."""
    chance = random.Random(seed)
    world = delayed(history(chance.choice, 30, DAYS), chance)
    world.wait(TEN + 10 * DAY)
    assert assert_hot_is_as_cold(world) > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_journeys_that_are_not_concerned_would_not_have_changed_their_mind(seed: int) -> None:
    """With every journey judged again on every fact, all is said as when most are passed over."""
    world = live(seeded(seed, 40), random.Random(seed))
    world.wait(TEN + 5 * DAY)
    everything = World(world.rules)
    for arrival, clock in world.log:
        everything.clock = clock
        if arrival.key in everything.customers:
            state = decode_customer(everything.customers[arrival.key])
            state.judged_by = "other rules"
            everything.customers[arrival.key] = encode_customer(state)
        everything.step(arrival)
    assert encoded(everything.decisions) == encoded(world.decisions)
