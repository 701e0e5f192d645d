"""What the work of each stage costs by itself: no Kafka, no store, one process, CPU time.

The three stages' own code runs on batches in memory, state encoded and decoded as in the worker.
Beside `pipeline`, it says how much of a fact's cost is ours to compute and how much is moving it.

    python -m tests.bench.stages [resolve]     a profile of one stage, by cProfile
"""

import cProfile
import gc
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from faust.types import TP

from adaptive_stream.catalog import Catalog, load_catalog
from adaptive_stream.engine.clock import Clock
from adaptive_stream.stages.admit import Admit
from adaptive_stream.stages.resolve import Resolve
from adaptive_stream.stages.step import Step
from adaptive_stream.stages.table import Table
from adaptive_stream.stages.warm import WARM_BYTES
from tests.bench import mix
from tests.bench.figures import Figure, rounded
from tests.bench.lab import TENANT_KEY
from tests.bench.worker import RULES_DIR, TOPICS_DIR

FACTS, CUSTOMERS = (40_000, 6_000), (2_700, 400)  # 15 facts a customer.
BATCH = 500
LINES_SHOWN = 25
READS = (("resolve", "identity.facts.v1"), ("step", "customer.facts.v1"))
Profiles = dict[str, cProfile.Profile]


class Record(NamedTuple):
    """As aiokafka gives it."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


class Run:
    """The three stages, each with one partition, wired to each other in memory."""

    def __init__(
        self, catalog: Catalog, now_ms: int, profiles: Profiles, warm_bytes: int = WARM_BYTES
    ) -> None:
        clock = Clock(now_ms=now_ms, known=dict.fromkeys(catalog.channels, now_ms))
        channels = tuple(catalog.channels.values())
        self._stages: dict[str, Any] = {
            "admit": Admit("", channels, TENANT_KEY.encode(), log_clock=True),
            "resolve": Resolve("", 1, catalog.rules),
            "step": Step("", 1, catalog.rules, warm_bytes=warm_bytes),
        }
        self._views = {name: Table(clock, bytes_max=1 << 30) for name in self._stages}
        self._offsets: dict[str, int] = {}
        self._profiles = profiles
        self._now_ms = now_ms
        self.spent_ns = dict.fromkeys(self._stages, 0)

    def channel(self, topic: str, records: list[Any]) -> None:
        """A batch of one channel through all three, and whatever they send each other."""
        waiting: dict[str, list[Any]] = {"resolve": [], "step": []}
        self._work("admit", topic, records, waiting)
        while any(waiting.values()):
            for stage, read in READS:
                batch, waiting[stage] = waiting[stage], []
                if batch:
                    self._work(stage, read, batch, waiting)

    def _work(
        self, stage: str, topic: str, outputs: list[Any], waiting: dict[str, list[Any]]
    ) -> None:
        start = self._offsets.get(topic, 0)
        self._offsets[topic] = start + len(outputs)
        records = [
            Record(start + n, self._now_ms, key, value, list(headers))
            for n, (key, value, headers) in enumerate(outputs)
        ]
        view, profile = self._views[stage], self._profiles.get(stage)
        began = time.process_time_ns()
        if profile:
            profile.enable()
        outcome = self._stages[stage].work(TP(topic, 0), records, view)
        if profile:
            profile.disable()
        self.spent_ns[stage] += time.process_time_ns() - began
        view.accept(outcome)
        for out in outcome.outputs:
            for to, read in READS:
                if out.topic == read:
                    waiting[to].append((out.key, out.value, out.headers))


def measure(quick: bool, say: Callable[[str], None]) -> Iterator[Figure]:
    """Microseconds per fact that was fed: of customers whose states are all at hand as objects, and
    of the same when each batch decodes them again, as with millions of customers."""
    for name, warm_bytes in (("a fact", WARM_BYTES), ("a fact, nobody at hand", 0)):
        say(f"the stages' own work, {name}")
        run = _run(FACTS[quick], CUSTOMERS[quick], {}, warm_bytes)
        spent = {stage: rounded(ns / 1e3 / FACTS[quick]) for stage, ns in run.spent_ns.items()}
        total = sum(run.spent_ns.values()) / 1e3 / FACTS[quick]
        yield Figure(f"the stages' own work, {name}", total, {"unit": "µs", **spent})


def _run(count: int, customers: int, profiles: Profiles, warm_bytes: int = WARM_BYTES) -> Run:
    gc.disable()  # As the worker does.
    now_ms = int(time.time() * 1000)
    run = Run(load_catalog(TOPICS_DIR, RULES_DIR), now_ms, profiles, warm_bytes)
    for _, key, value in mix.registrations(customers, now_ms):
        run.channel("channel.web.v1", [(key, value, ())])
    run.spent_ns = dict.fromkeys(run.spent_ns, 0)
    for profile in profiles.values():
        profile.clear()
    waiting: dict[str, list[Any]] = {}
    for channel, key, value in mix.facts(count, customers, now_ms):
        batch = waiting.setdefault(channel, [])
        batch.append((key, value, ()))
        if len(batch) >= BATCH:
            run.channel(f"channel.{channel}.v1", waiting.pop(channel))
    for channel, batch in waiting.items():
        run.channel(f"channel.{channel}.v1", batch)
    return run


def main() -> None:
    """Prints where a stage spends its time."""
    import pstats

    profiles = {name: cProfile.Profile() for name in sys.argv[1:] or ["admit", "resolve", "step"]}
    _run(FACTS[1], CUSTOMERS[1], profiles)
    for name, profile in profiles.items():
        print(f"== {name}")
        pstats.Stats(profile).sort_stats("tottime").print_stats(LINES_SHOWN)


if __name__ == "__main__":
    main()
