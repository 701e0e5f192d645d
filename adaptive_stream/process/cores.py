"""Whether there is a core for who has work."""

import os
from collections.abc import Callable


def waiting() -> Callable[[], float]:
    """-> for how many seconds this thread has had work and no core, by the moment of each call: the
    second number of Linux's /proc/thread-self/schedstat, nanoseconds. Elsewhere always 0."""
    try:
        file = os.open("/proc/thread-self/schedstat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return lambda: 0.0
    return lambda: int(os.pread(file, 100, 0).split()[1]) / 1e9
