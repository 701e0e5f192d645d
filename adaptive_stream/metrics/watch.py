"""What the shell tells of its work, and what is looked at when Prometheus asks.

Rule: the shell has one hand in here: a Watch, and one Observed for each partition. What is counted,
how and under which name is decided on this side.
"""

import logging
import time
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import adaptive_stream
from adaptive_stream.checkpoint import effects as ask
from adaptive_stream.checkpoint.progress import Progress
from adaptive_stream.engine.clock import Clock
from adaptive_stream.metrics.collector import Metrics, Sample
from adaptive_stream.metrics.recovery import Place, Recovery
from adaptive_stream.metrics.traces import Traces
from adaptive_stream.stages.outcome import InForce, Outcome

log = logging.getLogger(__name__)
STEP_OF = {ask.AwaitOutputs: "outputs", ask.Append: "changelog", ask.WriteStore: "store"}
Words = Mapping[str, tuple[str, ...]]


class Owned(Protocol):
    """What is asked of a partition that this process owns."""

    committable: int
    clock: Clock
    in_force: InForce

    @property
    def is_open(self) -> bool:
        """Whether its store may still be asked."""

    def due(self, until_ms: int, after: tuple[int, bytes], count: int) -> list[tuple[int, bytes]]:
        """As stages.outcome.View."""

    def store_figures(self) -> Mapping[str, int]:
        """Of its store, by the names of metrics; {} without one."""


# The partitions that the process owns.
Partitions = Callable[[], Mapping[Any, Any]]
# Of a partition: the offset after its last record, and the timestamp of the next one (None: no
# record of it is here).
Waits = Callable[[Any], tuple[int, int | None]]


class Watch:
    """Of one stage. `own`: the deployment's words by label.
    `wall`: log times are of today; if not, no age is measured. `traces_url`: where spans go.
    `silent_after_s`: sender -> after how many seconds without a report it counts as silent."""

    def __init__(
        self,
        stage: str,
        own: Words,
        *,
        wall: bool,
        traces_url: str = "",
        silent_after_s: Mapping[str, float] | None = None,
    ) -> None:
        self.metrics = metrics = Metrics(stage, own)
        self._wall = wall
        self._traces = Traces(traces_url, stage) if traces_url else None
        self._taken: dict[Place, deque[tuple[int, int]]] = {}
        # A sender counts as heard when the process begins: who speaks rarely is not yet silent.
        self._silent_s = {name: (time.time(), s) for name, s in (silent_after_s or {}).items()}
        self._recovery = Recovery({}, 0.0)
        metrics.set("build", 1, adaptive_stream.__version__)

    def look_at(self, partitions: Partitions, waits: Waits, ready: Callable[[], bool]) -> None:
        """What is to be looked at when somebody asks."""
        self.metrics.look = lambda: self._look(partitions(), waits, ready())

    def batch(self, tp: Place, records: Sequence[Any], outcome: Outcome) -> None:
        """A batch was worked on; `records` may be more than were."""
        metrics = self.metrics
        metrics.add("batches")
        metrics.add("records", times=outcome.records)
        metrics.add_all(outcome.counts)
        for (name, *labels), _ in outcome.counts.items() if self._silent_s else ():
            if name == "sender_reports" and labels[0] in self._silent_s:
                heard_s, after_s = self._silent_s[labels[0]]
                newest_s = max(heard_s, records[-1].timestamp / 1000)
                self._silent_s[labels[0]] = newest_s, after_s
        taken = self._taken.setdefault(tp, deque())
        taken.append((outcome.next_offset, records[0].timestamp))
        if self._wall and outcome.records:
            age_s = time.time() - _known_ms(records[0]) / 1000
            metrics.observe("fact_age_seconds", age_s, outcome.records)
        if self._traces is not None:
            worked = [each for each in records if each.offset < outcome.next_offset]
            self._traces.hop(tp, worked, outcome.outputs, time.time_ns())

    async def suppressed(self, outcome: Outcome, acknowledged: Awaitable[None]) -> None:
        """The suppressions of a batch can be read once they are acknowledged."""
        told_ns = time.time_ns()
        await acknowledged
        now_ns = time.time_ns()
        if self._wall:
            for log_ms in outcome.suppressed:
                self.metrics.observe("suppression_seconds", now_ns / 1e9 - log_ms / 1000)
        if self._traces is not None:
            self._traces.suppressed(outcome.outputs, told_ns, now_ns)

    def takes_over(self, ways: Mapping[Place, tuple[int, int]]) -> None:
        """Changelogs are going to be read, each from the offset at which its store stands to the
        one at which it ends."""
        self._recovery = Recovery(ways, time.monotonic())
        _say(self._recovery.plan())

    def taken_over(self, seconds: float) -> None:
        """All partitions of an assignment are ours, after this time."""
        self.metrics.add("rebalances")
        self.metrics.set("recovery_seconds", seconds)
        self._taken.clear()
        self._recovery = Recovery({}, 0.0)

    def recovering(self, tp: Place, left: int, read: int) -> None:
        """So many records of a changelog were read, and so many are left."""
        self.metrics.add("recovered_records", times=read)
        _say(self._recovery.read(tp, left, time.monotonic()))

    def _look(
        self, partitions: Mapping[Place, Owned], waits: Waits, ready: bool
    ) -> Iterator[Sample]:
        now_s = time.time()
        owned = {tp: each for tp, each in partitions.items() if each.is_open}
        yield "ready", (), float(ready)
        yield "partitions", (), len(partitions)
        yield from self._lag(waits, owned, now_s)
        if "recovery_left_records" in self.metrics:
            yield "recovery_left_records", (), self._recovery.left
            yield from _figures(owned)
        if "rules" in self.metrics:
            for id_ in {each.in_force.id for each in owned.values() if each.in_force.id}:
                yield "rules", (id_,), 1
        if "sender_silent_seconds" in self.metrics and self._wall:
            for sender, (heard_s, after_s) in self._silent_s.items():
                yield "sender_silent_seconds", (sender,), max(0.0, now_s - heard_s - after_s)
        if "clock_age_seconds" in self.metrics and self._wall:
            yield from _time(owned, now_s)

    def _lag(self, waits: Waits, owned: Mapping[Place, Owned], now_s: float) -> Iterator[Sample]:
        """By number of partition: admit has one of each of its topics."""
        lag: dict[int, int] = {}
        age_s: dict[int, float] = {}
        for tp, partition in owned.items():
            end, waits_ms = waits(tp)
            first_ms = self._first_ms(tp, partition.committable, waits_ms)
            age = 0.0 if first_ms is None else max(0.0, now_s - first_ms / 1000)
            number = tp[1]
            lag[number] = lag.get(number, 0) + max(0, end - partition.committable)
            age_s[number] = max(age, age_s.get(number, 0.0))
        for number, count in lag.items():
            yield "lag_records", (str(number),), count
            if self._wall:
                yield "lag_seconds", (str(number),), age_s[number]

    def _first_ms(self, tp: Place, durable: int, waits_ms: int | None) -> int | None:
        """When the oldest record came that is not durable yet: taken, or waiting to be."""
        taken = self._taken.get(tp, deque())
        while taken and taken[0][0] <= durable:
            taken.popleft()
        return taken[0][1] if taken else waits_ms


class Observed:
    """Performs the effects of one partition, and tells the watch what came of them."""

    def __init__(self, watch: Watch, tp: Place, performer: ask.Performer) -> None:
        self._watch = watch
        self._tp = tp
        self._performer = performer
        self._spent_s: defaultdict[str, float] = defaultdict(float)
        self._claim = -1

    async def perform(self, effect: ask.Effect) -> Any:
        """The effect's result."""
        began = time.perf_counter()
        result = await self._performer.perform(effect)
        self._spent_s[STEP_OF.get(type(effect), "other")] += time.perf_counter() - began
        if isinstance(effect, ask.Append) and effect.epoch is None:
            self._claim = result
        elif isinstance(effect, ask.ReadLog) and self._claim >= 0:
            left = max(0, self._claim + 1 - result.next_offset)
            self._watch.recovering(self._tp, left, len(result.records))
        return result

    def recovered(self) -> None:
        """The partition is ours; what follows are its checkpoints."""
        self._claim = -1
        self._spent_s.clear()

    def durable(self, seconds: float, progress: Progress | None) -> None:
        """A checkpoint is durable, after this time."""
        metrics = self._watch.metrics
        metrics.observe("checkpoint_seconds", seconds)
        for step, spent_s in self._spent_s.items():
            metrics.add("checkpoint_step_seconds", step, times=spent_s)
        self._spent_s.clear()
        if progress is not None:
            self.proven(progress)

    def proven(self, progress: Progress) -> None:
        """The changelog was looked at; whom that met is counted."""
        if progress.strangers:
            self._watch.metrics.add("strangers", times=progress.strangers)
            progress.strangers = 0


def _say(line: str) -> None:
    if line:
        log.info(line)


def _known_ms(record: Any) -> int:
    """When the log knew the fact; in admit, when the channel had it."""
    for name, value in record.headers:
        if name == "log_ms":
            return int(value)
    return int(record.timestamp)


def _figures(owned: Mapping[Place, Owned]) -> Iterator[Sample]:
    """Of all stores; the block cache is one for all of them."""
    total: Counter[str] = Counter()
    for partition in owned.values():
        figures = partition.store_figures()
        total.update({name: each for name, each in figures.items() if name != "store_cache_bytes"})
        total["store_cache_bytes"] = figures.get("store_cache_bytes", 0)
    for name, value in total.items():
        yield name, (), value


def _time(owned: Mapping[Place, Owned], now_s: float) -> Iterator[Sample]:
    """Where the time stands in the partitions that have heard a tick."""
    now_ms = int(now_s * 1000)
    clocks = [each.clock for each in owned.values() if each.clock.now_ms]
    if not clocks:
        return
    known: dict[str, int] = {}
    for clock in clocks:
        for channel, known_ms in clock.known.items():
            known[channel] = min(known_ms, known.get(channel, known_ms))
    for channel, known_ms in known.items():
        yield "known_age_seconds", (channel,), max(0, now_ms - known_ms) / 1000
    yield "clock_age_seconds", (), max(0, now_ms - min(c.now_ms for c in clocks)) / 1000
    first = [due[0][0] for each in owned.values() if (due := each.due(now_ms, (0, b""), 1))]
    yield "timers_overdue_seconds", (), max(0, now_ms - min(first, default=now_ms)) / 1000
