"""The one shape of everything that leaves: CloudEvents in Kafka's binary mode.

Rule 1: the value is plain JSON. Who knows nothing of CloudEvents loses nothing.
Rule 2: the same decision gives the same bytes, headers included: repeats can be told by equality.
"""

from functools import lru_cache
from typing import Annotated

import msgspec

from adaptive_stream.engine.rfc3339 import timestamp

VERSION_HEADER = ("ce_specversion", b"1.0")
CONTENT_HEADER = ("content-type", b"application/json")
LAST_MS = 253_402_300_799_999  # RFC 3339 has four digits for the year; a sender's due date may not.

# A moment as it stands in a payload: what `time_text` makes.
Time = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
Headers = tuple[tuple[str, bytes], ...]


class Record(msgspec.Struct, frozen=True, gc=False):
    """What is written. `topic` without the deployment's prefix; `value` None is a tombstone."""

    topic: str
    key: bytes
    value: bytes | None
    headers: Headers


encode = msgspec.json.Encoder().encode


def time_text(at_ms: int) -> str:
    """RFC 3339 in UTC, with milliseconds only when there are any: `2026-03-03T10:41:07.412Z`."""
    return timestamp(min(max(at_ms, 0), LAST_MS))


def time_or_null(at_ms: int | None) -> str | None:
    """As `time_text`, for a moment that may not exist."""
    return None if at_ms is None else time_text(at_ms)


def cloud_event(topic: str, event: str, kind: str, customer: str, time: str) -> Headers:
    """The CloudEvents headers. `event` is its id, `kind` what stands in ce_type: `customer.merged`.

    ce_source is the topic, so that an id need only be unique within its topic.
    """
    source, type_ = _words(topic, kind)
    return (
        VERSION_HEADER,
        ("ce_id", event.encode()),
        source,
        type_,
        ("ce_subject", customer.encode()),
        ("ce_time", time.encode()),
        CONTENT_HEADER,
    )


@lru_cache(maxsize=256)  # There are not many topics and kinds.
def _words(topic: str, kind: str) -> tuple[tuple[str, bytes], tuple[str, bytes]]:
    type_ = f"adaptive-stream.{kind}.v1"
    return ("ce_source", b"adaptive-stream/" + topic.encode()), ("ce_type", type_.encode())
