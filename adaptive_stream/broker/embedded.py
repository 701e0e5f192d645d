"""The embedded broker: one directory, one JVM, no other state.

Rule 1: whoever holds the lock on the directory runs the broker in it; there is never a second.
Rule 2: `with Broker(...)` ends with the caller, however that ends; `start_detached` keeps running
until `stop`.
Rule 3: the data is Kafka's own and survives every kind of end.
"""

import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from adaptive_stream.broker import fresh
from adaptive_stream.broker.damage import find_damage
from adaptive_stream.broker.error import BrokerError
from adaptive_stream.broker.jars import kafka_command
from adaptive_stream.broker.ports import free_port, is_free, kafka_answers
from adaptive_stream.broker.properties import HOST, JVM, server_properties
from adaptive_stream.broker.supervised import Running, Supervised

START_WITHIN_S = 120  # Two seconds on an idle laptop; CI machines share their disk.
POLL_S = 0.05
LOG_LINES_SHOWN = 3
LOG_COLUMNS_SHOWN = 300


class Broker:
    """A Kafka broker whose all is in `data_dir`; `port` 0 takes one that is free."""

    def __init__(
        self,
        data_dir: Path,
        port: int = 0,
        say: Callable[[str], None] = lambda _: None,
        jvm: tuple[str, ...] = JVM,
    ) -> None:
        self.data_dir = data_dir.absolute()
        self.port = port
        self._kafka_dir = self.data_dir / "kafka"
        self._process = Supervised(self.data_dir, "broker")
        self._say = say
        self._jvm = jvm

    @property
    def bootstrap(self) -> str:
        """What clients are given as bootstrap server."""
        return f"{HOST}:{self.port}"

    @property
    def log_path(self) -> Path:
        """What Kafka has to say since its last start."""
        return self._process.log_path

    def __enter__(self) -> Self:
        self._start(attached=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.stop()

    def start_detached(self) -> Running:
        """Starts it for good; returns once it answers."""
        self._start(attached=False)
        running = self.status()
        assert running is not None
        return running

    def stop(self) -> bool:
        """Stops the broker on this directory, cleanly if it can; False if none ran."""
        return self._process.stop()

    def status(self) -> Running | None:
        """The broker on this directory, whoever started it, and from then on its port."""
        running = self._process.status()
        if running is not None:
            self.port = running.port
        return running

    def _start(self, *, attached: bool) -> None:
        properties = self.data_dir / "server.properties"
        command = kafka_command("kafka.Kafka", str(properties), jvm=self._jvm, say=self._say)
        with self._take_lock() as lock:
            self._choose_port()
            self._prepare(properties)
            self._say(f"starting Apache Kafka at {self.bootstrap}")
            self._process.start(lock, command, port=self.port, attached=attached)
        try:
            self._wait_until_ready()
        except BaseException:  # Ctrl-C too: what did not start may not stay.
            self._process.stop()
            raise

    def _take_lock(self) -> IO[bytes]:
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            lock = self._process.take_lock()
        except OSError as error:
            raise BrokerError(
                f"{self.data_dir} cannot hold a broker's data: {error.strerror}",
                "choose another directory: --data-dir DIR",
            ) from error
        if lock is None:
            running = self.status()
            at = f" at {self.bootstrap} (process {running.pid})" if running else ""
            raise BrokerError(
                f"a broker already runs on {self.data_dir}{at}",
                "use that one, stop it with `adaptive-stream broker stop`, or choose another"
                " directory: --data-dir DIR",
            )
        return lock

    def _choose_port(self) -> None:
        if self.port == 0:
            self.port = free_port()
        elif not is_free(self.port):
            who = "a Kafka broker" if kafka_answers(self.port) else "another program"
            raise BrokerError(
                f"port {self.port} on {HOST} is in use by {who}",
                f"stop it, or choose another port, such as --port {free_port()}",
            )

    def _prepare(self, properties: Path) -> None:
        """Everything that Kafka wants to find before it starts."""
        damage = find_damage(self._kafka_dir)
        if damage:
            raise BrokerError(f"the data of this broker is damaged: {damage}", self._start_afresh())
        if not (self._kafka_dir / "meta.properties").exists():
            fresh.fill(self._kafka_dir)
        controller_port = free_port(but=self.port)
        properties.write_text(server_properties(self._kafka_dir, self.port, controller_port))

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_WITHIN_S
        while not kafka_answers(self.port):
            if not self._process.runs():
                words = self._process.last_words(LOG_LINES_SHOWN, LOG_COLUMNS_SHOWN)
                shown = "".join(f"\n  {line}" for line in words)
                raise BrokerError(
                    f"Kafka ended while it started; its last words:{shown}",
                    f"{self.log_path} says more. If its data is damaged: {self._start_afresh()}",
                )
            if time.monotonic() > deadline:
                raise BrokerError(
                    f"Kafka did not answer at {self.bootstrap} within {START_WITHIN_S} s",
                    f"see {self.log_path}; the machine may be short of memory or of disk",
                )
            time.sleep(POLL_S)

    def _start_afresh(self) -> str:
        aside = f"{self.data_dir}.damaged"
        return f"`mv {self.data_dir} {aside}` starts with an empty one and keeps the old for a look"
