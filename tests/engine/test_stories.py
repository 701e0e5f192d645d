"""Every story of tests/cases, through the engine alone."""

from collections.abc import Callable
from pathlib import Path

import pytest

from adaptive_stream.catalog import Catalog, load_catalog
from adaptive_stream.stories import engine_world, grammar, report
from adaptive_stream.stories.desk import Desk
from adaptive_stream.stories.expect import judge
from adaptive_stream.stories.journeys_loaded import rules_of
from adaptive_stream.stories.verdict import FAILED
from tests.pending import record_pending

ROOT = Path(__file__).parents[2]
CASES = sorted((ROOT / "tests" / "cases").glob("*.story"))


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(ROOT / "topics", ROOT / "adaptive_stream" / "rules")


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_customer_is_given_what_the_story_says(
    path: Path, catalog: Catalog, record_property: Callable[[str, object], None]
) -> None:
    """What must come comes at its time, and what must not come does not."""
    story = grammar.load(path)
    rules = rules_of(story, catalog.rules)

    desk = Desk(story)
    outputs = engine_world.play(story, rules, engine_world.reading_of(catalog.channels), desk=desk)

    verdicts = judge(story, outputs, desk.see)
    record_pending(record_property, verdicts)
    assert not any(verdict.result == FAILED for verdict in verdicts), "\n" + report.failures(
        story, verdicts
    )
    assert report.judged(verdicts)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_story_plays_the_same_again(path: Path, catalog: Catalog) -> None:
    """The same facts at the same times give the same records, byte for byte."""
    story = grammar.load(path)
    rules = rules_of(story, catalog.rules)
    reading = engine_world.reading_of(catalog.channels)

    first, second = (engine_world.play(story, rules, reading, desk=Desk(story)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_tick_at_which_nothing_is_due_says_nothing(path: Path, catalog: Catalog) -> None:
    """A clock that ticks every minute gives what one that jumps to the next due minute gives."""
    story = grammar.load(path)
    rules = rules_of(story, catalog.rules)
    reading = engine_world.reading_of(catalog.channels)

    desk = Desk(story)
    every_minute = engine_world.play(story, rules, reading, every_minute=True, desk=desk)

    assert every_minute == engine_world.play(story, rules, reading, desk=desk)
