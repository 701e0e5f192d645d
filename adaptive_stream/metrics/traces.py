"""Spans of what happens to single facts, for OpenTelemetry. Off unless a collector is named.

A hop's span begins when the topic before it had the record and ends when its outputs were handed to
the outboxes; a suppression's begins there and ends with its acknowledgement. All of them are
children of the span in the fact's `traceparent` (stages/traces.py).
"""

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any, Protocol

from adaptive_stream.stages.traces import SAMPLED, given, is_sampled

REMEDY = "install adaptive-stream[traces], or leave ADAPTIVE_STREAM_TRACES_URL empty"
SUPPRESSIONS = "suppressions."
NS_PER_MS = 1_000_000


class Record(Protocol):
    """What is asked of a record of Kafka's."""

    offset: int
    timestamp: int
    headers: Any


class Traces:
    """Of one stage. Raises RuntimeError where OpenTelemetry is not installed."""

    def __init__(self, url: str, stage: str, exporter: Any = None) -> None:
        try:
            self._api = import_module("opentelemetry.trace")
            sdk = import_module("opentelemetry.sdk.trace")
            resources = import_module("opentelemetry.sdk.resources")
            export = import_module("opentelemetry.sdk.trace.export")
            otlp = import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
        except ImportError as error:
            raise RuntimeError(f"{error}: {REMEDY}") from None
        resource = resources.Resource.create({"service.name": f"adaptive-stream-{stage}"})
        provider = sdk.TracerProvider(resource=resource)
        chosen = exporter or otlp.OTLPSpanExporter(endpoint=url)
        provider.add_span_processor(export.BatchSpanProcessor(chosen))
        self.flush = provider.force_flush
        self._tracer = provider.get_tracer("adaptive_stream")
        self._stage = stage

    def hop(
        self, tp: tuple[str, int], records: Iterable[Record], outputs: Iterable[Any], now_ns: int
    ) -> None:
        """A batch was worked on. In admit a record's trace may begin here: its outputs tell."""
        parents = {int(record.offset): given(record.headers) for record in records}
        if self._stage == "admit":
            parents = _begun_here(outputs) | {n: it for n, it in parents.items() if it}
        for record in records:
            parent = parents.get(record.offset, b"")
            if is_sampled(parent):
                place = {
                    "messaging.system": "kafka",
                    "messaging.destination.name": tp[0],
                    "messaging.destination.partition.id": str(tp[1]),
                    "messaging.kafka.message.offset": record.offset,
                }
                self._span(self._stage, parent, record.timestamp * NS_PER_MS, now_ns, place)

    def suppressed(self, outputs: Iterable[Any], told_ns: int, now_ns: int) -> None:
        """Of these outputs, told at `told_ns`, those that are suppressions can be read now."""
        for output in outputs:
            parent = given(output.headers)
            if is_sampled(parent) and SUPPRESSIONS in output.topic:
                place = {"messaging.system": "kafka", "messaging.destination.name": output.topic}
                self._span("suppression", parent, told_ns, now_ns, place)

    def _span(
        self, name: str, parent: bytes, began_ns: int, ended_ns: int, said: Mapping[str, Any]
    ) -> None:
        _, trace, span, _ = parent.decode().split("-")
        remote = self._api.SpanContext(
            int(trace, 16), int(span, 16), is_remote=True, trace_flags=self._api.TraceFlags(SAMPLED)
        )
        context = self._api.set_span_in_context(self._api.NonRecordingSpan(remote))
        self._tracer.start_span(
            name, context, self._api.SpanKind.CONSUMER, dict(said), start_time=began_ns
        ).end(max(began_ns, ended_ns))


def _begun_here(outputs: Iterable[Any]) -> dict[int, bytes]:
    """What admit gave to facts, by the offset of their record."""
    found = {}
    for output in outputs:
        headers = dict(output.headers)
        if "src" in headers:
            found[int(headers["src"].split(b"/")[-2])] = given(output.headers)
    return found
