"""Broker, topics and worker as one: what `up` starts and `down` stops, all in one directory."""

import secrets
from collections.abc import Callable
from pathlib import Path

from adaptive_stream.broker import Broker, Supervised
from adaptive_stream.catalog import Catalog
from adaptive_stream.catalog.apply import apply_topics
from adaptive_stream.cli.running_worker import RunningWorker

KEY_CHARACTERS = 32


class Stack:
    """Everything in `data_dir`: Kafka's data in broker/, the stores in worker/, the tenant key."""

    def __init__(self, data_dir: Path, say: Callable[[str], None]) -> None:
        self.data_dir = data_dir.absolute()
        self.key_path = self.data_dir / "tenant.key"
        self.broker = Broker(self.data_dir / "broker", say=say)
        self._worker_dir = self.data_dir / "worker"
        self._worker = Supervised(self._worker_dir, "worker")
        self._say = say

    def start(
        self, catalog: Catalog, *, port: int, web_port: int, options: tuple[str, ...]
    ) -> RunningWorker:
        """Starts what does not run yet. What it started stops again if the rest does not."""
        started: list[Callable[[], bool]] = []
        try:
            if self.broker.status() is None:
                self.broker.port = port
                self.broker.start_detached()
                started.append(self.broker.stop)
            self._say("applying the topics")
            apply_topics(self.broker.bootstrap, catalog)
            running = self._worker.status()
            worker = RunningWorker(
                self.broker.bootstrap,
                self._worker_dir,
                tenant_key=self._tenant_key(),
                options=options,
                web_port=running.port if running else web_port,
            )
            if running is None:
                worker.start(attached=False)
                started.append(worker.stop)
            self._say("waiting for admit, resolve and step")
            worker.wait_until_ready()
        except BaseException:  # Ctrl-C too: half a stack helps nobody.
            for stop in reversed(started):
                stop()
            raise
        return worker

    def stop(self) -> list[str]:
        """Stops the worker, then the broker; the names of what ran."""
        self._say("stopping the worker")
        stopped = ["the worker"] if self._worker.stop() else []
        self._say("stopping Apache Kafka")
        return [*stopped, "Apache Kafka"] if self.broker.stop() else stopped

    def _tenant_key(self) -> str:
        """The key under which identifiers are hashed; made once, readable by its owner alone.

        Whoever loses it cannot tell who anybody is in the data that was written under it.
        """
        if not self.key_path.exists():
            fresh = self.key_path.with_suffix(".fresh")  # Whole or not at all.
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_hex(KEY_CHARACTERS // 2) + "\n")
            fresh.replace(self.key_path)
        return self.key_path.read_text().strip()
