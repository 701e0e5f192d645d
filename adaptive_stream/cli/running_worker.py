"""The worker as a process of its own: `demo` and tests keep one while they last, `up` for good."""

import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

from adaptive_stream.broker import Running, Supervised
from adaptive_stream.broker.ports import free_port, is_free

STAGES = ("admit", "resolve", "step")
READY_WITHIN_S = 60
POLL_S = 0.05
ANSWER_WITHIN_S = 2
LOG_LINES_SHOWN = 15
LOG_COLUMNS_SHOWN = 300


class WorkerError(Exception):
    """The worker did not come up, or went away; the end of its log is in the message."""


class RunningWorker:
    """`with RunningWorker(bootstrap, data_dir, …):` the three stages are ready inside.

    The stages listen on `web_port` and the two after it; their log is `worker.log` in `data_dir`.
    `options` are more words of the command line of `adaptive-stream worker`.
    """

    def __init__(
        self,
        bootstrap: str,
        data_dir: Path,
        *,
        tenant_key: str,
        options: tuple[str, ...] = (),
        web_port: int | None = None,
    ) -> None:
        self.data_dir = data_dir
        self.web_port = web_port or free_port(len(STAGES))
        self._process = Supervised(data_dir, "worker")
        self._environment = os.environ | {"ADAPTIVE_STREAM_TENANT_KEY": tenant_key}
        self._command = [sys.executable, "-m", "adaptive_stream", "worker"]
        self._command += ["--bootstrap", bootstrap, "--data-dir", str(data_dir)]
        self._command += ["--web-port", str(self.web_port), *options]

    def __enter__(self) -> Self:
        self.start()
        try:
            self.wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def log_path(self) -> Path:
        """What the worker has to say since its last start."""
        return self._process.log_path

    @property
    def pid(self) -> int:
        """The process id of the worker, which is the parent of its stages."""
        running = self._process.status()
        assert running is not None, "the worker does not run"
        return running.child_pid

    def start(self, *, attached: bool = True) -> None:
        """Start it; attached, it ends with this process, however that ends."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        taken = [port for port in self.ports if not is_free(port)]
        if taken:
            raise WorkerError(f"port {taken[0]} is in use: choose others with --web-port")
        lock = self._process.take_lock()
        if lock is None:
            raise WorkerError(f"a worker already runs on {self.data_dir}")
        with lock:
            self._process.start(
                lock,
                self._command,
                port=self.web_port,
                attached=attached,
                environ=self._environment,
            )

    @property
    def ports(self) -> tuple[int, ...]:
        """Where the stages answer, in their order."""
        return tuple(self.web_port + number for number in range(len(STAGES)))

    def wait_until_ready(self, within_s: float = READY_WITHIN_S) -> None:
        """Until every stage has its partitions and has recovered them. Raises WorkerError."""
        until = time.monotonic() + within_s
        while not all(map(_answers, self.ports)):
            if not self._process.runs():
                raise WorkerError(f"the worker ended before it was ready:\n{self._log_end()}")
            if time.monotonic() > until:
                raise WorkerError(f"the worker is not ready after {within_s} s:\n{self._log_end()}")
            time.sleep(POLL_S)

    def status(self) -> Running | None:
        """The worker on this directory, whoever started it; None if none runs."""
        return self._process.status()

    def stop(self) -> bool:
        """An orderly end, bounded; False if none ran."""
        return self._process.stop()

    def _log_end(self) -> str:
        return "\n".join(self._process.last_words(LOG_LINES_SHOWN, LOG_COLUMNS_SHOWN))


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{port}/readyz", timeout=ANSWER_WITHIN_S
        ) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
