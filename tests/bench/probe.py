"""Measures how long it takes from a record's acknowledgement to what comes of it being readable.

Open loop: records leave when their time has come, whatever the system under test does.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition

from tests.bench.kafka import QUIET, Read, end_of, partitions_of

READ_AT_ONCE = 500
LATE_S = 30.0  # What has not come by then is missing.
STEP_S = 0.001
LINGER_MS = 5  # The default of librdkafka, and of Apache Kafka's own client since 4.0.

Record = tuple[str, bytes, bytes, str]  # topic, key, value, id when it is tracked, else ""


@dataclass
class Seen:
    """`acked_s` and `readable_s` by id, on one clock; `behind_s`: how late the probe itself was."""

    acked_s: dict[str, float] = field(default_factory=dict)
    readable_s: dict[str, float] = field(default_factory=dict)
    behind_s: list[float] = field(default_factory=list)

    def latencies_ms(self) -> list[float]:
        """Sorted. Raises AssertionError when something never came."""
        missing = self.acked_s.keys() - self.readable_s.keys()
        if missing:
            raise AssertionError(
                f"{len(missing)} of {len(self.acked_s)} never came: {min(missing)}"
            )
        # What is readable before its own acknowledgement is seen took no time.
        return sorted(max(0.0, self.readable_s[id] - at) * 1e3 for id, at in self.acked_s.items())


def percentile(values: Sequence[float], share: float) -> float:
    """Of sorted values."""
    return values[min(len(values) - 1, int(len(values) * share))]


def probe(
    bootstrap: str,
    records: Sequence[Record],
    per_s: float,
    out_topic: str,
    id_of: Callable[[Read], str],
    at: dict[float, Callable[[], Any]] | None = None,
    beside: tuple[Sequence[Record], float] = ((), 1.0),
) -> Seen:
    """Writes the records at this rate and reads `out_topic` beside it, from its end on. `at`: what
    else is to be done, by seconds from the start. `beside`: records that are written meanwhile, and
    their rate, by a client as it comes: it gathers for 5 ms, where the probe sends at once."""
    seen = Seen()
    consumer = Consumer(
        {**QUIET, "bootstrap.servers": bootstrap, "group.id": "probe", "fetch.wait.max.ms": 50,
         "enable.auto.commit": False}
    )  # fmt: skip
    tps = partitions_of(consumer, out_topic)
    ends = [end_of(consumer, tp) for tp in tps]
    consumer.assign(
        [TopicPartition(tp.topic, tp.partition, end) for tp, end in zip(tps, ends, strict=True)]
    )
    consumer.consume(1, 0.5)  # Connected, and its first fetch is waiting.
    wanted = {id for _, _, _, id in records if id}
    written = threading.Event()

    def read() -> None:
        until: float | None = None
        while len(seen.readable_s) < len(wanted) and (until is None or time.perf_counter() < until):
            found = consumer.consume(READ_AT_ONCE, 0.001) or consumer.consume(1, 0.1)
            now_s = time.perf_counter()
            for each in found:
                id = id_of(Read(each.key(), each.value(), 0))
                if id in wanted:
                    seen.readable_s.setdefault(id, now_s)
            if until is None and written.is_set():
                until = time.perf_counter() + LATE_S

    reading = threading.Thread(target=read)
    reading.start()
    writing = threading.Thread(target=_write, args=(bootstrap, *beside, LINGER_MS, Seen(), {}))
    writing.start()
    _write(bootstrap, records, per_s, 0, seen, dict(at or {}))
    writing.join()
    written.set()
    reading.join()
    consumer.close()
    return seen


def _write(
    bootstrap: str,
    records: Sequence[Record],
    per_s: float,
    linger_ms: int,
    seen: Seen,
    at: dict[float, Callable[[], Any]],
) -> None:
    producer = Producer(
        {**QUIET, "bootstrap.servers": bootstrap, "linger.ms": linger_ms, "compression.type": "lz4",
         "partitioner": "murmur2_random"}
    )  # fmt: skip

    def acked(id: str) -> Callable[[Any, Any], None]:
        def note(error: Any, _: Any) -> None:
            if error is None:
                seen.acked_s[id] = time.perf_counter()

        return note

    producer.list_topics(timeout=10)
    start_s = time.perf_counter()
    for number, (topic, key, value, id) in enumerate(records):
        due_s = start_s + number / per_s
        while (left_s := due_s - time.perf_counter()) > 0:
            producer.poll(0)
            time.sleep(min(left_s, STEP_S))  # `poll` itself spins through less than a millisecond.
        for moment_s in [each for each in at if start_s + each < due_s]:
            at.pop(moment_s)()
        seen.behind_s.append(-left_s)
        on_delivery = {"on_delivery": acked(id)} if id else {}
        producer.produce(topic, value, key, **on_delivery)
    producer.flush()
