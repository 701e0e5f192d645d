"""Which trace a fact belongs to: the W3C `traceparent` of its channel record, as it came.

Rule: nothing is rewritten on the way, so a replay gives the same bytes; every hop is a child of the
producer's own span. A fact without one may begin a trace, under ids derived from its place.
"""

import re
from collections.abc import Iterable
from hashlib import blake2b

HEADER = "traceparent"
FORM = re.compile(rb"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
SAMPLED = 1
MILLION = 1_000_000


def given(headers: Iterable[tuple[str, bytes | None]]) -> bytes:
    """What the record itself says, b"" if that is nothing of use."""
    for name, value in headers:
        if name == HEADER and value is not None and FORM.fullmatch(value):
            return value
    return b""


def begun(place: bytes, per_million: int) -> bytes:
    """The beginning of a trace for so many of a million places, else b""."""
    digest = blake2b(place, digest_size=32).digest()
    if int.from_bytes(digest[:8]) % MILLION >= per_million:
        return b""
    return b"00-%s-%s-01" % (digest[8:24].hex().encode(), digest[24:].hex().encode())


def is_sampled(traceparent: bytes) -> bool:
    """Whether somebody wants to see it."""
    return bool(traceparent) and bool(int(traceparent[-2:], 16) & SAMPLED)
