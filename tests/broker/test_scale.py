"""Workers that are added and taken away under load, against one that nobody touched."""

import shutil
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from adaptive_stream import shipped_topics_dir
from adaptive_stream.broker import Broker
from adaptive_stream.cli.running_worker import RunningWorker
from tests.broker.facts import Feed, facts, send, wait_until_settled
from tests.broker.judging import assert_same, final_states
from tests.broker.owning import owned, wait_until
from tests.broker.stack import Stack

PARTITIONS = 8
KEEP_STATE = ("resolve", "step")
PEOPLE = 2_000
PAUSE_MAX_S = 10.0
WITHIN_S = 120  # Twelve processes that start and share out, beside other tests.
SETTLED_WITHIN_S = 120


@pytest.mark.broker
@pytest.mark.slow(45)
@pytest.mark.parametrize("per_s", [300, pytest.param(1_000, marks=pytest.mark.chaos)])
def test_workers_come_and_go_under_load_and_no_partition_waits_for_long(
    per_s: int, broker: Broker, tmp_path: Path, topic_prefix: str
) -> None:
    """Four workers share eight partitions evenly; two go again. Each customer's final state is that
    of a calm run, what was told twice is the same bytes, and nobody waited for ten seconds."""
    prefix = topic_prefix + "scaled."
    with _stack(broker, tmp_path / "scaled", prefix) as stack, ExitStack() as running:
        sent, began_ms = _scale(stack, running, per_s)
        wait_until_settled(stack, SETTLED_WITHIN_S)
        pauses_s = {
            topic: _pauses_s(stack, topic, began_ms)
            for topic in ("identity.facts.v1", "customer.facts.v1", "customer.state.v1")
        }
        scaled = final_states(stack, sent, SETTLED_WITHIN_S)
    with _stack(broker, tmp_path / "calm", topic_prefix + "calm.") as stack:
        send(stack, facts(sent, PEOPLE))
        calm = final_states(stack, sent, SETTLED_WITHIN_S)

    assert len(calm) > PEOPLE / 2
    assert_same(calm, scaled)
    for topic, each in pauses_s.items():
        assert len(each) == PARTITIONS
        assert max(each.values()) <= PAUSE_MAX_S, (topic, each)
        print(f"{topic}: {max(each.values()):.1f} s was the longest pause of a partition")


@contextmanager
def _stack(broker: Broker, directory: Path, prefix: str) -> Iterator[Stack]:
    """Eight partitions of every topic that is shared out, and one worker."""
    topics_dir = directory / "topics"
    shutil.copytree(shipped_topics_dir(), topics_dir)
    laptop = topics_dir / "profiles" / "laptop.yaml"
    text = laptop.read_text()
    for key, number in ("any", 1), ("as-it-came", 1), ("identifier", 4), ("customer", 4):
        assert f"{key}: {number}," in text
        text = text.replace(f"{key}: {number},", f"{key}: {PARTITIONS},")
    laptop.write_text(text)
    options = ("--clock", "log")
    with Stack(
        broker.bootstrap, directory, prefix, topics_dir=topics_dir, profile="story", options=options
    ) as stack:
        yield stack


def _scale(stack: Stack, running: ExitStack, per_s: int) -> tuple[int, int]:
    """Two workers, four, the later two; how many facts came in meanwhile, and since when (ms)."""
    workers = [stack.worker, running.enter_context(stack.another_worker("second"))]
    _wait_for_even_shares(workers)
    began_ms = int(time.time() * 1000)
    feed = Feed(stack, PEOPLE, per_s)
    try:
        for name in ("third", "fourth"):
            workers.append(stack.another_worker(name))
            running.callback(workers[-1].stop)
            workers[-1].start()
        _wait_for_even_shares(workers)
        for worker in workers[:2]:
            worker.stop()
        _wait_for_even_shares(workers[2:])
    finally:
        feed.stop()
    return feed.sent, began_ms


def _wait_for_even_shares(workers: list[RunningWorker]) -> None:
    """Each partition with state has one owner, and each worker as many as the others."""

    def even() -> bool:
        for stage in KEEP_STATE:
            shares = [owned(worker, stage) for worker in workers]
            if {len(share) for share in shares} != {PARTITIONS // len(workers)}:
                return False
            if len(set().union(*shares)) != PARTITIONS:
                return False
        return True

    wait_until(even, "the partitions were not shared out evenly", WITHIN_S)


def _pauses_s(stack: Stack, topic: str, began_ms: int) -> dict[int, float]:
    """By partition, the longest time in which nothing came while facts came in all the time."""
    stamps = defaultdict(lambda: [began_ms])
    for record in stack.records(topic):
        if record.timestamp > began_ms:  # Before were the rules.
            stamps[record.partition].append(record.timestamp)
    return {
        number: max(after - before for before, after in pairwise(sorted(each))) / 1000
        for number, each in stamps.items()
    }
