"""Internal records: headers to Arrival, Message to headers, and whose record it was made from.

Rule: a header is bytes, as Kafka has it; the body is passed on as it came.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec
from murmurhash2 import murmurhash2

from adaptive_stream.engine.message import Arrival, Message
from adaptive_stream.stages.traces import HEADER as TRACE

IDENTITY_FACTS = "identity.facts.v1"
CUSTOMER_FACTS = "customer.facts.v1"
IDENTITY_CHANGELOG = "identity.changelog.v1"
CUSTOMER_CHANGELOG = "customer.changelog.v1"
CLOCK = "clock.v1"
TICK_KEY = b"#tick"
CONTEXT = "context.v1"
RULES = "rules.v1"
RULES_KEY = b"#rules"
EVERY = -1  # As a partition: one copy into each.

JAVA_SEED = 0x9747B28C

Headers = list[tuple[str, bytes]]
encode_ids = msgspec.json.Encoder().encode
decode_ids = msgspec.json.Decoder(tuple[tuple[str, str], ...]).decode


def partition_of(key: bytes, partitions: int) -> int:
    """The partition that Kafka's Java client gives to a key."""
    return (murmurhash2(key, JAVA_SEED) & 0x7FFFFFFF) % partitions


class Origin(NamedTuple):
    """Where a record was made: `source` is `topic@incarnation/partition`, `place` (offset, idx)."""

    source: str
    place: tuple[int, int]


class Output(NamedTuple):
    """A record to be written. `partition` None: by the key, as Java does it; EVERY: into each."""

    topic: str
    partition: int | None
    key: bytes | None
    value: bytes | None
    headers: Iterable[tuple[str, bytes | None]]


def partitions_of(output: Output, partitions: int) -> Iterable[int]:
    """Where a record goes, of so many partitions of its topic."""
    if output.partition == EVERY:
        return range(partitions)
    chosen = output.partition
    return (partition_of(output.key or b"", partitions) if chosen is None else chosen,)


def read(record: Any) -> tuple[Arrival, Origin | None]:
    """An internal record as an Arrival, and its origin (None for a tick and a notice)."""
    said = dict(record.headers)
    origin: Origin | None = None
    if "src" in said:
        source, offset, idx = said["src"].decode().rsplit("/", 2)
        origin = Origin(source, (int(offset), int(idx)))
    arrival = Arrival(  # In order of its fields: by name it takes twice as long.
        said.get("k", b"").decode(),
        record.key.decode() if record.key else "",
        record.value or b"",
        int(said["log_ms"]) if "log_ms" in said else record.timestamp,
        said["cause"].decode() if "cause" in said else "",
        said["m"].decode() if "m" in said else "",
        decode_ids(said["ids"]) if "ids" in said else (),
        said["t"].decode() if "t" in said else "",
        decode_ids(said["contacts"]) if "contacts" in said else (),
        said.get(TRACE, b""),
    )
    return arrival, origin


def rules_headers(log_ms: int | None = None) -> list[tuple[str, bytes]]:
    """Those of the record that takes a partition over to other rules. `log_ms`: what the time is,
    None where the broker says so."""
    stamp = [] if log_ms is None else [("log_ms", b"%d" % log_ms)]
    return [("k", b"rules"), *stamp]


def message_output(message: Message, prefix: str, src: str, arrival: Arrival) -> Output:
    """A Message as the record that carries it on. `src` is whole, with offset and idx."""
    headers: Headers = [
        ("k", message.kind.encode()),
        ("cause", arrival.cause.encode()),
        ("log_ms", str(arrival.log_ms).encode()),
    ]
    if message.to == "everywhere":  # Told apart by `rev`, and not by where it was made.
        return Output(prefix + CUSTOMER_FACTS, EVERY, message.key.encode(), message.body, headers)
    headers.insert(1, ("src", src.encode()))
    if message.member:
        headers.append(("m", message.member.encode()))
    if message.ids:
        headers.append(("ids", encode_ids(message.ids)))
    if message.contacts:
        headers.append(("contacts", encode_ids(message.contacts)))
    if message.type:
        headers.append(("t", message.type.encode()))
    if arrival.trace:
        headers.append((TRACE, arrival.trace))
    topic = IDENTITY_FACTS if message.to == "identity" else CUSTOMER_FACTS
    return Output(prefix + topic, None, message.key.encode(), message.body, headers)
