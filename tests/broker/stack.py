"""The whole of it on a real Kafka: topics under a prefix of their own, and the worker's processes.

Time is real. `quick_rules` shortens the half hour after which a cart is abandoned to two seconds,
and nothing else, so that a test sees what production does.
"""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from adaptive_stream import shipped_rules_dir, shipped_topics_dir
from adaptive_stream.catalog import load_catalog
from adaptive_stream.catalog.apply import apply_topics
from adaptive_stream.cli.reader import Reader
from adaptive_stream.cli.running_worker import RunningWorker

TENANT_KEY = "a key for tests alone"
OUT_WITHIN_S = 30


class Stack:
    """`with Stack(broker.bootstrap, tmp_path, topic_prefix) as stack:` all stages are ready inside.

    Beside the prefix nothing is special: the shipped topic files with the profile laptop, and the
    shipped rules unless `rules_dir` names others. `options` are words for `adaptive-stream worker`.
    """

    def __init__(
        self,
        bootstrap: str,
        directory: Path,
        prefix: str,
        *,
        topics_dir: Path | None = None,
        rules_dir: Path | None = None,
        profile: str = "laptop",
        options: tuple[str, ...] = (),
    ) -> None:
        self.bootstrap, self.directory, self.prefix = bootstrap, directory, prefix
        self.topics_dir = topics_dir or shipped_topics_dir()
        self.rules_dir = rules_dir or shipped_rules_dir()
        self.catalog = load_catalog(self.topics_dir, self.rules_dir, prefix)
        self.profile = profile
        self._options = options
        self.worker = self.another_worker("worker")

    def another_worker(
        self,
        name: str,
        *options: str,
        rules_dir: Path | None = None,
        web_port: int | None = None,
    ) -> RunningWorker:
        """One more in the same consumer groups, with stores and ports of its own; not started.
        `options` are its own, beside those of all."""
        return RunningWorker(
            self.bootstrap,
            self.directory / name,
            tenant_key=TENANT_KEY,
            options=(
                *("--prefix", self.prefix),
                *("--topics-dir", str(self.topics_dir)),
                *("--rules-dir", str(rules_dir or self.rules_dir)),
                *self._options,
                *options,
            ),
            web_port=web_port,
        )

    def __enter__(self) -> Self:
        apply_topics(self.bootstrap, self.catalog, self.profile)
        self.worker.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.worker.__exit__(kind, error, trace)

    def topic(self, declared: str) -> str:
        """The cluster's name of one of our topics."""
        return self.catalog.name(declared)

    def records(self, declared: str) -> list[Any]:
        """What is in one of our topics now."""
        with Reader(self.bootstrap) as reader:
            return list(reader.read_all(self.topic(declared)))

    def values(self, declared: str) -> list[dict[str, Any]]:
        """What the records of one of our topics say now, tombstones left out."""
        return [json.loads(record.value) for record in self.records(declared) if record.value]

    def wait_for(
        self,
        declared: str,
        matches: Callable[[dict[str, Any]], bool],
        within_s: float = OUT_WITHIN_S,
    ) -> dict[str, Any]:
        """The first value of one of our topics that matches; it may come yet."""
        seen = []
        until = time.monotonic() + within_s
        for value in self._values_as_they_come(declared, until):
            if matches(value):
                return value
            seen.append(value)
        raise AssertionError(
            f"nothing that matches came to {declared} within {within_s} s, but {seen[-5:]};"
            f" the worker says: {self.worker.log_path.read_text()[-2000:]}"
        )

    def _values_as_they_come(self, declared: str, until: float) -> Iterator[dict[str, Any]]:
        with Reader(self.bootstrap) as reader:
            start = reader.beginning(reader.partitions(self.topic(declared)))
            for batch in reader.read(start, None):
                for record in batch:
                    if record.value is not None:
                        yield json.loads(record.value)
                if time.monotonic() > until:
                    return


def quick_rules(directory: Path) -> Path:
    """The shipped rules, but a cart is abandoned after two seconds."""
    copy = directory / "rules"
    shutil.copytree(shipped_rules_dir(), copy)
    policy = copy / "policy" / "contact.yaml"
    text = policy.read_text()
    assert "cart_abandoned_after: 30m" in text
    policy.write_text(text.replace("cart_abandoned_after: 30m", "cart_abandoned_after: 2s"))
    return copy
