"""What the worker's processes count, as an operator's tools would read it."""

import urllib.request
from collections.abc import Iterator, Sequence

from prometheus_client.parser import text_string_to_metric_families

from adaptive_stream.metrics.listed import PREFIX
from adaptive_stream.stories.output import Output, metric
from adaptive_stream.stories.phrases import METRICS

ANSWER_WITHIN_S = 10


def metrics(ports: Sequence[int], at_ms: int) -> Iterator[Output]:
    """The series that rows may ask for, of all processes, noted at this time."""
    for port in ports:
        url = f"http://127.0.0.1:{port}/metrics"
        with urllib.request.urlopen(url, timeout=ANSWER_WITHIN_S) as answer:
            text = answer.read().decode()
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                name = sample.name.removeprefix(PREFIX)
                if name in METRICS and sample.value:  # Each series is there from the start, at 0.
                    labels = [sample.labels[label] for label in METRICS[name]]
                    yield metric(name, labels, sample.value, at_ms)
