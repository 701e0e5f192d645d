"""What the time is for an expression: days since something, the hour and weekday on her clock.

Rule: whoever asks leaves word of when the answer will change, so that the engine looks again then
and at no other time.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from adaptive_stream.engine.span import add_days

HOUR_MS = 3_600_000
DAY_MS = 86_400_000
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(slots=True)
class Now:
    """`now` in the scope of an expression. `ms`: UTC; `zone`: hers. `changes_ms`: the soonest
    moment at which something that was asked has another answer, None when nothing was asked."""

    ms: int
    zone: str
    changes_ms: int | None = None

    def days_since(self, at_ms: int) -> int:
        """How often the same time of day has come round in her zone; below 0 in the future."""
        days = (self.ms - at_ms) // DAY_MS
        while add_days(at_ms, days + 1, self.zone) <= self.ms:
            days += 1
        while add_days(at_ms, days, self.zone) > self.ms:
            days -= 1
        self._look_again(add_days(at_ms, days + 1, self.zone))
        return days

    def hours_since(self, at_ms: int) -> int:
        """Whole hours."""
        hours = (self.ms - at_ms) // HOUR_MS
        self._look_again(at_ms + (hours + 1) * HOUR_MS)
        return hours

    @property
    def hour(self) -> int:
        """0 to 23, on her clock."""
        return self._local().hour

    @property
    def weekday(self) -> str:
        """One of WEEKDAYS, on her clock."""
        return WEEKDAYS[self._local().weekday()]

    def _local(self) -> datetime:
        """Her clock. It is looked at again when its next hour strikes."""
        local = datetime.fromtimestamp(self.ms // 1000, UTC).astimezone(ZoneInfo(self.zone))
        into_hour_ms = (local.minute * 60 + local.second) * 1000 + self.ms % 1000
        self._look_again(self.ms + HOUR_MS - into_hour_ms)
        return local

    def _look_again(self, at_ms: int) -> None:
        if self.changes_ms is None or at_ms < self.changes_ms:
            self.changes_ms = at_ms
