"""A worker that lives as long as the caller: `demo` and tests on a real broker run one."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

STAGES = ("admit", "resolve", "step")
READY_WITHIN_S = 60
STOP_WITHIN_S = 15
POLL_S = 0.05
LOG_LINES_SHOWN = 15


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
        self.web_port = web_port or _three_free_ports()
        self.log_path = data_dir / "worker.log"
        self._environment = os.environ | {"ADAPTIVE_STREAM_TENANT_KEY": tenant_key}
        self._command = [sys.executable, "-m", "adaptive_stream", "worker"]
        self._command += ["--bootstrap", bootstrap, "--data-dir", str(data_dir)]
        self._command += ["--web-port", str(self.web_port), *options]
        self._process: subprocess.Popen[bytes] | None = None

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
    def pid(self) -> int:
        """The supervisor's process id."""
        assert self._process is not None, "the worker was not started"
        return self._process.pid

    def start(self) -> None:
        """Start the supervisor; it ends with this process."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self._environment, stdout=log, stderr=subprocess.STDOUT
            )

    def wait_until_ready(self, within_s: float = READY_WITHIN_S) -> None:
        """Until every stage has its partitions and has recovered them. Raises WorkerError."""
        until = time.monotonic() + within_s
        while not all(_answers(self.web_port + n) for n in range(len(STAGES))):
            if self._process is None or self._process.poll() is not None:
                raise WorkerError(f"the worker ended before it was ready:\n{self._log_end()}")
            if time.monotonic() > until:
                raise WorkerError(f"the worker is not ready after {within_s} s:\n{self._log_end()}")
            time.sleep(POLL_S)

    def stop(self) -> None:
        """An orderly end, bounded."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _log_end(self) -> str:
        lines = self.log_path.read_text(errors="replace").splitlines()
        return "\n".join(lines[-LOG_LINES_SHOWN:])


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _three_free_ports() -> int:
    """The first of three neighbours that are free now."""
    for _ in range(100):
        with socket.socket() as first:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
        if port < 65_000 and all(_free(port + n) for n in range(len(STAGES))):
            return port
    raise WorkerError("no three neighbouring ports are free on this machine")


def _free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
