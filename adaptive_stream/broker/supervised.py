"""A process that runs under supervisor.py: who it is, whether it runs, how it ends.

Rule 1: the lock tells the truth. Supervisor and process both hold it, so a free lock means that
neither runs; what the state file says counts only while the lock is held.
Rule 2: attached, it ends with the caller, however that ends; detached, it runs until `stop`.
"""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from adaptive_stream.broker import supervisor
from adaptive_stream.broker.error import BrokerError

STOP_WITHIN_S = supervisor.STOP_WITHIN_S + 10
KILL_WITHIN_S = 10
POLL_S = 0.05


@dataclass(frozen=True)
class Running:
    """What runs: the supervisor, its child, the process group of both, the port they serve."""

    pid: int
    child_pid: int
    group: int
    port: int


class Supervised:
    """The process `name`; its lock, state and log are files of this name in `directory`."""

    def __init__(self, directory: Path, name: str) -> None:
        self.name = name
        self.log_path = directory / f"{name}.log"
        self._lock_path = directory / f"{name}.lock"
        self._state_path = directory / f"{name}.json"
        self._attached: subprocess.Popen[bytes] | None = None

    def take_lock(self) -> IO[bytes] | None:
        """The lock, for `start`; None if the process runs already."""
        lock = self._lock_path.open("ab")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return None
        return lock

    def start(
        self,
        lock: IO[bytes],
        command: list[str],
        *,
        port: int,
        attached: bool,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """Starts `command`, which inherits the lock; does not wait for it to be ready."""
        if self._attached is not None:
            self._end_of_input()  # An earlier one, which somebody else has killed.
        self._state_path.unlink(missing_ok=True)
        if self.log_path.exists():
            self.log_path.replace(self.log_path.with_suffix(".log.1"))
        with self.log_path.open("ab") as log:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-I", supervisor.__file__),
                    *("attached" if attached else "detached", str(self._state_path)),
                    *(str(port), str(lock.fileno())),
                    *command,
                ],
                stdin=subprocess.PIPE if attached else subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(lock.fileno(),),
                env=environ,
                start_new_session=True,  # Ctrl-C in a terminal is for its caller alone.
            )
        if attached:
            self._attached = process
        else:
            process.wait()  # It left a process of its own behind.

    def runs(self) -> bool:
        """Whether it runs, whoever started it."""
        try:
            lock = self._lock_path.open("rb")
        except FileNotFoundError:
            return False
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False

    def status(self) -> Running | None:
        """What runs, whoever started it; None if nothing does."""
        deadline = time.monotonic() + KILL_WITHIN_S
        while self.runs():
            try:
                return Running(**json.loads(self._state_path.read_text()))
            except FileNotFoundError:  # It started this very moment.
                if time.monotonic() > deadline:
                    raise BrokerError(
                        f"something holds the lock {self._lock_path} but runs no {self.name}",
                        f"find it with `fuser {self._lock_path}` and end it",
                    ) from None
            time.sleep(POLL_S)
        return None

    def stop(self) -> bool:
        """Ends it, cleanly if it can; False if nothing ran. Works on what others started, too."""
        running = self.status()
        if self._attached is not None:
            self._end_of_input()
        if running is None:
            return False
        for pid in (running.pid, running.child_pid):
            _signal(os.kill, pid, signal.SIGTERM)
        ended = self._ends_within(STOP_WITHIN_S)
        _signal(os.killpg, running.group, signal.SIGKILL)  # Whatever it may have left.
        if not ended and not self._ends_within(KILL_WITHIN_S):
            raise BrokerError(
                f"the {self.name} does not end, not even by kill -9"
                f" (processes {running.pid} and {running.child_pid})",
                "its disk may hang; see what `ps` says of these processes",
            )
        return True

    def last_words(self, lines_max: int, columns_max: int) -> list[str]:
        """The end of its log without warnings and without the lines of a stack."""
        lines = self.log_path.read_text(errors="replace").splitlines()
        told = [line for line in lines if line[:1].strip() and "WARN" not in line]
        return [line[:columns_max] for line in told[-lines_max:]]

    def _end_of_input(self) -> None:
        """The supervisor's sign to end; then its exit code is taken, so that no zombie stays."""
        assert self._attached is not None
        assert self._attached.stdin is not None
        self._attached.stdin.close()
        try:
            self._attached.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._attached.kill()
            self._attached.wait(KILL_WITHIN_S)
        self._attached = None

    def _ends_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.runs():
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_S)
        return True


def _signal(send: Callable[[int, int], None], target: int, number: signal.Signals) -> None:
    try:
        send(target, number)
    except (ProcessLookupError, PermissionError):
        pass  # It has ended (macOS: and was not waited for yet); the lock tells when all have.
