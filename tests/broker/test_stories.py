"""Every story of tests/cases on a real Kafka, through the three stages of a real worker."""

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from kafka import KafkaAdminClient

from adaptive_stream.broker import Broker
from adaptive_stream.catalog import load_catalog
from adaptive_stream.catalog.cluster import connect
from adaptive_stream.cli.play import groups_of, play_on_cluster
from adaptive_stream.stories import engine_world, grammar, report
from adaptive_stream.stories.desk import Desk
from adaptive_stream.stories.expect import judge
from adaptive_stream.stories.journeys_loaded import rules_of
from adaptive_stream.stories.output import Output
from adaptive_stream.stories.phrases import STATE_SIZE
from adaptive_stream.stories.story import Story
from adaptive_stream.stories.verdict import FAILED
from tests.broker.owning import wait_until
from tests.pending import record_pending

ROOT = Path(__file__).parents[2]
DIRS = (ROOT / "topics", ROOT / "adaptive_stream" / "rules")


STORIES = [grammar.load(path) for path in sorted((ROOT / "tests" / "cases").glob("*.story"))]
# One worker start for all that can be played together, named after the first of them.
TOGETHER = {together[0].sid: together for together in groups_of(STORIES)}
# Ids of customers come from log times and hashes of their names, which differ between the two.
DERIVED = ("id", "customer", "member", "members", "was", "into", "merged_into", "rules", "led_to")
DERIVED += ("topic", "partition", "offset", "cause")
MADE_NAME = re.compile(r"[cm]-[0-9a-v]{16}")


def _comparable(story: Story, outputs: list[Output]) -> Counter[tuple[str, int, str]]:
    """What was said when, without the names that were made for it. A copy counts once: who reads
    a topic cannot tell it from a repeat."""
    start_ms = story.calendar.start_ms
    once = {(one.topic, one.key, one.known_ms, json.dumps(one.value)): one for one in outputs}
    return Counter(
        (one.topic, one.known_ms, json.dumps(_without(one.value), sort_keys=True))
        for one in once.values()
        if one.known_ms >= start_ms and one.topic != STATE_SIZE  # Names take room in it.
    )


def _without(value: object) -> object:
    if isinstance(value, dict):
        # Of a journey: where its activation stands in rules.v1.
        of_log = ("rev",) if value.get("scope") == "journey" else ()
        derived = (*DERIVED, *of_log)
        return {name: _without(each) for name, each in value.items() if name not in derived}
    if isinstance(value, str):
        return MADE_NAME.sub("", value)
    return [_without(each) for each in value] if isinstance(value, list) else value


@pytest.mark.broker
@pytest.mark.slow(300)
@pytest.mark.parametrize("first", TOGETHER)
def test_customers_are_given_on_kafka_what_the_stories_say(
    first: str, broker: Broker, record_property: Callable[[str, object], None]
) -> None:
    """What must come comes at its time, what must not come does not, and nothing else is said
    than what the engine alone says."""
    catalog = load_catalog(*DIRS)
    reading = engine_world.reading_of(catalog.channels)
    failures = []
    for story, outputs in play_on_cluster(TOGETHER[first], broker.bootstrap, DIRS):
        desk = Desk(story)
        verdicts = judge(story, outputs, desk.see)
        record_pending(record_property, verdicts)
        assert report.judged(verdicts)
        if any(verdict.result == FAILED for verdict in verdicts):
            failures.append(report.failures(story, verdicts))
        rules = rules_of(story, catalog.rules)
        alone = engine_world.play(story, rules, reading, desk=desk)
        assert _comparable(story, outputs) == _comparable(story, alone), story.sid

    assert not failures, "\n" + "\n".join(failures)
    # A broker goes on naming a topic for a moment after its deletion was acknowledged.
    with connect(broker.bootstrap) as cluster:
        wait_until(lambda: not _left_by_plays(cluster.admin), "plays left something", within_s=10)


def _left_by_plays(admin: KafkaAdminClient) -> list[str]:
    groups = [group["group_id"] for group in admin.list_groups()]
    return [name for name in (*admin.list_topics(), *groups) if name.startswith("play-")]
