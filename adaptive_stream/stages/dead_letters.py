"""Where a record goes that cannot be worked on: its bytes, its key, its headers, and why.

Rule 1: of an exception its class and nothing else: its message may name a person.
Rule 2: a dead letter always fits. A producer may have packed a record better than we can pack it
again; what is too large then is cut, and its place in the topic it came from is told.
"""

from typing import Any

import cramjam

from adaptive_stream.stages.outcome import EngineFault
from adaptive_stream.stages.records import Output

ROOM_BYTES = 1_000_000  # Any dead-letter topic takes a batch of this size (catalog/bounds.py).
KEY_BYTES_KEPT = 1_024
VALUE_BYTES_KEPT = 65_536
OURS = ("adaptive-stream.", "__connect.errors.", "kafka_dlt-", "dlq_")
TRUNCATED = "adaptive-stream.truncated"


def fitting(letter: Output) -> Output:
    """The letter itself, or, if no batch can hold it, its beginning; a header has its full size."""
    headers = list(letter.headers)
    contents = [letter.key, letter.value, *(said for _, said in headers)]
    size = sum(len(content or b"") for content in contents)
    size += sum(len(name) for name, _ in headers)
    if size <= ROOM_BYTES:
        return letter
    packed = b"".join(content or b"" for content in contents)
    # Half of the room: the batch may pack it a little worse.
    if len(cramjam.lz4.compress(packed, level=9)) <= ROOM_BYTES // 2:
        return letter
    ours = [(name, said) for name, said in headers if name.startswith(OURS)]
    return letter._replace(
        key=letter.key and letter.key[:KEY_BYTES_KEPT],
        value=letter.value and letter.value[:VALUE_BYTES_KEPT],
        headers=[*ours, (TRUNCATED, b"%d" % size)],
    )


def of_engine_fault(tp: Any, record: Any, fault: EngineFault) -> Output:
    """The dead letter of an internal record."""
    headers = [*record.headers, *_why(tp, fault)]
    return fitting(Output(f"{tp.topic}.dlq", 0, record.key, record.value, headers))


def tick_fault(tp: Any, customer: bytes, fault: EngineFault) -> Output:
    """The dead letter of one customer's share in a tick."""
    headers = [("k", b"tick"), *_why(tp, fault)]
    return Output(f"{tp.topic}.dlq", 0, customer, b"", headers)


def _why(tp: Any, fault: EngineFault) -> list[tuple[str, bytes]]:
    return [
        ("dlq_reason", b"engine_fault"),
        ("dlq_exception", type(fault.error).__name__.encode()),
        ("dlq_topic", tp.topic.encode()),
        ("dlq_partition", b"%d" % tp.partition),
        ("dlq_offset", b"%d" % fault.offset),
    ]
