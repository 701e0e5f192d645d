"""Every story of tests/cases on a real Kafka, through the three stages of a real worker."""

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from adaptive_stream.broker import Broker
from adaptive_stream.catalog import load_catalog
from adaptive_stream.catalog.cluster import connect
from adaptive_stream.cli.play import play_on_cluster
from adaptive_stream.stories import engine_world, grammar, report
from adaptive_stream.stories.desk import Desk
from adaptive_stream.stories.expect import judge
from adaptive_stream.stories.journeys_loaded import rules_of
from adaptive_stream.stories.output import Output
from adaptive_stream.stories.phrases import STATE_SIZE
from adaptive_stream.stories.story import Story
from adaptive_stream.stories.verdict import FAILED
from tests.pending import record_pending

ROOT = Path(__file__).parents[2]
DIRS = (ROOT / "topics", ROOT / "adaptive_stream" / "rules")


def _by_journeys() -> dict[str, list[Story]]:
    """Stories that load the same journeys are played together: one worker start for all."""
    together: dict[str, list[Story]] = {}
    for path in sorted((ROOT / "tests" / "cases").glob("*.story")):
        story = grammar.load(path)
        together.setdefault("+".join(sorted(story.load)), []).append(story)
    return together


TOGETHER = _by_journeys()
# Ids of customers come from log times and hashes of their names, which differ between the two.
DERIVED = ("id", "customer", "member", "members", "was", "into", "merged_into", "rules", "led_to")
DERIVED += ("topic", "partition", "offset", "cause")
MADE_NAME = re.compile(r"[cm]-[0-9a-v]{16}")


def _comparable(story: Story, outputs: list[Output]) -> Counter[tuple[str, int, str]]:
    """What was said when, without the names that were made for it."""
    start_ms = story.calendar.start_ms
    return Counter(
        (one.topic, one.known_ms, json.dumps(_without(one.value), sort_keys=True))
        for one in outputs
        if one.known_ms >= start_ms and one.topic != STATE_SIZE  # Names take room in it.
    )


def _without(value: object) -> object:
    if isinstance(value, dict):
        return {name: _without(each) for name, each in value.items() if name not in DERIVED}
    if isinstance(value, str) and MADE_NAME.fullmatch(value):
        return ""
    return [_without(each) for each in value] if isinstance(value, list) else value


@pytest.mark.broker
@pytest.mark.slow(100)
@pytest.mark.parametrize("journeys", TOGETHER)
def test_customers_are_given_on_kafka_what_the_stories_say(
    journeys: str, broker: Broker, record_property: Callable[[str, object], None]
) -> None:
    """What must come comes at its time, what must not come does not, and nothing else is said
    than what the engine alone says."""
    catalog = load_catalog(*DIRS)
    reading = engine_world.reading_of(catalog.channels)
    failures = []
    for story, outputs in play_on_cluster(TOGETHER[journeys], broker.bootstrap, DIRS):
        verdicts = judge(story, outputs, Desk(story).see)
        record_pending(record_property, verdicts)
        assert report.judged(verdicts)
        if any(verdict.result == FAILED for verdict in verdicts):
            failures.append(report.failures(story, verdicts))
        alone = engine_world.play(story, rules_of(story, catalog.rules), reading)
        assert _comparable(story, outputs) == _comparable(story, alone), story.sid

    assert not failures, "\n" + "\n".join(failures)
    with connect(broker.bootstrap) as cluster:
        groups = [group["group_id"] for group in cluster.admin.list_groups()]
        left = [*cluster.admin.list_topics(), *groups]
    assert not [name for name in left if name.startswith("play-")]
