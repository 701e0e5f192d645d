"""Every story of tests/cases on a real Kafka, through the three stages of a real worker."""

from collections.abc import Callable
from pathlib import Path

import pytest

from adaptive_stream.broker import Broker
from adaptive_stream.catalog.cluster import connect
from adaptive_stream.cli.play import play_on_cluster
from adaptive_stream.stories import grammar, report
from adaptive_stream.stories.expect import FAILED, PASSED, judge
from adaptive_stream.stories.story import Story
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


@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.parametrize("journeys", TOGETHER)
def test_customers_are_given_on_kafka_what_the_stories_say(
    journeys: str, broker: Broker, record_property: Callable[[str, object], None]
) -> None:
    """What must come comes at its time, and what must not come does not, for all at once."""
    failures = []
    for story, outputs in play_on_cluster(TOGETHER[journeys], broker.bootstrap, DIRS):
        verdicts = judge(story, outputs)
        record_pending(record_property, verdicts)
        assert any(verdict.result == PASSED for verdict in verdicts)
        if any(verdict.result == FAILED for verdict in verdicts):
            failures.append(report.failures(story, verdicts))

    assert not failures, "\n" + "\n".join(failures)
    with connect(broker.bootstrap) as cluster:
        groups = [group["group_id"] for group in cluster.admin.list_groups()]
        left = [*cluster.admin.list_topics(), *groups]
    assert not [name for name in left if name.startswith("play-")]
