"""Two workers on a real Kafka, watched by a real Prometheus: it sees all there is to see, is silent
while all is well, and rings for each fault by its name.

Prometheus's time runs FASTER times faster: `5m` in a rule is five seconds. ALERTS_FASTER sets
another factor; `make chaos` plays it more slowly.
"""

import math
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from confluent_kafka import Producer

from adaptive_stream.broker import Broker
from adaptive_stream.cli.running_worker import RunningWorker
from deploy.grafana.dashboards import dashboards
from deploy.grafana.draw import draw
from tests.broker.killing import stage_pid
from tests.broker.stack import Stack, quick_rules
from tests.observability.prometheus import LOOKS_EVERY_S, Prometheus
from tests.observability.queries import of_marks, of_panels, of_rules
from tests.observability.town import Town

FASTER = int(os.environ.get("ALERTS_FASTER", "60"))
MINUTE_S = 60 / FASTER
HOUR_S = 60 * MINUTE_S
SETTLED_WITHIN_S = 90
LOOKS_S = 45  # For what it takes a busy machine to start a worker, and Prometheus to see it.
CALM_S = HOUR_S / 4
STALL_S, RUN_S = 3, 0.5  # Below the session timeout: nobody is replaced.
HANGS, HANGS_FOR_S = 20, 3  # A broker that hangs while nothing is under way delays nothing.
PARKED = 12
IMAGE_BYTES_MAX = 200_000
CHANGED = "cart_abandoned_after: 3s"


Fault = Callable[["Scene"], AbstractContextManager[None]]


@dataclass
class Scene:
    """What a fault can be done to."""

    stack: Stack
    broker_pid: int
    second: RunningWorker
    town: Town
    prometheus: Prometheus

    def waits(self) -> bool:
        """Something in some partition has been under way for a while."""
        ages = self.prometheus.now("adaptive_stream:lag_seconds:max")
        return any(age > LOOKS_EVERY_S for _, age in ages)

    def rings(self, alert: str, within_s: float) -> None:
        """Returns when the alert does."""
        firing = self.prometheus.firing
        self.prometheus.wait_for(lambda: alert in firing(), within_s, f"{alert} does not ring")

    def rings_for(self, fault: Fault, alert: str, within_s: float) -> None:
        """The alert is silent before the fault, and rings while it lasts."""
        assert alert not in self.prometheus.firing(), f"{alert} rang before its fault"
        began = time.monotonic()
        with fault(self):
            self.rings(alert, within_s + LOOKS_S)
        beside = self.prometheus.firing() - {alert}
        print(f"{alert} after {time.monotonic() - began:.1f} s, beside {sorted(beside)}")


@pytest.mark.broker
@pytest.mark.slow(150)
def test_prometheus_sees_everything_and_rings_for_the_right_thing(
    own_broker: Broker, tmp_path: Path
) -> None:
    """An operator finds every panel filled, sleeps while all is well, and is woken by name."""
    with _scene(own_broker, tmp_path) as scene:
        _all_is_seen(scene)
        _all_is_calm(scene)
        _all_is_drawn(scene)
        _every_fault_rings(scene)


@contextmanager
def _scene(broker: Broker, directory: Path) -> Iterator[Scene]:
    with ExitStack() as left:
        rules_dir = quick_rules(directory)
        stack = left.enter_context(Stack(broker.bootstrap, directory, "t.", rules_dir=rules_dir))
        second = stack.another_worker("second")
        targets = [f"127.0.0.1:{port}" for port in (*stack.worker.ports, *second.ports)]
        prometheus = left.enter_context(Prometheus(directory / "prometheus", targets, FASTER))
        # So that it sees the partitions move.
        prometheus.wait_for(
            lambda: sum(value for _, value in prometheus.now("up")) == len(stack.worker.ports),
            SETTLED_WITHIN_S,
            "it does not look at the first worker",
        )
        left.enter_context(second)
        town = left.enter_context(Town(stack))
        running = broker.status()
        assert running is not None
        scene = Scene(stack, running.child_pid, second, town, prometheus)
        try:
            yield scene
        finally:
            scene.second.stop()


def _all_is_seen(scene: Scene) -> None:
    """Every query has a number, and no rule is at fault."""
    now = scene.prometheus.now

    def blank() -> list[tuple[str, str]]:
        return [
            asked
            for asked in (*of_panels(), *of_rules(FASTER))
            if not any(math.isfinite(value) for _, value in now(asked[1]))
        ]

    scene.prometheus.wait_for(lambda: not blank(), SETTLED_WITHIN_S, "some queries have no answer")
    assert [mark for mark in of_marks() if not scene.prometheus.since_start(mark[1])] == []
    assert scene.prometheus.sick_rules() == {}


def _all_is_calm(scene: Scene) -> None:
    """Nothing rings; what rang while partitions moved has ended."""
    prometheus = scene.prometheus
    prometheus.wait_for(
        lambda: not prometheus.firing(), HOUR_S + LOOKS_S, "it does not become calm"
    )
    until = time.monotonic() + CALM_S
    while time.monotonic() < until:
        assert prometheus.firing() == set()
        time.sleep(1)


def _all_is_drawn(scene: Scene) -> None:
    """What is committed beside the dashboards is drawn like this."""
    for name, board in dashboards().items():
        path = (scene.stack.directory / name).with_suffix(".png")
        draw(board, scene.prometheus.since_start, path)
        assert path.stat().st_size < IMAGE_BYTES_MAX


def _every_fault_rings(scene: Scene) -> None:
    scene.rings_for(_junk, "ManyRefused", 30 * MINUTE_S)
    scene.rings_for(_junk_between_the_stages, "ManyParked", 0)
    scene.rings_for(_stalls, "SuppressionSlow", HOUR_S / 2)
    assert "NothingSuppressed" not in scene.prometheus.firing()
    with _other_codes(scene):  # An hour of it is needed, in which other things break.
        scene.rings_for(_second_worker_gone, "WorkerDown", 5 * MINUTE_S)
        scene.rings_for(_other_rules, "RulesDiffer", 15 * MINUTE_S)
        scene.rings("NothingSuppressed", HOUR_S + LOOKS_S)
    scene.rings_for(_broker_hangs, "PartitionStuck", 10 * MINUTE_S)
    scene.rings_for(_all_workers_gone, "StageGone", 2 * MINUTE_S)


@contextmanager
def _junk(scene: Scene) -> Iterator[None]:
    """A producer sends what is no JSON."""
    scene.town.junk = 5
    yield
    scene.town.junk = 0


@contextmanager
def _junk_between_the_stages(scene: Scene) -> Iterator[None]:
    """Somebody writes into an internal topic: the last stage cannot take it."""
    producer = Producer({"bootstrap.servers": scene.stack.bootstrap})
    for _ in range(PARKED):
        producer.produce(scene.stack.topic("customer.facts.v1"), b"{", b"somebody")
    assert producer.flush(LOOKS_S) == 0
    yield


@contextmanager
def _stalls(scene: Scene) -> Iterator[None]:
    """The processes of the last stage stop again and again, for a moment."""
    found = [stage_pid(worker, "step") for worker in (scene.stack.worker, scene.second)]
    pids = [pid for pid in found if pid is not None]
    assert len(pids) == 2
    over = threading.Event()

    def stall() -> None:
        while not over.is_set():
            for how, for_s in ((signal.SIGSTOP, STALL_S), (signal.SIGCONT, RUN_S)):
                for pid in pids:
                    os.kill(pid, how)
                over.wait(for_s)
        for pid in pids:
            os.kill(pid, signal.SIGCONT)

    thread = threading.Thread(target=stall)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def _other_codes(scene: Scene) -> Iterator[None]:
    """Tills call things by codes of their own."""
    scene.town.codes_agree = False
    yield
    scene.town.codes_agree = True


@contextmanager
def _second_worker_gone(scene: Scene) -> Iterator[None]:
    """One worker of two ends."""
    scene.second.stop()
    yield


@contextmanager
def _other_rules(scene: Scene) -> Iterator[None]:
    """It comes back with other rules."""
    rules_dir = scene.stack.directory / "other-rules"
    shutil.copytree(scene.stack.rules_dir, rules_dir)
    policy = rules_dir / "policy" / "contact.yaml"
    policy.write_text(policy.read_text().replace("cart_abandoned_after: 2s", CHANGED))
    port = scene.second.web_port
    scene.second = scene.stack.another_worker("second", web_port=port, rules_dir=rules_dir)
    scene.second.start()
    yield


@contextmanager
def _broker_hangs(scene: Scene) -> Iterator[None]:
    """The broker takes no record and refuses none, and had not taken all that it was given."""
    try:
        for _ in range(HANGS):
            os.kill(scene.broker_pid, signal.SIGSTOP)
            time.sleep(HANGS_FOR_S)
            if scene.waits():
                break
            os.kill(scene.broker_pid, signal.SIGCONT)
            time.sleep(RUN_S)
        yield
    finally:
        os.kill(scene.broker_pid, signal.SIGCONT)


@contextmanager
def _all_workers_gone(scene: Scene) -> Iterator[None]:
    """Nobody is left."""
    scene.second.stop()
    scene.stack.worker.stop()
    yield
