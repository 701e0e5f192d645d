"""Two workers under load that are killed, frozen and restarted, against one that nobody touched."""

import os
import signal
import threading
import time
import urllib.request
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from adaptive_stream.broker import Broker
from adaptive_stream.cli.running_worker import RunningWorker
from tests.broker.facts import APART_MS, BEGAN_MS, Fact, facts, send, send_tick, wait_until_settled
from tests.broker.judging import assert_outputs_hold, first_difference, states
from tests.broker.killing import STAGES, kill_stage, stage_pid
from tests.broker.stack import Stack

TIMES = int(os.environ.get("CHAOS_SHAKES", "1"))  # `make chaos` shakes ten times.
PER_S = 3_000
PEOPLE = 4_000
FACTS_MAX = 10_000_000
SETTLED_WITHIN_S = 120
WITHIN_S = 60
OPTIONS = ("--clock", "log")


class Feed:
    """Facts at PER_S until it is stopped; `sent` is how many there were."""

    def __init__(self, stack: Stack) -> None:
        self.sent = 0
        self._enough = threading.Event()
        self._sending = threading.Thread(target=send, args=(stack, self._facts(), PER_S))
        self._sending.start()

    def _facts(self) -> Iterator[Fact]:
        for fact in facts(FACTS_MAX, PEOPLE):
            if self._enough.is_set():
                return
            self.sent += 1
            yield fact

    def stop(self) -> None:
        """Returns when Kafka has all of them."""
        self._enough.set()
        self._sending.join()


@pytest.mark.broker
@pytest.mark.chaos
def test_workers_that_are_killed_frozen_and_restarted_lose_and_double_nothing(
    broker: Broker, tmp_path: Path, topic_prefix: str
) -> None:
    """Each customer's final state is that of a calm run; what was told twice is the same bytes."""
    sent, shaken = _shaken(broker, tmp_path / "shaken", topic_prefix + "shaken.")
    calm = _calm(broker, tmp_path / "calm", topic_prefix + "calm.", sent)

    assert len(calm) > PEOPLE * 0.8
    different = [who for who in calm.keys() | shaken.keys() if calm.get(who) != shaken.get(who)]
    assert not different, first_difference(calm, shaken, different)


def _shaken(broker: Broker, directory: Path, prefix: str) -> tuple[int, dict[Any, Any]]:
    """Facts sent, and final states by identifiers."""
    stack = Stack(broker.bootstrap, directory, prefix, profile="story", options=OPTIONS)
    stack.worker = stack.another_worker("one", "--instance", "one")
    with stack, stack.another_worker("two", "--instance", "two") as second:
        feed = Feed(stack)
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
        return feed.sent, _final(stack, feed.sent)


def _calm(broker: Broker, directory: Path, prefix: str, count: int) -> dict[Any, Any]:
    stack = Stack(broker.bootstrap, directory, prefix, profile="story", options=OPTIONS)
    with stack:
        send(stack, islice(facts(FACTS_MAX, PEOPLE), count))
        return _final(stack, count)


def _final(stack: Stack, count: int) -> dict[Any, Any]:
    wait_until_settled(stack, SETTLED_WITHIN_S)
    for minutes in (1, 45, 24 * 60 + 60):
        send_tick(stack, BEGAN_MS + count * APART_MS + minutes * 60_000)
        wait_until_settled(stack, SETTLED_WITHIN_S)
    assert_outputs_hold(stack)
    return states(stack)


def _freeze_until_replaced(stack: Stack, other: RunningWorker, stage: str) -> None:
    """Stops a stage of the first worker until the second has all its partitions; then it wakes, and
    must find out that it is no longer theirs."""
    frozen = stage_pid(stack.worker, stage)
    assert frozen is not None
    all_of_them = _owned(stack.worker, stage) + _owned(other, stage)
    os.kill(frozen, signal.SIGSTOP)
    try:
        _wait_for(lambda: _owned(other, stage) == all_of_them, f"{stage} was not replaced")
    finally:
        os.kill(frozen, signal.SIGCONT)
    _wait_for(lambda: 0 < _owned(stack.worker, stage) < all_of_them, f"{stage} did not come back")


def _owned(worker: RunningWorker, stage: str) -> int:
    """How many partitions a stage says are its own."""
    port = worker.ports[STAGES.index(stage)]
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
    except OSError:
        return 0
    named = [line for line in lines if line.startswith("adaptive_stream_partitions")]
    return int(sum(float(line.rsplit(" ", 1)[1]) for line in named))


def _wait_for(holds: Any, otherwise: str) -> None:
    until = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < until, otherwise
        time.sleep(0.1)
