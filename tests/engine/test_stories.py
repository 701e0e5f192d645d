"""Every story of tests/cases, through the engine alone."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from adaptive_stream.catalog import Catalog, load_catalog
from adaptive_stream.stories import engine_world, grammar, report
from adaptive_stream.stories.desk import Desk
from adaptive_stream.stories.expect import judge
from adaptive_stream.stories.journeys_loaded import rules_of
from adaptive_stream.stories.output import Output
from adaptive_stream.stories.story import Story
from adaptive_stream.stories.verdict import FAILED
from tests.pending import record_pending

ROOT = Path(__file__).parents[2]
CASES = sorted((ROOT / "tests" / "cases").glob("*.story"))


@cache
def catalog() -> Catalog:
    return load_catalog(ROOT / "topics", ROOT / "adaptive_stream" / "rules")


def play(story: Story, *, every_minute: bool = False) -> list[Output]:
    rules, reading = rules_of(story, catalog().rules), engine_world.reading_of(catalog().channels)
    return engine_world.play(story, rules, reading, every_minute=every_minute, desk=Desk(story))


@cache
def played(path: Path) -> tuple[Story, list[Output]]:
    """Once for all tests of a process: a thousand customers take their time."""
    story = grammar.load(path)
    return story, play(story)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_customer_is_given_what_the_story_says(
    path: Path, record_property: Callable[[str, object], None]
) -> None:
    """What must come comes at its time, and what must not come does not."""
    story, outputs = played(path)

    verdicts = judge(story, outputs, Desk(story).see)
    record_pending(record_property, verdicts)
    assert not any(verdict.result == FAILED for verdict in verdicts), "\n" + report.failures(
        story, verdicts
    )
    assert report.judged(verdicts)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_story_plays_the_same_again(path: Path) -> None:
    """The same facts at the same times give the same records, byte for byte."""
    story, outputs = played(path)

    assert play(story) == outputs


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_tick_at_which_nothing_is_due_says_nothing(path: Path) -> None:
    """A clock that ticks every minute gives what one that jumps to the next due minute gives."""
    story, outputs = played(path)

    assert play(story, every_minute=True) == outputs
