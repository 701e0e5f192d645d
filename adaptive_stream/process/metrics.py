"""What a process counts. One closed list: who looks for a metric finds it here.

Rule 1: counted per batch in plain numbers; Prometheus's objects are made when somebody asks.
Rule 2: base units, `_total` for what only grows, labels from closed lists: no name of a person,
a topic partition or an item is ever a label.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)

import adaptive_stream

PREFIX = "adaptive_stream_"
# name -> (what it says, its labels). What a stage counts under `name` with these labels.
COUNTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "facts": ("Records of channels, by what became of them.", ("channel", "outcome", "reason")),
    "faults": ("What was wrong with facts that were processed all the same.", ("kind",)),
    "repeats": ("Internal records that had been taken before.", ()),
    "messages": ("Links and merges between stages.", ("kind",)),
    "transitions": ("Changes of state told.", ("name",)),
    "suppressions": ("Suppressions told.", ("channel", "action", "because")),
    "opportunities": ("Opportunities told.", ("action", "kind")),
    "journeys_not_started": ("Starts that a rule prevented.", ("because",)),
    "merges": ("Customers found to be one with another.", ()),
    "unmerges": ("Merges that were undone.", ()),
    "links_refused": ("Links that would have made two people one.", ("reason",)),
    "identifiers_contested": ("Identifiers that no longer prove who it is.", ("type", "reason")),
    "customers_forgotten": ("Customers of whom nothing is kept any more.", ("because",)),
    "customers_too_busy": ("Customers flagged for more facts in a day than a person has.", ()),
    "dead_letters": ("Records put into a dead-letter topic.", ("reason",)),
    "engine_exceptions": ("Records on which the engine raised: a bug each.", ("type",)),
    "batches": ("Batches worked on.", ()),
    "records": ("Input records worked on.", ()),
    "checkpoints": ("Checkpoints made durable.", ()),
    "rebalances": ("Times that partitions were assigned.", ()),
    "strangers": ("Keys that another owner wrote into our changelog.", ()),
}
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)


class Histogram:
    """Observations in seconds, by SECONDS."""

    def __init__(self) -> None:
        self.counts = [0] * (len(SECONDS) + 1)
        self.sum = 0.0

    def observe(self, seconds: float, times: int = 1) -> None:
        """Adds an observation."""
        self.counts[bisect_left(SECONDS, seconds)] += times
        self.sum += seconds * times

    def family(self, name: str, says: str) -> HistogramMetricFamily:
        """As Prometheus wants it."""
        total = 0
        buckets = []
        for bound, count in zip((*map(str, SECONDS), "+Inf"), self.counts, strict=True):
            total += count
            buckets.append((bound, total))
        return HistogramMetricFamily(PREFIX + name, says, buckets, self.sum)


class Metrics:
    """A prometheus_client collector. `lag` is asked at scrape: records behind, by stage."""

    def __init__(self, stage: str) -> None:
        self.stage = stage
        self.counts: dict[str, Counter[tuple[str, ...]]] = {name: Counter() for name in COUNTERS}
        self.checkpoint_seconds = Histogram()
        self.suppression_seconds = Histogram()
        self.recovery_seconds = 0.0
        self.partitions = 0
        self.lag: Callable[[], int] = lambda: 0

    def add(self, name: str, *labels: str, times: int = 1) -> None:
        """Counts one of COUNTERS."""
        self.counts[name][labels] += times

    def batch(self, records: int, counts: Mapping[tuple[str, ...], int]) -> None:
        """A batch of so many records was worked on; `counts` by (name, labels...)."""
        self.add("batches")
        self.add("records", times=records)
        for (name, *labels), times in counts.items():
            self.add(name, *labels, times=times)

    def checkpoint(self, seconds: float) -> None:
        """A checkpoint was made durable in this time, its outputs' acknowledgement included."""
        self.checkpoint_seconds.observe(seconds)
        self.add("checkpoints")

    def collect(self) -> Iterator[Any]:
        """Every metric of the process."""
        for name, (says, labels) in COUNTERS.items():
            family = CounterMetricFamily(PREFIX + name, says, labels=("stage", *labels))
            for values, count in sorted(self.counts[name].items()):
                family.add_metric((self.stage, *values), count)
            yield family
        yield self.checkpoint_seconds.family(
            "checkpoint_seconds", "From a checkpoint's first output to its durability."
        )
        yield self.suppression_seconds.family(
            "suppression_seconds", "From a fact's log time to the acknowledgement of its stop."
        )
        yield self._gauge("lag_records", "Records worked on and not yet durable.", self.lag())
        yield self._gauge("partitions", "Partitions that this process owns.", self.partitions)
        says = "What the last takeover of partitions took."
        yield self._gauge("recovery_seconds", says, self.recovery_seconds)
        yield InfoMetricFamily(
            PREFIX + "build", "The version.", {"version": adaptive_stream.__version__}
        )

    def _gauge(self, name: str, says: str, value: float) -> GaugeMetricFamily:
        family = GaugeMetricFamily(PREFIX + name, says, labels=("stage",))
        family.add_metric((self.stage,), value)
        return family
