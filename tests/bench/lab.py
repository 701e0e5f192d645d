"""What one benchmark works with: an empty Kafka, a directory, processes; all end with it."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import psutil

from adaptive_stream.broker import Broker
from adaptive_stream.broker.properties import JVM

ROOT = Path(__file__).parents[2]
PEERS = Path(__file__).parent / "peers"
TENANT_KEY = "bench-bench-bench-bench"
ENDS_WITHIN_S = 10.0
POLL_S = 0.2
LOG_CHARACTERS_SHOWN = 1_500


class Sample(NamedTuple):
    """What processes have used by a moment: CPU seconds (user and system), resident bytes."""

    at_s: float
    cpu_s: float
    rss_bytes: int


def sample(pid: int) -> Sample:
    """Of a process and all below it."""
    cpu_s, rss_bytes = 0.0, 0
    try:
        parent = psutil.Process(pid)
        family = [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        family = []
    for process in family:
        try:
            times = process.cpu_times()
            cpu_s += times.user + times.system
            rss_bytes += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return Sample(time.time(), cpu_s, rss_bytes)


def cpu_at(samples: list[Sample], at_s: float) -> float:
    """CPU seconds used by a moment, read between the two samples around it."""
    before = samples[0]
    for after in samples[1:]:
        if after.at_s >= at_s:
            share = (at_s - before.at_s) / (after.at_s - before.at_s)
            return before.cpu_s + max(0.0, share) * (after.cpu_s - before.cpu_s)
        before = after
    return samples[-1].cpu_s


class Job:
    """A process that is measured. Its output goes to a file."""

    def __init__(self, name: str, command: list[str], log: Path, env: Mapping[str, str]) -> None:
        self.name = name
        self.samples: list[Sample] = []
        self.log = log
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                cwd=log.parent, env={**os.environ, **env}, start_new_session=True,
            )  # fmt: skip

    def sample(self) -> None:
        """Notes what it has used so far. Raises RuntimeError when it has ended."""
        code = self._process.poll()
        if code is not None:
            raise self._ended(code)
        self.samples.append(sample(self._process.pid))

    def done(self) -> bool:
        """Whether it has done what it was to do. Raises RuntimeError when it failed."""
        code = self._process.poll()
        if code:
            raise self._ended(code)
        return code is not None

    def _ended(self, code: int) -> RuntimeError:
        words = self.log.read_text(errors="replace")[-LOG_CHARACTERS_SHOWN:]
        return RuntimeError(f"{self.name} ended with {code}:\n{words}")

    def stop(self) -> None:
        """Ends it and all that it started."""
        for how in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self._process.pid, how)
                self._process.wait(ENDS_WITHIN_S)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue
        self._process.wait(ENDS_WITHIN_S)


class Lab:
    """`with Lab(say) as lab:` an empty broker runs inside, and nothing is left afterwards."""

    def __init__(self, say: Callable[[str], None], jvm: tuple[str, ...] = JVM) -> None:
        self.say = say
        self.directory = Path(tempfile.mkdtemp(prefix="adaptive-stream-bench-"))
        self._broker = Broker(self.directory / "broker", say=say, jvm=jvm)
        self._jobs: list[Job] = []

    def __enter__(self) -> Self:
        self._broker.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for job in self._jobs:
            job.stop()
        self._broker.__exit__(kind, error, trace)
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def bootstrap(self) -> str:
        """Where the broker answers."""
        return self._broker.bootstrap

    def start(self, name: str, command: list[str], **env: str) -> Job:
        """Starts a process; it ends with the lab at the latest."""
        log = self.directory / f"{name}.log"
        job = Job(name, command, log, {"PYTHONPATH": str(ROOT), **env})
        self._jobs.append(job)
        return job

    def python(self, script: str, *words: str, name: str = "", python: str = "") -> Job:
        """Starts a script of peers/, with this Python or another."""
        command = [python or sys.executable, str(PEERS / script), self.bootstrap, *words]
        return self.start(name or script.removesuffix(".py"), command)

    def stop(self, job: Job) -> None:
        """Ends a process before the lab does."""
        job.stop()
        self._jobs.remove(job)


def wait_for(holds: Callable[[], bool], what: str, within_s: float, poll_s: float = POLL_S) -> None:
    """Returns when it holds. Raises TimeoutError, naming `what`."""
    until = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > until:
            raise TimeoutError(f"{what} did not happen within {within_s:.0f} s")
        time.sleep(poll_s)
