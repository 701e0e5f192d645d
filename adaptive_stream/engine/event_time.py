"""When it happened: the best of the times that a record has, with the clock-skew rule.

Rule 1: `sent_at` was read from the clock that also read `time`; what that clock is wrong by is
`sent_at` less the moment of receipt, and `time` is wrong by as much.
Rule 2: a time in the future stays as it is here. step cuts it to the log time, which is not known
before the record is in identity.facts.v1.
"""

import re
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from adaptive_stream.engine.refusal import Flaw

TIME_MS_MIN = 631_152_000_000  # 1990: what is older is a clock without a battery.
TIME_MS_MAX = 4_102_444_800_000  # 2100: what is later is another unit, or nonsense.
SKEW_MS_MIN = 2_000  # A network needs up to two seconds; only what is more is a wrong clock.
FUTURE_MS_MAX = 300_000  # The tolerance between any two clocks (DESIGN §5).
CHARACTERS_MAX = 40

_EPOCH = re.compile(r"[0-9]{10,19}(?:\.[0-9]{1,9})?")
_COMPACT = re.compile(r"(?:19|20)[0-9]{12}")  # 20260303104107, as tills write it


class EventTime(msgspec.Struct, frozen=True, gc=False):
    """`at_ms` None: nothing says when. The rest is as in Fact."""

    at_ms: int | None
    source: str = "event"
    claimed_ms: int | None = None
    flaws: tuple[Flaw, ...] = ()


def event_time(
    time: object, sent_at: object, received_at: object, timestamp_ms: int, zone: str
) -> EventTime:
    """The moment of the fact from its own time, the two of its journey, and Kafka's timestamp."""
    own_ms = read_time(time, zone)
    flaws = [Flaw.TIME_UNUSABLE] if own_ms is None and time not in (None, "") else []
    kafka_ms = timestamp_ms if TIME_MS_MIN <= timestamp_ms < TIME_MS_MAX else None
    received_ms = read_time(received_at, zone) if received_at is not None else None
    if received_ms is None:
        received_ms = kafka_ms
    if own_ms is None:
        return EventTime(received_ms, "received", None, tuple(flaws))
    at_ms, source, claimed_ms = own_ms, "event", None
    sent_ms = read_time(sent_at, zone) if sent_at is not None else None
    if sent_ms is not None and received_ms is not None:
        skew_ms = sent_ms - received_ms
        if abs(skew_ms) > SKEW_MS_MIN:  # Nothing is sent before it happened, hence the min.
            at_ms, source, claimed_ms = min(own_ms, sent_ms) - skew_ms, "corrected", own_ms
    if kafka_ms is not None and at_ms > kafka_ms + FUTURE_MS_MAX:
        flaws.append(Flaw.TIME_IN_FUTURE)
    return EventTime(at_ms, source, claimed_ms, tuple(flaws) if flaws else ())


def read_time(value: object, zone: str = "UTC") -> int | None:
    """UTC ms of RFC 3339, ISO 8601 (in `zone` when it names none) or epoch s, ms, us, ns.

    None for what is no time, or none between 1990 and 2100.
    """
    if type(value) is str:
        at_ms = _of_text(value, zone)
    elif type(value) is int or type(value) is float:
        at_ms = _of_epoch(value)
    else:
        return None
    return at_ms if at_ms is not None and TIME_MS_MIN <= at_ms < TIME_MS_MAX else None


def _of_text(text: str, zone: str) -> int | None:
    if len(text) > CHARACTERS_MAX:
        return None
    moment = _iso(text)
    if moment is None:
        text = text.strip().upper()
        if _COMPACT.fullmatch(text):
            text = f"{text[:8]}T{text[8:]}"
        elif _EPOCH.fullmatch(text):
            return _of_epoch(float(text) if "." in text else int(text))
        # A leap second is the last one again; PostgreSQL and tills write the zone as a word.
        text = text.replace(":60", ":59").removesuffix(" UTC").removesuffix(" GMT") + (
            "Z" if text.endswith((" UTC", " GMT")) else ""
        )
        moment = _iso(text)
    if moment is None:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC if zone == "UTC" else _zone(zone))
    try:
        return round(moment.timestamp() * 1000)
    except (OverflowError, ValueError):  # Year 1 in a zone east of Greenwich lies before year 1.
        return None


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _of_epoch(number: float) -> int | None:
    if not 0 < number < 1e19:  # NaN and the infinities are here too.
        return None
    if number < 1e11:
        return round(number * 1_000)
    if number < 1e14:
        return round(number)
    return int(number // (1_000 if number < 1e17 else 1_000_000))


@lru_cache(maxsize=64)  # Zones come from channel files, never from records.
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
