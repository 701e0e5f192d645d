"""What a change would do to whoever is amid a journey is told before it is made."""

from adaptive_stream.catalog.bundle import bundle_of
from adaptive_stream.catalog.edits import Edited, pause, publish
from adaptive_stream.catalog.published import compiled
from adaptive_stream.catalog.rules import read_dir
from adaptive_stream.engine.context import NOTHING
from adaptive_stream.engine.journey import Rules
from adaptive_stream.stories.dry_run import DUE, NOT_DUE, Change, Telling, dry_run
from tests.engine.test_journeys import abandoned, buy
from tests.engine.world import HOUR, MINUTE, TEN, World
from tests.rules.rule_files import CHANNELS, SHIPPED

NAME = "abandoned-cart"
PATH = f"journeys/{NAME}.yaml"
FILES = read_dir(SHIPPED, [])
FIRST = Edited(*bundle_of(FILES, CHANNELS))


def rules(edited: Edited) -> Rules:
    return compiled(edited.bundle, edited.contents)


NOW = rules(FIRST)


def changed(old: str, new: str) -> Rules:
    text = FILES[PATH].decode()
    assert old in text
    files = {PATH: text.replace(old, new, 1).encode()}
    return rules(publish(FIRST, files, CHANNELS, TEN + 2 * HOUR))


def shown(world: World, then: Rules) -> dict[str, Change]:
    states = ((state, world.clock) for state in world.customers.values())
    return dry_run(states, NOTHING, NOW, then)


def held() -> World:
    """She left a cart, and bought something else."""
    world = abandoned(rules=NOW)
    buy(world, TEN + 41 * MINUTE, "jacket-3")
    return world


def test_a_new_stop_shows_whom_it_stops_and_why() -> None:
    """Her run is held; it would be stopped, and she is told apart from who is not concerned."""
    found = shown(held(), changed("stop_when: [", "stop_when: [bought_anything, "))
    assert set(found) == {NAME}
    assert found[NAME].told == {Telling("suppress", "bought_anything"): 1}
    assert (found[NAME].runs, found[NAME].keep_steps) == (1, 0)
    assert not found[NAME].begins_otherwise
    other = shown(abandoned(rules=NOW), changed("stop_when: [", "stop_when: [bought_anything, "))
    assert (other[NAME].runs, other[NAME].told) == (1, {})


def test_other_steps_are_for_others() -> None:
    """Who is amid it keeps the steps that they entered with, and is told nothing."""
    found = shown(held(), changed("wait: 3d", "wait: 4d"))
    assert found == {NAME: Change(runs=1, keep_steps=1)}


def test_other_starts_are_named() -> None:
    """Nobody's run is touched by what begins only from then on."""
    found = shown(held(), changed("cart.value >= 20", "cart.value >= 30"))
    assert found == {NAME: Change(runs=1, begins_otherwise=True)}


def test_what_a_hold_keeps_back_and_what_its_end_lets_go() -> None:
    """Without the hold her reminder is due at once; a pause keeps back what would be due."""
    world = held()
    world.wait(TEN + 2 * HOUR)
    free = shown(world, changed("  - {when: just_bought, for: 24h}\n", ""))
    assert free[NAME].told == {Telling("release", "hold_lapsed"): 1, Telling(DUE, ""): 1}

    paused = rules(pause(FIRST, NAME, TEN + 40 * MINUTE))
    (change,) = shown(abandoned(rules=NOW), paused).values()
    assert {channel for channel, *_ in change.channels} == {"email", "push"}
    assert {said[1:] for said in change.channels} == {("hold", "journey_paused")}
    assert change.told.keys() <= {Telling(NOT_DUE, "")}


def test_a_journey_that_goes_away_is_told_to_its_channels() -> None:
    """A withdrawn journey says so once for all, and its runs are counted."""
    found = shown(held(), rules(publish(FIRST, {PATH: None}, CHANNELS, TEN + 2 * HOUR)))
    assert found[NAME].runs == 1
    assert {said[1:] for said in found[NAME].channels} == {("suppress", "journey_withdrawn")}


def test_nothing_is_changed_by_looking() -> None:
    """The states are as they were, and the same files would do nothing."""
    world = held()
    before = dict(world.customers)
    assert shown(world, NOW) == {}
    assert dict(world.customers) == before
