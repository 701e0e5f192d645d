"""Moments as text. A state tells a dozen, mostly of weeks ago: no two customers have one in common,
but all share their hours.
"""

from datetime import UTC, datetime
from functools import lru_cache

HOURS_KEPT = 16_384  # Two years.
IN_HOUR = tuple(f"{second // 60:02d}:{second % 60:02d}" for second in range(3600))
FRACTION = ("Z", *(f".{ms:03d}Z" for ms in range(1, 1000)))


def timestamp(at_ms: int) -> str:
    """RFC 3339 in UTC, with milliseconds only when there are any: `2026-03-03T10:41:07.412Z`."""
    in_hour_ms = at_ms % 3_600_000
    return _hour(at_ms // 3_600_000) + IN_HOUR[in_hour_ms // 1000] + FRACTION[in_hour_ms % 1000]


@lru_cache(HOURS_KEPT)
def _hour(hour: int) -> str:
    return datetime.fromtimestamp(hour * 3600, UTC).isoformat()[:14]
