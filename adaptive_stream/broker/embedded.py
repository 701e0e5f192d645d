"""The embedded broker: one directory, one JVM, no other state.

Rule 1: whoever holds the lock on the directory runs the broker in it; there is never a second.
Rule 2: `with Broker(...)` ends with the caller, however that ends (supervisor.py);
`start_detached` keeps running until `stop`.
Rule 3: the data is Kafka's own and survives every kind of end.
"""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from adaptive_stream.broker import fresh, supervisor
from adaptive_stream.broker.damage import find_damage
from adaptive_stream.broker.error import BrokerError
from adaptive_stream.broker.jars import kafka_command
from adaptive_stream.broker.ports import free_port, is_free, kafka_answers
from adaptive_stream.broker.properties import HOST, JVM, server_properties

START_WITHIN_S = 120  # Two seconds on an idle laptop; CI machines share their disk.
STOP_WITHIN_S = supervisor.STOP_WITHIN_S + 10
KILL_WITHIN_S = 10
POLL_S = 0.05
LOG_LINES_SHOWN = 3
LOG_COLUMNS_SHOWN = 300


@dataclass(frozen=True)
class Running:
    """A broker that runs: its supervisor, its JVM and its port."""

    pid: int
    java_pid: int
    port: int

    @property
    def bootstrap(self) -> str:
        """What clients are given as bootstrap server."""
        return f"{HOST}:{self.port}"


class Broker:
    """A Kafka broker whose all is in `data_dir`; `port` 0 takes one that is free."""

    def __init__(
        self, data_dir: Path, port: int = 0, say: Callable[[str], None] = lambda _: None
    ) -> None:
        self.data_dir = data_dir.absolute()
        self.port = port
        self.log_path = self.data_dir / "broker.log"
        self._kafka_dir = self.data_dir / "kafka"
        self._state_path = self.data_dir / "broker.json"
        self._lock_path = self.data_dir / "broker.lock"
        self._say = say
        self._attached: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """What clients are given as bootstrap server."""
        return f"{HOST}:{self.port}"

    def __enter__(self) -> Self:
        self._start("attached")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._attached is not None
        assert self._attached.stdin is not None
        self._attached.stdin.close()  # The supervisor's sign to stop.
        self._attached.wait(STOP_WITHIN_S)
        self._attached = None

    def start_detached(self) -> Running:
        """Starts it for good; returns once it answers."""
        self._start("detached")
        running = self.status()
        assert running is not None
        return running

    def stop(self) -> bool:
        """Stops a broker that runs on this directory, cleanly if it can; False if none runs."""
        running = self.status()
        if running is None:
            return False
        _signal(running, signal.SIGTERM)
        if not self._ends_within(STOP_WITHIN_S):
            _signal(running, signal.SIGKILL)
            if not self._ends_within(KILL_WITHIN_S):
                raise BrokerError(
                    f"the broker in {self.data_dir} does not end, not even by kill -9"
                    f" (processes {running.pid} and {running.java_pid})",
                    "its disk may hang; see what `ps` says of these processes",
                )
        return True

    def status(self) -> Running | None:
        """The broker that runs on this directory, whoever started it; None if none does."""
        deadline = time.monotonic() + KILL_WITHIN_S
        while self._locked():
            try:
                return Running(**json.loads(self._state_path.read_text()))
            except FileNotFoundError:  # It started this very moment.
                if time.monotonic() > deadline:
                    raise BrokerError(
                        f"something holds the lock {self._lock_path} but runs no broker",
                        f"find it with `fuser {self._lock_path}` and end it",
                    ) from None
            time.sleep(POLL_S)
        return None

    def _start(self, mode: str) -> None:
        properties = self.data_dir / "server.properties"
        command = kafka_command("kafka.Kafka", str(properties), jvm=JVM, say=self._say)
        with self._take_lock() as lock:
            self._choose_port()
            self._prepare(properties)
            self._say(f"starting Apache Kafka at {self.bootstrap}")
            self._spawn(mode, command, lock.fileno())
        try:
            self._wait_until_ready()
        except BaseException:  # Ctrl-C too: what did not start may not stay.
            self._give_up()
            raise

    def _take_lock(self) -> IO[bytes]:
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            lock = self._lock_path.open("ab")
        except OSError as error:
            raise BrokerError(
                f"{self.data_dir} cannot hold a broker's data: {error.strerror}",
                "choose another directory: --data-dir DIR",
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            running = self.status()
            at = f" at {running.bootstrap} (process {running.pid})" if running else ""
            raise BrokerError(
                f"a broker already runs on {self.data_dir}{at}",
                "use that one, stop it with `adaptive-stream broker stop`, or choose another"
                " directory: --data-dir DIR",
            ) from None
        return lock

    def _choose_port(self) -> None:
        if self.port == 0:
            self.port = free_port()
        elif not is_free(self.port):
            who = "a Kafka broker" if kafka_answers(self.port) else "another program"
            raise BrokerError(
                f"port {self.port} on {HOST} is in use by {who}",
                f"stop it, or choose another port: --port {self.port + 10000}"
                if self.port < 50000
                else "stop it, or choose another port with --port",
            )

    def _prepare(self, properties: Path) -> None:
        """Everything that Kafka wants to find before it starts."""
        damage = find_damage(self._kafka_dir)
        if damage:
            raise BrokerError(f"the data of this broker is damaged: {damage}", self._start_afresh())
        if not (self._kafka_dir / "meta.properties").exists():
            fresh.fill(self._kafka_dir)
        properties.write_text(server_properties(self._kafka_dir, self.port, free_port()))
        self._state_path.unlink(missing_ok=True)
        if self.log_path.exists():
            self.log_path.replace(self.log_path.with_suffix(".log.1"))

    def _spawn(self, mode: str, command: list[str], lock_fd: int) -> None:
        with self.log_path.open("ab") as log:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-I", supervisor.__file__),
                    *(mode, str(self._state_path), str(self.port), str(lock_fd)),
                    *command,
                ],
                stdin=subprocess.PIPE if mode == "attached" else subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(lock_fd,),
                start_new_session=True,  # Ctrl-C in a terminal is for its caller alone.
            )
        if mode == "attached":
            self._attached = process
        else:
            process.wait()  # It left a process of its own behind.

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_WITHIN_S
        while not kafka_answers(self.port):
            if not self._locked():
                raise self._ended_early()
            if time.monotonic() > deadline:
                raise BrokerError(
                    f"Kafka did not answer at {self.bootstrap} within {START_WITHIN_S} s",
                    f"see {self.log_path}; the machine may be short of memory or of disk",
                )
            time.sleep(POLL_S)

    def _give_up(self) -> None:
        if self._attached is not None:
            self.__exit__(None, None, None)
        else:
            self.stop()

    def _locked(self) -> bool:
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

    def _ends_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self._locked():
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_S)
        return True

    def _ended_early(self) -> BrokerError:
        lines = self.log_path.read_text(errors="replace").splitlines()
        told = [line for line in lines if line[:1].strip() and "WARN" not in line]
        shown = "".join(f"\n  {line[:LOG_COLUMNS_SHOWN]}" for line in told[-LOG_LINES_SHOWN:])
        return BrokerError(
            f"Kafka ended while it started; its last words:{shown}",
            f"{self.log_path} says more. If its data is damaged: {self._start_afresh()}",
        )

    def _start_afresh(self) -> str:
        aside = f"{self.data_dir}.damaged"
        return f"`mv {self.data_dir} {aside}` starts with an empty one and keeps the old for a look"


def _signal(running: Running, number: signal.Signals) -> None:
    """To the supervisor, and to the JVM in case that its supervisor is gone."""
    for pid in (running.pid, running.java_pid):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass  # It has ended; the lock tells when both have.
