"""One fact followed from its channel record to the suppression, for whoever asks for it."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from adaptive_stream.broker import Broker
from adaptive_stream.metrics.traces import Traces
from adaptive_stream.metrics.watch import Watch
from adaptive_stream.metrics.words import own_words
from adaptive_stream.stages.admit import Admit
from adaptive_stream.stages.outcome import Outcome
from adaptive_stream.stages.table import Table
from adaptive_stream.stages.traces import begun, given, is_sampled
from tests.broker.stack import Stack, quick_rules
from tests.observability.town import MINUTE_MS
from tests.stages.stage_world import (
    CATALOG,
    T0_MS,
    Record,
    Tp,
    admit_stage,
    fact,
    resolve_stage,
    step_stage,
    tick,
    work_all,
    written,
)

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01".encode()
BOOTS = {"sku": "boots", "quantity": 1, "price": 89.0}
SPANS_WITHIN_S = 60
HOPS = {"admit", "resolve", "step", "suppression"}
OWN = own_words(CATALOG.channels, CATALOG.rules)


class Collector(ThreadingHTTPServer):
    """An OTLP collector that keeps what it is told, as (service, span)."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Post)
        self.spans: list[tuple[str, Any]] = []
        self.changed = threading.Condition()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1/traces"


class _Post(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        for of_service in ExportTraceServiceRequest.FromString(body).resource_spans:
            said = {each.key: each.value.string_value for each in of_service.resource.attributes}
            spans = [span for scope in of_service.scope_spans for span in scope.spans]
            with self.server.changed:
                self.server.spans += [(said["service.name"], span) for span in spans]
                self.server.changed.notify_all()
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing: pytest's output is for tests."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def _followed(headers: tuple[tuple[str, bytes], ...], admit: Admit) -> dict[str, set[bytes]]:
    """What the outputs of a purchase of a forgotten cart carry, by topic."""
    left = fact(0, "cart.item_added", "email:a@example.com", 0, cart="c-1", items=[BOOTS])
    bought = fact(1, "order.completed", "email:a@example.com", 41, order="o-1", items=[BOOTS])
    admitted = work_all(
        admit, Tp("channel.web.v1", 0), [left, bought._replace(headers=headers)], Table()
    )
    resolved = work_all(
        resolve_stage(), Tp("identity.facts.v1", 0), written(admitted, "identity.facts.v1"),
        Table(),
    )  # fmt: skip
    records = written(resolved, "customer.facts.v1")
    order = max(n for n, each in enumerate(records) if dict(each.headers)["k"] == b"fact")
    records = [*records[:order], tick(0, 40), *records[order:]]
    records = [each._replace(offset=n) for n, each in enumerate(records)]
    told = work_all(step_stage(), Tp("customer.facts.v1", 0), records, Table())
    carried: dict[str, set[bytes]] = {}
    for output in told:
        carried.setdefault(output.topic, set()).add(given(output.headers))
    return carried


def test_a_trace_goes_from_the_channel_record_to_the_suppression_as_it_came() -> None:
    """Whoever follows a purchase through their systems finds it on the sender's topic again."""
    carried = _followed((("traceparent", PARENT),), admit_stage())
    assert carried["suppressions.email.v1"] == {PARENT}
    assert carried["customer.state-changed.v1"] == {b"", PARENT}  # The cart's fact brought none.


@pytest.mark.parametrize("said", [b"", b"junk", PARENT.upper(), PARENT + b"-x"])
def test_a_header_that_is_no_trace_is_left_behind(said: bytes) -> None:
    """A producer's mistake goes no further than its own record."""
    carried = _followed((("traceparent", said),), admit_stage())
    assert {header for headers in carried.values() for header in headers} == {b""}


def test_so_many_facts_begin_a_trace_of_their_own_and_always_the_same() -> None:
    """A shop without traces sees some of its facts, and a replay of them under the same ids."""
    places = [b"channel.web.v1/0/%d" % n for n in range(20_000)]
    chosen = [begun(place, 50_000) for place in places]
    assert 800 < sum(map(bool, chosen)) < 1_200
    assert chosen == [begun(place, 50_000) for place in places]
    assert all(is_sampled(given((("traceparent", each),))) for each in chosen if each)
    every = Admit("", tuple(CATALOG.channels.values()), b"0123456789abcdef", True, 1_000_000)
    assert b"" not in _followed((), every)["suppressions.email.v1"]


def test_without_a_collector_nothing_is_imported_and_no_header_looked_at() -> None:
    """Who does not trace pays nothing for it: not in memory, not per record."""
    imports = "import sys, adaptive_stream.worker.app; print('opentelemetry' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", imports], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"

    class Untouched(list[Any]):
        def __iter__(self) -> Iterator[Any]:
            raise AssertionError("a record was looked at")

    watch = Watch("resolve", OWN, wall=False)
    records = Untouched([Record(0, b"k", b"v"), Record(1, b"k", b"v")])
    watch.batch(("t", 0), records, Outcome(clock=Table().clock, next_offset=2, records=2))
    assert "opentelemetry" not in {name.partition(".")[0] for name in vars(watch)}


def test_spans_are_children_of_the_producers_own(collector: Collector) -> None:
    """In the trace of a purchase each hop says which record it took, from when to when."""
    traces = Traces(collector.url, "resolve")
    sampled = Record(7, b"k", b"v", (("traceparent", PARENT),))
    unsampled = Record(8, b"k", b"v", (("traceparent", PARENT[:-2] + b"00"),))
    now_ns = (T0_MS + 12) * 1_000_000
    traces.hop(("identity.facts.v1", 3), [sampled, unsampled, Record(9, b"k", b"v")], [], now_ns)
    assert traces.flush()
    ((service, span),) = collector.spans
    assert service == "adaptive-stream-resolve"
    assert span.trace_id.hex() == TRACE
    assert span.parent_span_id.hex() == "00f067aa0ba902b7"
    assert (span.start_time_unix_nano, span.end_time_unix_nano) == (T0_MS * 1_000_000, now_ns)
    said = {each.key: each.value for each in span.attributes}
    assert said["messaging.destination.name"].string_value == "identity.facts.v1"
    assert said["messaging.kafka.message.offset"].int_value == 7


@pytest.mark.broker
@pytest.mark.slow(15)
def test_a_collector_sees_a_purchase_from_the_channel_to_the_suppression(
    broker: Broker,
    tmp_path: Path,
    topic_prefix: str,
    collector: Collector,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between a till's line and the mail that did not go out there is one trace, with each hop."""
    monkeypatch.setenv("ADAPTIVE_STREAM_TRACES_URL", collector.url)
    monkeypatch.setenv("ADAPTIVE_STREAM_TRACES_PER_MILLION", "0")
    rules_dir = quick_rules(tmp_path)
    with Stack(broker.bootstrap, tmp_path, topic_prefix, rules_dir=rules_dir) as stack:
        _send(stack, "cart.item_added", 31 * MINUTE_MS, {"cart": "c-1", "items": [BOOTS]})
        stack.wait_for("customer.state-changed.v1", _is_abandoned)
        headers = [("traceparent", PARENT)]
        _send(stack, "order.completed", 0, {"order": "o-1", "items": [BOOTS]}, headers)
        with collector.changed:
            collector.changed.wait_for(
                lambda: {span.name for _, span in collector.spans} >= HOPS, SPANS_WITHIN_S
            )
    assert {span.name for _, span in collector.spans} == HOPS
    assert {span.trace_id.hex() for _, span in collector.spans} == {TRACE}


def _is_abandoned(value: dict[str, Any]) -> bool:
    return any(each["name"] == "cart.abandoned" for each in value["transitions"])


def _send(stack: Stack, name: str, age_ms: int, data: dict[str, Any], headers: Any = None) -> None:

    said = {
        "id": name,
        "type": name,
        "time": int(time.time() * 1000) - age_ms,
        "identifiers": {"email": "a@example.com"},
        "data": {"currency": "GBP", **data},
    }
    producer = Producer({"bootstrap.servers": stack.bootstrap})
    producer.produce(stack.topic("channel.web.v1"), json.dumps(said), headers=headers)
    assert producer.flush(30) == 0
