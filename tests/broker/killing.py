"""kill -9 of a worker's processes, each of which comes back."""

import os
import signal
import subprocess
import time
from pathlib import Path

from adaptive_stream.cli.running_worker import RunningWorker

STAGES = ("admit", "resolve", "step")


def stage_pid(worker: RunningWorker, stage: str) -> int | None:
    """The process of a stage under this supervisor, None while there is none."""
    found = subprocess.run(
        ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(worker.pid)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    for line in found.stdout.splitlines():
        if line.endswith(f"--stage {stage}"):
            return int(line.split()[0])
    return None


def kill_stage(worker: RunningWorker, stage: str, within_s: float = 20) -> None:
    """Returns when its supervisor has started another."""
    until = time.monotonic() + within_s
    while (dead := stage_pid(worker, stage)) is None:
        assert time.monotonic() < until, f"there was no {stage} to kill"
        time.sleep(0.05)
    os.kill(dead, signal.SIGKILL)
    while stage_pid(worker, stage) in (None, dead):
        assert time.monotonic() < until, f"{stage} was not started again"
        time.sleep(0.05)


def kill_supervisor(worker: RunningWorker, within_s: float = 10) -> None:
    """Its stages end with it; returns when the next supervisor is on its way."""
    stages = [stage_pid(worker, stage) for stage in STAGES]
    os.kill(worker.pid, signal.SIGKILL)
    until = time.monotonic() + within_s
    while any(Path(f"/proc/{pid}").exists() for pid in stages):
        assert time.monotonic() < until, "a stage outlived its supervisor"
        time.sleep(0.05)
    while worker.status() is not None:  # Whoever watches over the supervisor notices in a moment.
        assert time.monotonic() < until, "the worker's lock outlived it"
        time.sleep(0.05)
    worker.start()
