"""What the time is for a condition, and when the answer will be another."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from adaptive_stream.engine.now import DAY_MS, HOUR_MS, Now
from adaptive_stream.engine.span import add_days

TUESDAY_TEN = 1_772_532_000_000  # 2026-03-03 10:00 in London
SPRING_FORWARD = 1_774_742_400_000  # 2026-03-29 00:00 in London, an hour before the clocks change


def test_the_hour_and_the_weekday_are_those_of_her_clock() -> None:
    """Ten in the morning in London is half past three in the afternoon in Kolkata."""
    london, kolkata = Now(TUESDAY_TEN, "Europe/London"), Now(TUESDAY_TEN, "Asia/Kolkata")
    assert (london.hour, london.weekday) == (10, "tuesday")
    assert (kolkata.hour, kolkata.weekday) == (15, "tuesday")


def test_it_is_looked_again_when_her_next_hour_strikes() -> None:
    """A hold for the night ends at eight, not when she does something."""
    now = Now(TUESDAY_TEN + 1, "Asia/Kolkata")
    assert now.changes_ms is None
    assert now.hour == 15
    assert now.changes_ms == TUESDAY_TEN + HOUR_MS // 2


@pytest.mark.parametrize(
    ("since_ms", "days"),
    [
        (TUESDAY_TEN, 0),
        (TUESDAY_TEN - DAY_MS + 1, 0),
        (TUESDAY_TEN - DAY_MS, 1),
        (TUESDAY_TEN - 30 * DAY_MS, 30),
        (TUESDAY_TEN + 1, -1),
    ],
)
def test_days_are_counted_by_the_time_of_day(since_ms: int, days: int) -> None:
    """What was bought at ten yesterday was bought a day ago at ten, and not before."""
    now = Now(TUESDAY_TEN, "Europe/London")
    assert now.days_since(since_ms) == days
    assert now.changes_ms == since_ms + (days + 1) * DAY_MS


def test_the_day_on_which_the_clocks_go_forward_has_23_hours() -> None:
    """A day ago is the same time of day, as `1d` is everywhere."""
    at_ms = SPRING_FORWARD + 23 * HOUR_MS
    assert Now(at_ms, "Europe/London").days_since(SPRING_FORWARD) == 1
    assert Now(at_ms - 1, "Europe/London").days_since(SPRING_FORWARD) == 0
    assert Now(at_ms, "Europe/London").hours_since(SPRING_FORWARD) == 23


def test_the_soonest_change_counts() -> None:
    """Two questions, one moment to look again."""
    now = Now(TUESDAY_TEN, "Europe/London")
    assert now.days_since(TUESDAY_TEN - DAY_MS // 2) == 0
    assert now.hours_since(TUESDAY_TEN - HOUR_MS // 2) == 0
    assert now.changes_ms == TUESDAY_TEN + HOUR_MS // 2


@pytest.mark.parametrize(
    "zone", ["Europe/London", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe"]
)
def test_three_days_later_it_is_the_same_time_of_day_also_when_the_clocks_have_changed(
    zone: str,
) -> None:
    """Every quarter of an hour of a year, less a millisecond: as the zone's own rules have it."""
    hers = ZoneInfo(zone)
    for quarter in range(365 * 96):
        at_ms = TUESDAY_TEN + quarter * (HOUR_MS // 4) - 1
        local = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(hers)
        moved = (local.replace(tzinfo=None) + timedelta(days=3)).replace(tzinfo=hers)
        assert add_days(at_ms, 3, zone) == round(moved.timestamp() * 1000)
