"""Laws that hold for every history, tried on many: by hypothesis, which shrinks what it finds to
the few facts that matter, and by a cheap seeded generator, which tries more of them."""

import random
from collections.abc import Callable, Iterable

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adaptive_stream.engine.customer import Customer, decode_customer, encode_customer
from adaptive_stream.engine.decision import (
    CustomerState,
    Decision,
    Opportunity,
    StateChanged,
    Suppression,
)
from adaptive_stream.engine.message import Arrival
from adaptive_stream.engine.step import step
from tests.amount import some
from tests.engine import oracle
from tests.engine.histories import DAYS, as_fact, history
from tests.engine.oracle import Told
from tests.engine.world import DAY, HOUR, MINUTE, TEN, World

END = TEN + 6 * DAY
SEEDS = range(some(60))
few = settings(
    max_examples=some(40),
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
fewer = settings(few, max_examples=some(12))


@st.composite
def histories(draw: st.DrawFn) -> list[Told]:
    return history(lambda options: draw(st.sampled_from(options)), draw(st.integers(1, 14)))


def seeded(seed: int, length: int = 24) -> list[Told]:
    return history(random.Random(seed).choice, length)


def late(told: Iterable[Told]) -> World:
    """All of it was in a backlog: it is known at last, and then time goes on."""
    world = World()
    world.tick(TEN)
    for number, one in enumerate(told):
        world.take(as_fact(one), TEN + HOUR + number)
    world.wait(TEN + HOUR + 10 * MINUTE)
    return world


def live(told: Iterable[Told], shuffle: random.Random | None = None) -> World:
    """As it happens: each fact in its minute, ticks between them, links still on their way."""
    pick = (lambda names: shuffle.randrange(len(names))) if shuffle else None
    world = World(pick=pick) if pick else World()
    world.tick(TEN - 10 * MINUTE)
    told = sorted(told, key=lambda one: one.at)
    for moment in sorted({one.at for one in told}):
        world.wait(moment)
        for one in told:
            if one.at == moment:
                world.send(as_fact(one), moment)
                if shuffle and shuffle.random() < 0.5:
                    world.move()
        world.settle()
    return world


def delayed(told: Iterable[Told], chance: random.Random) -> World:
    """Each fact comes when its source is online again: at once, after hours, after days."""
    world = World(pick=lambda names: chance.randrange(len(names)))
    world.tick(TEN - 10 * MINUTE)
    delays = (0, 0, 0, 10 * MINUTE, 3 * HOUR, DAY, 4 * DAY)
    arrivals = sorted(
        ((one.at + chance.choice(delays), number, one) for number, one in enumerate(told))
    )
    for at_ms, _, one in arrivals:
        world.wait(at_ms)
        world.take(as_fact(one), at_ms)
    return world


def known(world: World) -> dict[tuple[str, ...], dict]:
    """What is known of everybody, by her identifiers: what was said on the way is left out."""
    told = {}
    for customer in world.roots():
        names = tuple(customer.identifiers())
        state = world.state(names[0])
        view = world.view(names[0])
        running = [
            (one["journey"], view.order_names.get(one["instance"], one["instance"]))
            + (one["status"], one["because"], one["until"], one["began"], one["ends"])
            for one in state["journeys"]
            if one["status"] in ("live", "held")
        ]
        parts = ("carts", "orders", "contracts", "cases", "consent", "profile", "messages")
        parts += ("topics", "preferences", "interest", "held")
        told[names] = {part: state[part] for part in parts} | {"running": sorted(running)}
    return told


def encoded(decisions: Iterable[Decision]) -> list[bytes]:
    return [msgspec.json.encode(one) for one in decisions]


# The set of facts decides, not their order ---------------------------------------------------


def assert_order_is_nothing(told: list[Told], shuffle: Callable[[list[Told]], object]) -> None:
    expected = known(late(told))
    shuffled = [*told, *told[: len(told) // 3]]
    shuffle(shuffled)
    assert known(late(shuffled)) == expected


@few
@given(histories(), st.randoms(use_true_random=False))
def test_any_order_and_any_repeat_of_her_facts_gives_one_state(
    told: list[Told], chance: random.Random
) -> None:
    """Late, early, repeated and shuffled reports, links among them, end in the same state."""
    assert_order_is_nothing(told, chance.shuffle)


@pytest.mark.parametrize("seed", SEEDS)
def test_any_order_of_a_longer_history_gives_one_state(seed: int) -> None:
    """As above, on more facts of the same two people."""
    assert_order_is_nothing(seeded(seed), random.Random(-seed).shuffle)


# What the oracle says ------------------------------------------------------------------------


# Two carts, two runs for one, a purchase without lines: the oracle does not look for these stops.
SET_APART = ("superseded", "bought_unknown_items")


def assert_the_oracle_agrees(told: list[Told], world: World) -> None:
    expected = oracle.people(told, world.clock.now_ms)
    assert sorted(c.identifiers() for c in world.roots()) == [
        sorted(person.identifiers) for person in expected
    ]
    for person in expected:
        name = min(person.identifiers)
        state = world.state(name)
        carts = {key: cart["status"] for key, cart in state["carts"].items()}
        remaining = {key: frozenset(cart["remaining"]) for key, cart in state["carts"].items()}
        orders = {key: order["status"] for key, order in state["orders"]["items"].items()}
        assert (carts, remaining, orders) == (person.carts, person.remaining, person.orders)
        for one in state["journeys"]:
            first = one["journey"] == "abandoned-cart" and one["instance"] == one["thing"]
            if first and one["status"] in ("live", "held", "stopped"):
                stop = person.stopped.get(one["instance"])
                if one["instance"] not in carts:
                    stop = "fact_retracted"
                if one["because"] not in SET_APART:
                    assert (one["because"] if one["status"] == "stopped" else None) == stop


@few
@given(histories())
def test_in_the_end_all_is_as_the_set_of_facts_says(told: list[Told]) -> None:
    """Who is who, what became of each cart and order, and what is stopped."""
    for world in (late(told), live(told)):
        world.wait(TEN + 3 * HOUR)
        assert_the_oracle_agrees(told, world)


@pytest.mark.parametrize("seed", SEEDS)
def test_in_the_end_all_is_as_the_set_of_a_longer_history_says(seed: int) -> None:
    """As above, with links and merges in any interleaving."""
    told = seeded(seed)
    world = live(told, random.Random(seed))
    world.wait(TEN + 3 * HOUR)
    assert_the_oracle_agrees(told, world)


# The same log gives the same bytes -----------------------------------------------------------


def replay(world: World, batch: Callable[[], int]) -> tuple[list[Decision], dict[str, bytes]]:
    """The log again; states are encoded only where a batch ends."""
    stored: dict[str, bytes] = {}
    at_hand: dict[str, Customer] = {}
    said: list[Decision] = []
    left = batch()
    for arrival, clock in world.log:
        if arrival.key not in at_hand and arrival.key in stored:
            at_hand[arrival.key] = decode_customer(stored[arrival.key])
        stepped = step(at_hand.get(arrival.key), arrival, world.rules, clock)
        at_hand[arrival.key] = stepped.state
        said += stepped.decisions
        left -= 1
        if left <= 0:
            stored |= {key: encode_customer(customer) for key, customer in at_hand.items()}
            at_hand, left = {}, batch()
    return said, stored | {key: encode_customer(customer) for key, customer in at_hand.items()}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_replay_says_the_same_wherever_batches_are_cut(seed: int) -> None:
    """Decisions and states, byte for byte: one record a batch, all in one, anything between."""
    world = live(seeded(seed), random.Random(seed))
    world.wait(END)
    chance = random.Random(seed)
    for batch in (lambda: 1, lambda: 10_000, lambda: chance.randrange(1, 9)):
        said, states = replay(world, batch)
        assert encoded(said) == encoded(world.decisions)
        assert states == world.customers


@fewer
@given(histories())
def test_whoever_is_woken_only_when_she_asked_to_be_misses_nothing(told: list[Told]) -> None:
    """Ticks at `wake_ms` alone give what waking everybody every ten minutes gives."""
    sparse, dense = live(told), live(told)
    sparse.wait(TEN + 5 * DAY)
    while dense.clock.now_ms < TEN + 5 * DAY:
        now_ms = dense.clock.now_ms + 10 * MINUTE
        dense.tick(now_ms)
        for key in sorted(dense.customers):
            dense.step(Arrival("tick", key, b"", now_ms))
    assert encoded(dense.decisions) == encoded(sparse.decisions)
    for one, other in zip(dense.roots(), sparse.roots(), strict=True):
        one.offers = other.offers = {}  # What has expired is forgotten when somebody looks.
        assert one == other


# What consumers rely on ----------------------------------------------------------------------


def assert_what_consumers_rely_on(world: World) -> None:
    numbers: dict[str, list[int]] = {}
    for one in world.of(StateChanged):
        numbers.setdefault(one.customer, []).append(one.state_seq)
    for sequence in numbers.values():
        assert sequence == list(range(1, len(sequence) + 1))

    seen: dict[tuple[str, ...], bytes] = {}
    for one in world.decisions:
        if isinstance(one, Suppression | Opportunity):
            name = (type(one).__name__, one.id, one.action)
            assert seen.setdefault(name, msgspec.json.encode(one)) == msgspec.json.encode(one)

    for state in map(decode_customer, world.customers.values()):
        assert not state.merged_into or state.merged_into < state.id

    assert_the_last_word_is_so(world)
    assert_the_newest_state_was_shown(world)


def assert_the_last_word_is_so(world: World) -> None:
    """Of each run a sender keeps the highest `rev`, and is offered nothing against it."""
    last: dict[tuple[str | None, ...], Suppression] = {}
    for one in world.decisions:
        if isinstance(one, Suppression):
            message = str(one.messages[0]["message"]) if one.scope == "message" else ""
            name = (one.member, one.journey, one.instance, one.channel)
            name += (one.scope, one.purpose, message)
            assert name not in last or one.rev > last[name].rev
            last[name] = one
        elif isinstance(one, Opportunity) and (one.action, one.kind) == ("offer", "step"):
            for channel in one.channels:
                run = (one.member, one.journey, one.instance, channel)
                word = last.get((*run, "instance", "", ""))
                assert word is None or word.action == "release"
    for customer in world.roots():
        for member, instance in customer.instances():
            for (owner, journey, key, _, scope, *_), one in last.items():
                run = (scope, owner, journey, key)
                if run == ("instance", member, instance.journey, instance.key):
                    assert (one.action == "hold") == (instance.status == "held")
                    assert one.action != "release" or instance.status != "held"


def assert_the_newest_state_was_shown(world: World) -> None:
    shown = {one.customer: one.view for one in world.of(CustomerState)}
    for customer in world.roots():
        if customer.id in shown:
            state = world.state(customer.identifiers()[0])
            # An offer says itself until when it is good, and seven days when they are over:
            # nobody is told that they have passed. What she looks at is shown with the next change.
            passing = {"offers": [], "contacts": {}, "interest": {}}
            assert shown[customer.id] | passing == state | passing


@few
@given(histories(), st.randoms(use_true_random=False))
def test_what_consumers_rely_on_holds(told: list[Told], chance: random.Random) -> None:
    """No gap in `state_seq`, no id with two contents, no circle of redirects, a true last word."""
    world = live(told, chance)
    world.wait(END)
    assert_what_consumers_rely_on(world)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_consumers_rely_on_holds_for_longer_histories(seed: int) -> None:
    """As above, with more facts and records in any interleaving."""
    world = live(seeded(seed, 40), random.Random(seed))
    world.wait(TEN + 16 * DAY)
    assert_what_consumers_rely_on(world)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_consumers_rely_on_holds_over_days_of_late_reports(seed: int) -> None:
    """Steps have been sent, carts filled again, links found late: all of the above holds."""
    chance = random.Random(seed)
    told = history(chance.choice, 30, DAYS)
    world = delayed(told, chance)
    world.wait(TEN + 10 * DAY)
    assert_the_oracle_agrees(told, world)
    assert_what_consumers_rely_on(world)
    said, states = replay(world, lambda: chance.randrange(1, 9))
    assert (encoded(said), states) == (encoded(world.decisions), world.customers)


@pytest.mark.parametrize("seed", SEEDS)
def test_links_in_any_interleaving_leave_one_customer(seed: int) -> None:
    """Twelve identifiers, linked in a random tree with every link on its way at once."""
    chance = random.Random(seed)
    names = [f"cookie:ck-{number}" for number in range(12)]
    told = [
        Told(f"f-{n}", "identity.linked", TEN, (names[n], names[chance.randrange(n)]))
        for n in range(1, 12)
    ]
    told += [Told(f"v-{name}", "store.visited", TEN, (name,)) for name in names]
    chance.shuffle(told)
    world = World(pick=lambda paths: chance.randrange(len(paths)))
    for number, one in enumerate(told):
        world.send(as_fact(one), TEN + number)
        for _ in range(chance.randrange(4)):
            world.move()
    world.settle()

    (root,) = world.roots()
    assert {world.row(name).customer for name in names} == {root.id}
    assert root.identifiers() == sorted(names)
    assert_what_consumers_rely_on(world)
