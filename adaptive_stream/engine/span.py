"""Lengths of time as people say them: `3d` is the same time of day, `72h` is 72 hours."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

DAY_MS = 86_400_000
# No clock has changed within a quarter of an hour since 1972, and moments of different customers
# share their quarters: a year has 35,000.
QUARTER_MS = 900_000
QUARTERS_KEPT = 65_536
UNITS_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000}


class Span(msgspec.Struct, frozen=True, omit_defaults=True):
    """Calendar days in her zone, then exact milliseconds (ISO 8601 agrees: P3D and PT72H)."""

    days: int = 0
    ms: int = 0

    def after(self, at_ms: int, zone: str) -> int:
        """The moment this long after `at_ms` (UTC ms) on a clock in `zone`."""
        if self.days:
            at_ms = add_days(at_ms, self.days, zone)
        return at_ms + self.ms

    def text(self) -> str:
        """As a rule file would say it."""
        if self.days:
            return f"{self.days}d"
        for unit in ("h", "m", "s"):
            if self.ms % UNITS_MS[unit] == 0:
                return f"{self.ms // UNITS_MS[unit]}{unit}"
        return f"{self.ms}ms"


def parse_span(text: str) -> Span:
    """`30m`, `72h`, `3d`, `90s`. Raises ValueError for anything else."""
    number, unit = text[:-1], text[-1:]
    if not number.isascii() or not number.isdigit() or (unit != "d" and unit not in UNITS_MS):
        raise ValueError(f"{text!r} is no length of time; write 90s, 30m, 72h or 3d")
    if unit == "d":
        return Span(days=int(number))
    return Span(ms=int(number) * UNITS_MS[unit])


def add_days(at_ms: int, days: int, zone: str) -> int:
    """The same time of day, `days` later, in `zone` (a time that the clocks skip moves on)."""
    moved_ms = at_ms + ahead_ms(at_ms // QUARTER_MS, zone) + days * DAY_MS
    return moved_ms - ahead_by_wall_ms(moved_ms // QUARTER_MS, zone)


@lru_cache(QUARTERS_KEPT)
def ahead_ms(quarter: int, zone: str) -> int:
    """By how much clocks in `zone` are ahead of UTC in this quarter of an hour."""
    return _ms(datetime.fromtimestamp(quarter * 900, UTC).astimezone(ZoneInfo(zone)).utcoffset())


@lru_cache(QUARTERS_KEPT)
def ahead_by_wall_ms(quarter: int, zone: str) -> int:
    """The same, by the quarter that those clocks themselves show: the first of two of one name."""
    shown = datetime.fromtimestamp(quarter * 900, UTC).replace(tzinfo=ZoneInfo(zone))
    return _ms(shown.utcoffset())


def _ms(offset: timedelta | None) -> int:
    return (offset or timedelta()) // timedelta(milliseconds=1)
