"""When a stage that ended is started again."""

import sys
import time

from adaptive_stream.process.supervisor import STEADY_S, Child


def test_a_stage_that_ends_is_started_at_once_and_then_ever_later() -> None:
    """A kill costs no wait; a stage that ends again and again does not keep the machine busy."""
    child = Child("step", [sys.executable, "-c", "pass"])
    now_s, waits = 0.0, []
    for _ in range(5):
        child.look(now_s)
        assert child.process is not None
        child.process.wait(30)
        assert child.look(now_s) == 0
        began_s = now_s
        while child.process is None:
            now_s += 0.25
            child.look(now_s)
        waits.append(now_s - began_s)
    child.process.wait(30)
    assert waits == [0.25, 0.5, 1.0, 2.0, 5.0]

    assert child.look(now_s + STEADY_S + 1) == 0
    child.look(now_s + STEADY_S + 1)
    assert child.process is not None, "a stage that ran for long waits for nothing"
    child.process.wait(30)
    child.look(time.monotonic())
