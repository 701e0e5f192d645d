"""Two workers under load that are killed, frozen and restarted, against one that nobody touched."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from adaptive_stream.broker import Broker
from adaptive_stream.cli.running_worker import RunningWorker
from tests.broker.facts import Feed, facts, send
from tests.broker.judging import assert_same, final_states
from tests.broker.killing import STAGES, kill_stage, stage_pid
from tests.broker.owning import owned, wait_until
from tests.broker.stack import Stack

TIMES = int(os.environ.get("CHAOS_SHAKES", "1"))  # `make chaos` shakes ten times.
PER_S = 3_000
PEOPLE = 4_000
TAKEN_PER_S = 1_000  # At least, once nothing more comes.
WITHIN_S = 60
OPTIONS = ("--clock", "log")


@pytest.mark.broker
@pytest.mark.chaos
def test_workers_that_are_killed_frozen_and_restarted_lose_and_double_nothing(
    broker: Broker, tmp_path: Path, topic_prefix: str
) -> None:
    """Each customer's final state is that of a calm run; what was told twice is the same bytes."""
    sent, shaken = _shaken(broker, tmp_path / "shaken", topic_prefix + "shaken.")
    calm = _calm(broker, tmp_path / "calm", topic_prefix + "calm.", sent)

    assert len(calm) > PEOPLE * 0.8
    assert_same(calm, shaken)


def _shaken(broker: Broker, directory: Path, prefix: str) -> tuple[int, dict[Any, Any]]:
    """Facts sent, and final states by identifiers."""
    stack = Stack(broker.bootstrap, directory, prefix, profile="story", options=OPTIONS)
    stack.worker = stack.another_worker("one", "--instance", "one")
    with stack, stack.another_worker("two", "--instance", "two") as second:
        feed = Feed(stack, PEOPLE, PER_S)
        try:
            for _ in range(TIMES):
                for stage in STAGES:
                    kill_stage(stack.worker, stage)
                stack.worker.wait_until_ready()
                _freeze_until_replaced(stack, second, "step")
                _freeze_until_replaced(stack, second, "resolve")
                for worker in (stack.worker, second):
                    worker.stop()
                    worker.start()
                    worker.wait_until_ready()
        finally:
            feed.stop()
        return feed.sent, final_states(stack, feed.sent, _settled_within_s(feed.sent))


def _calm(broker: Broker, directory: Path, prefix: str, count: int) -> dict[Any, Any]:
    stack = Stack(broker.bootstrap, directory, prefix, profile="story", options=OPTIONS)
    with stack:
        send(stack, facts(count, PEOPLE))
        return final_states(stack, count, _settled_within_s(count))


def _settled_within_s(count: int) -> float:
    """Ten shakes are most of a million facts."""
    return WITHIN_S + count / TAKEN_PER_S


def _freeze_until_replaced(stack: Stack, other: RunningWorker, stage: str) -> None:
    """Stops a stage of the first worker until the second has all its partitions; then it wakes, and
    must find out that it is no longer theirs."""
    frozen = stage_pid(stack.worker, stage)
    assert frozen is not None
    both = owned(stack.worker, stage) | owned(other, stage)
    os.kill(frozen, signal.SIGSTOP)
    try:
        wait_until(lambda: owned(other, stage) == both, f"{stage} was not replaced", WITHIN_S)
    finally:
        os.kill(frozen, signal.SIGCONT)
    wait_until(
        lambda: set() < owned(stack.worker, stage) < both, f"{stage} did not come back", WITHIN_S
    )
