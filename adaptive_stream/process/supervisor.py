"""`worker` without --stage: one process for each stage, started again when one ends.

Rule: nothing outlives the supervisor. A stage holds the other end of a pipe and stops when it
closes, which it does however the supervisor ends, kill -9 included.
"""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from types import FrameType

log = logging.getLogger(__name__)

STAGES = ("admit", "resolve", "step")
STOP_WITHIN_S = 5.0
BACKOFF_S = (0.0, 0.0, 0.5, 1.0, 2.0, 5.0, 10.0)  # By how often it ended in short order.
STEADY_S = 30.0  # Who ran that long starts again at once.
LOOK_S = 0.05
SUPERVISED = "ADAPTIVE_STREAM_SUPERVISED"
REFUSED = 2  # A stage's exit code: its settings or the cluster are wrong, do not start it again.


def group_of(prefix: str, stage: str) -> str:
    """The consumer group of a stage, and its app id."""
    return f"{prefix}adaptive-stream-{stage}"


class Child:
    """One stage's process."""

    def __init__(self, stage: str, command: list[str]) -> None:
        self.stage = stage
        self._command = [*command, "--stage", stage]
        self._ends = 0
        self._start_at_s = 0.0
        self._started_s = 0.0
        self.process: subprocess.Popen[bytes] | None = None

    def look(self, now_s: float) -> int | None:
        """Starts it when it is time to; the exit code when it has just ended."""
        if self.process is None:
            if now_s >= self._start_at_s:
                self._started_s = now_s
                environment = os.environ | {SUPERVISED: "1"}
                self.process = subprocess.Popen(
                    self._command, stdin=subprocess.PIPE, env=environment
                )
            return None
        code = self.process.poll()
        if code is not None:
            self._ended(now_s)
        return code

    def _ended(self, now_s: float) -> None:
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()
        self.process = None
        self._ends = 0 if now_s - self._started_s > STEADY_S else self._ends + 1
        self._start_at_s = now_s + BACKOFF_S[min(self._ends, len(BACKOFF_S) - 1)]

    def stop(self, how: signal.Signals) -> None:
        """Sends it a signal, if it runs."""
        if self.process is not None:
            self.process.send_signal(how)


def supervise(command: list[str]) -> int:
    """Runs until SIGTERM or SIGINT, or until a stage refuses to start; the exit code."""
    stopping = threading.Event()

    def stop(_: int, __: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    children = [Child(stage, command) for stage in STAGES]
    code = 0
    while not stopping.is_set():
        for child in children:
            ended = child.look(time.monotonic())
            if ended == REFUSED:
                code = REFUSED
                stopping.set()
            elif ended is not None:
                log.warning("%s ended with %d and is started again", child.stage, ended)
        stopping.wait(LOOK_S)
    _stop(children)
    return code


def _stop(children: list[Child]) -> None:
    for child in children:
        child.stop(signal.SIGTERM)
    until_s = time.monotonic() + STOP_WITHIN_S
    for child in children:
        if child.process is not None:
            try:
                child.process.wait(max(0.0, until_s - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.stop(signal.SIGKILL)
                child.process.wait()


def end_with_supervisor() -> None:
    """Ends this process when its supervisor has ended. Does nothing without one."""
    if not os.environ.get(SUPERVISED):
        return

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(STOP_WITHIN_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="supervisor").start()
