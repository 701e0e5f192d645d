"""How long a thread has waited for a core, as the system counts it."""

import os
import time

from adaptive_stream.process.cores import waiting

WITHIN_S = 10.0


def test_two_threads_of_work_on_one_core_wait_for_each_other() -> None:
    """The machine is full: who has work can tell."""
    waited_s, until_s = waiting(), time.monotonic() + WITHIN_S
    began_s = waited_s()
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        pid = os.fork()
        if pid == 0:  # It works until it is ended.
            while True:
                pass
        while waited_s() < began_s + 0.1 and time.monotonic() < until_s:
            pass
        os.kill(pid, 9)
        os.waitpid(pid, 0)
    finally:
        os.sched_setaffinity(0, cores)
    assert waited_s() >= began_s + 0.1
