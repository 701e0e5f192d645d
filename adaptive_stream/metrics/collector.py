"""What a process has counted, as Prometheus asks for it.

Rule 1: counted per batch in plain numbers; Prometheus's objects are made when somebody asks.
Rule 2: a counter begins at 0 in every series that can be told beforehand: `increase` does not see
the first value of a series.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import product
from math import prod
from typing import Any

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.core import Metric as Family

from adaptive_stream.metrics.listed import METRICS, PREFIX, SECONDS, Metric
from adaptive_stream.metrics.words import OTHER, Label

SERIES_AT_START_MAX = 64  # Of one metric; those with more begin when they are met.
Sample = tuple[str, tuple[str, ...], float]  # name, labels without `stage`, value


class Histogram:
    """Observations in seconds, by SECONDS."""

    def __init__(self) -> None:
        self.counts = [0] * (len(SECONDS) + 1)
        self.sum = 0.0

    def observe(self, seconds: float, times: int = 1) -> None:
        """Adds an observation; a clock that stands behind the log's gives 0."""
        seconds = max(seconds, 0.0)
        self.counts[bisect_left(SECONDS, seconds)] += times
        self.sum += seconds * times

    def buckets(self) -> list[tuple[str, float]]:
        """(bound, how many are not above it), as Prometheus wants it."""
        total, buckets = 0, []
        for bound, count in zip((*map(str, SECONDS), "+Inf"), self.counts, strict=True):
            total += count
            buckets.append((bound, float(total)))
        return buckets


class Metrics:
    """A prometheus_client collector of one stage. `own` are the deployment's words by label
    (words.own_words); `look` is asked at each scrape for what is not counted: its gauges."""

    def __init__(self, stage: str, own: Mapping[str, tuple[str, ...]]) -> None:
        self.stage = stage
        self.look: Callable[[], Iterable[Sample]] = tuple
        self._own = own
        self._mine = {each.name: each for each in METRICS if stage in each.stages}
        self._words = {
            name: [self._of(label) for label in each.labels] for name, each in self._mine.items()
        }
        self._values: dict[str, defaultdict[tuple[str, ...], float]] = {
            name: defaultdict(float, dict.fromkeys(self._at_start(each), 0.0))
            for name, each in self._mine.items()
        }
        self._histograms = {
            name: Histogram() for name, each in self._mine.items() if each.kind == "histogram"
        }

    def __contains__(self, name: str) -> bool:
        """Whether this stage has a metric of this name."""
        return name in self._mine

    def add(self, name: str, *labels: str, times: float = 1) -> None:
        """Counts. Raises KeyError for a metric that this stage does not have."""
        self._values[name][self._bounded(name, labels)] += times

    def add_all(self, counts: Mapping[tuple[str, ...], int]) -> None:
        """Counts what a batch counted: (name, labels...) -> times."""
        for (name, *labels), times in counts.items():
            self.add(name, *labels, times=times)

    def set(self, name: str, value: float, *labels: str) -> None:
        """Sets a gauge."""
        self._values[name][self._bounded(name, labels)] = value

    def observe(self, name: str, seconds: float, times: int = 1) -> None:
        """Adds to a histogram."""
        self._histograms[name].observe(seconds, times)

    def collect(self) -> Iterator[Family]:
        """Every metric of the process."""
        looked: defaultdict[str, dict[tuple[str, ...], float]] = defaultdict(dict)
        for name, labels, value in self.look():
            looked[name][self._bounded(name, labels)] = value
        for name, metric in self._mine.items():
            if metric.kind == "histogram":
                yield self._histogram(metric)
            else:
                yield self._family(metric, self._values[name] | looked[name])

    def _family(self, metric: Metric, values: Mapping[tuple[str, ...], float]) -> Family:
        kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
        name = metric.exposed if metric.kind == "info" else PREFIX + metric.name
        family: Any = kind(name, metric.says, labels=_names(metric))
        for labels, value in sorted(values.items()):
            family.add_metric((self.stage, *labels), value)
        return family

    def _histogram(self, metric: Metric) -> Family:
        family = HistogramMetricFamily(PREFIX + metric.name, metric.says, labels=_names(metric))
        histogram = self._histograms[metric.name]
        family.add_metric((self.stage,), histogram.buckets(), histogram.sum)
        return family

    def _of(self, label: Label) -> dict[str, None] | None:
        """The words of a label, in order; None: partitions' numbers, which the cluster bounds."""
        words = self._own.get(label.name) if label.values is None else label.values
        return None if words is None else dict.fromkeys(words)

    def _at_start(self, metric: Metric) -> list[tuple[str, ...]]:
        words = self._words[metric.name]
        if metric.kind == "info":
            return []
        if metric.kind == "gauge" and words:
            return []  # Whoever looks finds those that there are.
        known = [each for each in words if each is not None]
        if prod(map(len, known)) > SERIES_AT_START_MAX:
            return []
        return list(product(*known))

    def _bounded(self, name: str, labels: tuple[str, ...]) -> tuple[str, ...]:
        words = self._words[name]
        return tuple(
            word if known is None or word in known else OTHER
            for word, known in zip(labels, words, strict=True)
        )


def _names(metric: Metric) -> tuple[str, ...]:
    return ("stage", *(label.name for label in metric.labels))
