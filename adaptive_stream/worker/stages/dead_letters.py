"""Where a record goes on which the engine raised: its bytes, its key, its headers, and why.

Rule: the exception's class and nothing else of it: its message may name a person.
"""

from typing import Any

from adaptive_stream.worker.outcome import EngineFault
from adaptive_stream.worker.records import Output


def of_engine_fault(tp: Any, record: Any, fault: EngineFault) -> Output:
    """The dead letter of an internal record."""
    headers = [*record.headers, *_why(tp, fault)]
    return Output(f"{tp.topic}.dlq", 0, record.key, record.value, headers)


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
