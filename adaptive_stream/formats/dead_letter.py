"""What is written to a dead-letter topic: the record as it came, and why it is there.

Rule 1: exact bytes, key and headers, so that a record can be put again after a mend.
Rule 2: but for payment cards. Their numbers are masked wherever they stand, and a header says so.
Rule 3: the reason is told in the header families of Kafka Connect and of Spring, which the tools
of others read already, and in our own.
"""

import re
from collections.abc import Iterable
from struct import pack

from adaptive_stream.engine.fact_data import luhn
from adaptive_stream.engine.refusal import Refusal

STAGE = "adaptive_stream.admit"
EXCEPTION = "adaptive_stream.Refused"  # Both families want a class; ours says it is no exception.

# 13 to 19 digits, also in groups as printed on the card; a longer run is no card number.
_CARD = re.compile(rb"(?<![0-9])[2-6](?:[ -]?[0-9]){12,18}(?![0-9])")
_DIGIT = re.compile(rb"[0-9]")
_NOT_DIGITS = str.maketrans("", "", " -")

DeadLetter = tuple[str, bytes | None, bytes | None, list[tuple[str, bytes | None]]]


def dead_letter(
    topic: str,
    partition: int,
    offset: int,
    timestamp_ms: int,
    key: bytes | None,
    value: bytes | None,
    headers: Iterable[tuple[str, bytes | None]],
    refusal: Refusal,
) -> DeadLetter:
    """The record for `<topic>.dlq` as (topic, key, value, headers), ours after those that came."""
    came = [(name, mask_cards(said)) for name, said in headers or ()]
    masked_key, masked_value = mask_cards(key), mask_cards(value)
    masked = masked_key != key or masked_value != value or came != list(headers or ())
    says = refusal.says().encode()
    why: list[tuple[str, bytes | None]] = [
        ("adaptive-stream.reason", str(refusal.reason).encode()),
        ("adaptive-stream.detail", refusal.detail.encode()),
        ("__connect.errors.topic", topic.encode()),
        ("__connect.errors.partition", b"%d" % partition),
        ("__connect.errors.offset", b"%d" % offset),
        ("__connect.errors.stage", b"VALUE_CONVERTER"),
        ("__connect.errors.class.name", STAGE.encode()),
        ("__connect.errors.exception.class.name", EXCEPTION.encode()),
        ("__connect.errors.exception.message", says),
        ("kafka_dlt-original-topic", topic.encode()),
        ("kafka_dlt-original-partition", pack(">i", partition)),
        ("kafka_dlt-original-offset", pack(">q", offset)),
        ("kafka_dlt-original-timestamp", pack(">q", timestamp_ms)),
        ("kafka_dlt-exception-fqcn", EXCEPTION.encode()),
        ("kafka_dlt-exception-message", says),
    ]
    if masked:
        why.append(("adaptive-stream.masked", b"card"))
    return f"{topic}.dlq", masked_key, masked_value, came + why


def mask_cards(content: bytes | None) -> bytes | None:
    """The same bytes with all but the last four digits of every card number as X."""
    return content if content is None else _CARD.sub(_mask, content)


def _mask(found: re.Match[bytes]) -> bytes:
    text = found[0]
    if not luhn(text.decode().translate(_NOT_DIGITS)):
        return text
    keep_from = [place.start() for place in _DIGIT.finditer(text)][-4]
    return _DIGIT.sub(b"X", text[:keep_from]) + text[keep_from:]
