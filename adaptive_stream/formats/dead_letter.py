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

CARD_DIGITS = range(13, 20)
GROUPS_MAX = 6  # 4-4-4-4-3 is the longest grouping in use.

# Groups of digits as printed on cards. What stands before or after a number (a date, the three
# digits of its check code) can be in the same run, so each group is tried as the first.
_RUN = re.compile(rb"(?<![0-9])[0-9]{3,19}(?:[ -][0-9]{3,19})*(?![0-9])")
_GROUP = re.compile(rb"[0-9]+")
_DIGIT = re.compile(rb"[0-9]")

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
    return content if content is None else _RUN.sub(_mask, content)


def _mask(found: re.Match[bytes]) -> bytes:
    run = found[0]
    if len(run) < CARD_DIGITS.start:
        return run
    groups = [group.span() for group in _GROUP.finditer(run)]
    parts: list[bytes] = []
    done = first = 0
    while first < len(groups):
        last = _card(run, groups[first : first + GROUPS_MAX])
        if last is not None:
            begin, end = groups[first][0], groups[first + last][1]
            parts += run[done:begin], _all_but_four(run[begin:end])
            done, first = end, first + last
        first += 1
    return b"".join((*parts, run[done:]))


def _card(run: bytes, groups: list[tuple[int, int]]) -> int | None:
    """The index of the group with which a number that begins with the first one ends."""
    digits = b""
    for last, (begin, end) in enumerate(groups):
        digits += run[begin:end]
        if len(digits) in CARD_DIGITS and digits[:1] in b"23456" and luhn(digits):
            return last
    return None


def _all_but_four(number: bytes) -> bytes:
    keep_from = [place.start() for place in _DIGIT.finditer(number)][-4]
    return _DIGIT.sub(b"X", number[:keep_from]) + number[keep_from:]
