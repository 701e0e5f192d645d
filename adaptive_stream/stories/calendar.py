"""The time of a story: days counted from D0, clock times in the story's zone.

Rule 1: inside, every moment is UTC milliseconds; `D1T08:00` exists in files and reports only.
Rule 2: a story has one zone, that of its `date` line, whatever zones its people live in.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

D0 = date(2026, 3, 3)  # A Tuesday. In the past: Kafka refuses timestamps an hour ahead of its own.
ZONE = "Europe/London"

_DAY = re.compile(r"D(-?\d{1,5})")
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
_MOMENT = re.compile(r"D(-?\d{1,5})T(\S+)")
_DATED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z?")
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_ISO_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


@dataclass(frozen=True, slots=True)
class Moment:
    """A time that a row names. `text` is what the row says."""

    at_ms: int
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Calendar:
    """Where D0 lies."""

    d0: date = D0
    zone: str = ZONE

    def at(self, day: str, clock: str) -> int | None:
        """UTC ms of `D1` and `08:00` or `08:00:30`; None when they are no day and time."""
        day_match, clock_match = _DAY.fullmatch(day), _CLOCK.fullmatch(clock)
        if not day_match or not clock_match:
            return None
        hour, minute, second = (int(part or 0) for part in clock_match.groups())
        on = self.d0 + timedelta(days=int(day_match[1]))
        return _ms(datetime.combine(on, time(hour, minute, second), ZoneInfo(self.zone)))

    def moment(self, text: str) -> Moment | None:
        """`D1T08:00`, or a date with a time (`Z`: UTC, else the story's zone); else None."""
        if match := _MOMENT.fullmatch(text):
            at_ms = self.at("D" + match[1], match[2])
            return None if at_ms is None else Moment(at_ms, text)
        if not _DATED.fullmatch(text):
            return None
        try:
            local = datetime.fromisoformat(text.removesuffix("Z"))
        except ValueError:
            return None
        zone = UTC if text.endswith("Z") else ZoneInfo(self.zone)
        return Moment(_ms(local.replace(tzinfo=zone)), text)

    @property
    def start_ms(self) -> int:
        """D0 00:00: what is before it belongs to the world."""
        start_ms = self.at("D0", "00:00")
        assert start_ms is not None
        return start_ms

    def text(self, at_ms: int) -> str:
        """The inverse: `D0T10:41`, with seconds and milliseconds only when there are any."""
        local = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(self.zone))
        second = "" if at_ms % 60_000 == 0 else f":{local.second:02d}"
        fraction = "" if at_ms % 1000 == 0 else f".{at_ms % 1000:03d}"
        return f"D{(local.date() - self.d0).days}T{local:%H:%M}{second}{fraction}"


def iso(at_ms: int) -> str:
    """RFC 3339 in UTC, as a source would write it."""
    text = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00").removesuffix(".000") + "Z"


def parse_iso(text: str) -> int | None:
    """UTC ms of an RFC 3339 time in UTC, None for any other text."""
    if not _DATED.fullmatch(text) or not text.endswith("Z"):
        return None
    try:
        return _ms(datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC))
    except ValueError:
        return None


def parse_duration(text: str) -> int | None:
    """Milliseconds of `15h29m` or `PT15H29M`, None for any other text."""
    match = _DURATION.fullmatch(text) or _ISO_DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
