"""Stands between a caller and a process it wants, so that the process never outlives its purpose.

Runs by its path, with the standard library alone; supervised.py starts it:

    supervisor.py attached|detached STATE_FILE PORT LOCK_FD COMMAND...

Rule 1: attached, the command ends when standard input does: the kernel closes that pipe however
the caller died, kill -9 included. Detached, it ends on SIGTERM.
Rule 2: the command dies with its supervisor, where the kernel can be asked for that (Linux).
Rule 3: both hold LOCK_FD, so a free lock means that neither runs.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

STOP_WITHIN_S = 20  # Kafka needs a second; a disk that hangs must not keep us for ever.
PR_SET_PDEATHSIG = 1


def main(words: list[str]) -> int:
    """Starts the command, waits for its end, returns its exit code."""
    mode, state_file, port, lock_fd, *command = words
    if mode == "detached" and os.fork():
        return 0  # The caller waits for this process; the other one has no parent to bother.
    # Only the caller decides when a broker stops: not the terminal that it shares with us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        pass_fds=(int(lock_fd),),
        preexec_fn=_dies_with_us(),  # noqa: PLW1509  # before any thread is started
    )

    def stop(*_: object) -> None:
        child.terminate()
        timer = threading.Timer(STOP_WITHIN_S, child.kill)
        timer.daemon = True
        timer.start()

    signal.signal(signal.SIGTERM, stop)
    if mode == "attached":
        threading.Thread(target=_at_end_of_input, args=(stop,), daemon=True).start()
    running = {"pid": os.getpid(), "child_pid": child.pid, "group": os.getpgrp(), "port": int(port)}
    _write_state(Path(state_file), running)
    return abs(child.wait())


def _at_end_of_input(stop: Callable[[], None]) -> None:
    os.read(0, 1)  # Nobody writes: it returns at the end of input, and not before.
    stop()


def _dies_with_us() -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)  # loaded before the fork: a child may not take locks of the loader

    def ask_the_kernel() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    return ask_the_kernel


def _write_state(path: Path, state: dict[str, int]) -> None:
    """Whole or not at all: `broker stop` may read it at any moment."""
    fresh = path.with_suffix(".fresh")
    fresh.write_text(json.dumps(state))
    fresh.replace(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
