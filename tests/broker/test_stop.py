"""A worker that is stopped under full load, and what its successor does again."""

import time
from collections import defaultdict
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from kafka import KafkaAdminClient

from adaptive_stream.broker import Broker
from adaptive_stream.checkpoint.progress import CHECKPOINT, Mark, decode_mark
from tests.broker.facts import facts, send, wait_until_settled
from tests.broker.judging import assert_outputs_hold
from tests.broker.killing import kill_stage
from tests.broker.stack import Stack

FACTS = 20_000  # Four seconds of work: none of the stages is done when it is stopped.
PEOPLE = 5_000
STOPPED_WITHIN_S = 5.0
SETTLED_WITHIN_S = 120
READS = {"resolve": "identity.facts.v1", "step": "customer.facts.v1"}
REMEMBERS = {"resolve": "identity.changelog.v1", "step": "customer.changelog.v1"}


@pytest.mark.broker
@pytest.mark.slow(25)
@pytest.mark.timing
def test_a_worker_stops_in_five_seconds_and_goes_on_at_its_last_checkpoint(
    broker: Broker, tmp_path: Path, topic_prefix: str
) -> None:
    """Whoever deploys under full load waits five seconds, and nothing is told twice; after a crash
    it is what came since the last checkpoint, and no more."""
    options = ("--clock", "log")
    stack = Stack(broker.bootstrap, tmp_path, topic_prefix, profile="story", options=options)
    with stack:
        send(stack, facts(FACTS, PEOPLE))
        stack.wait_for("customer.state-changed.v1", lambda _: True)
        began = time.monotonic()
        stack.worker.stop()
        took_s = time.monotonic() - began
        stopped = {stage: _last_marks(stack, stage) for stage in READS}
        committed = _committed(stack, "step")
        told_before, _ = _told(stack)
        assert sum(mark.next_offset for mark in stopped["step"].values()) < FACTS  # Amid the work.

        stack.worker.start()
        stack.worker.wait_until_ready()
        told, different = _told_more(stack, told_before)
        kill_stage(stack.worker, "step")
        wait_until_settled(stack, SETTLED_WITHIN_S)
        assert_outputs_hold(stack)

        print(f"stopped after {took_s:.1f} s")
        assert took_s <= STOPPED_WITHIN_S
        assert all(mark.clean for marks in stopped.values() for mark in marks.values())
        assert committed == {n: mark.next_offset for n, mark in stopped["step"].items()}
        assert told == different
        for stage in READS:
            for owners in _owners(stack, stage).values():
                for before, after in pairwise(owners):
                    assert after[0].next_offset == before[-1].next_offset


def _owners(stack: Stack, stage: str) -> dict[int, list[list[Mark]]]:
    """The marks of each partition, those of one owner together, in the order of the log."""
    found: dict[int, dict[int, list[Mark]]] = defaultdict(dict)
    records = stack.records(REMEMBERS[stage])
    for record in sorted(records, key=lambda each: (each.partition, each.offset)):
        if record.key == CHECKPOINT:
            mark = decode_mark(record.value)
            found[record.partition].setdefault(mark.e, []).append(mark)
    return {number: list(owners.values()) for number, owners in found.items()}


def _last_marks(stack: Stack, stage: str) -> dict[int, Mark]:
    return {number: owners[-1][-1] for number, owners in _owners(stack, stage).items()}


def _committed(stack: Stack, stage: str) -> dict[int, int]:
    group = f"{stack.prefix}adaptive-stream-{stage}"
    with closing(KafkaAdminClient(bootstrap_servers=stack.bootstrap)) as admin:
        committed = admin.list_group_offsets({group: None})[group]
    topic = stack.topic(READS[stage])
    return {tp.partition: at.offset for tp, at in committed.items() if tp.topic == topic}


def _told(stack: Stack) -> tuple[int, int]:
    """How many changes of a state were told, and how many different ones."""
    ids = [dict(each.headers)["ce_id"] for each in stack.records("customer.state-changed.v1")]
    return len(ids), len(set(ids))


def _told_more(stack: Stack, before: int) -> tuple[int, int]:
    """The same once there are more."""
    until = time.monotonic() + SETTLED_WITHIN_S
    while (found := _told(stack))[0] <= before:
        assert time.monotonic() < until, "the worker that was started again does nothing"
        time.sleep(0.1)
    return found
