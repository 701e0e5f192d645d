"""A history is sent as fast as the worker keeps up, in small lumps, and no faster."""

from collections import Counter

from adaptive_stream.cli.pace import FIRST_PER_S, LEAST_PER_S, LOOK_S, LUMP_S, Pace


class Time:
    """A clock that goes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_s += seconds


def sent(pace: Pace, time: Time, seconds: float) -> int:
    """How many records leave within this time."""
    until, count = time.now_s + seconds, 0
    while time.now_s < until:
        pace.wait()
        count += 1
    return count


def test_it_goes_faster_while_the_worker_keeps_up_and_slower_when_it_does_not() -> None:
    """By what the worker has to go, looked at twice a second."""
    time, behind = Time(), [0]
    pace = Pace(lambda: behind[0], 1_000, now_s=lambda: time.now_s, sleep=time.sleep)
    first = sent(pace, time, 1)
    assert first > FIRST_PER_S
    assert sent(pace, time, 5) > 5 * first

    behind[0] = 1_001
    fast = pace.per_s
    sent(pace, time, 2)
    assert pace.per_s < fast / 2
    sent(pace, time, 60)
    assert pace.per_s == LEAST_PER_S  # A worker that is down holds nobody up for ever.


def test_it_goes_no_faster_than_was_said_however_idle_the_worker_is() -> None:
    """Whoever knows what the machine has to spare for a history says so."""
    time = Time()
    pace = Pace(lambda: 0, 1_000, 50, now_s=lambda: time.now_s, sleep=time.sleep)
    assert 490 < sent(pace, time, 10) < 510


def test_records_leave_in_small_lumps_and_a_look_that_took_long_is_not_made_up_for() -> None:
    """A heap is what the next live fact would wait behind; one alone costs as much as ten."""
    time = Time()

    def slow() -> int:
        time.now_s += 2 * LOOK_S
        return 0

    pace = Pace(slow, 1_000, now_s=lambda: time.now_s, sleep=time.sleep)
    left_at = Counter[float]()
    for _ in range(500):
        pace.wait()
        left_at[time.now_s] += 1

    lump = pace.per_s * LUMP_S
    assert max(left_at.values()) <= lump + 2
    assert len(left_at) < 500 / (lump / 2)
