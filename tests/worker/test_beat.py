"""Busy partitions are left out of fetches until a beat, quiet ones never. Commits have a beat."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from faust.types import TP

from adaptive_stream.client.company import BEAT_S, LOOK_S
from adaptive_stream.process.settings import Settings
from adaptive_stream.worker import partition
from adaptive_stream.worker.app import build_app
from adaptive_stream.worker.transport import COMMIT_S
from tests.stages.stage_world import CATALOG, resolve_stage

BUSY, QUIET = TP("t", 0), TP("t", 1)
WITHIN_S = 5.0
ROUNDING_S = 1e-6


class Thread:
    """Gives what it was told to, and notes what is left out of fetches."""

    def __init__(self) -> None:
        self.held: set[TP] = set()
        self.wait_ms = 0
        self.fetched: dict[TP, int] = {}
        self.resumed = asyncio.Event()

    async def getmany(self, *_: Any) -> dict[TP, list[Any]]:
        """What was fetched."""
        return {
            tp: [SimpleNamespace(key=b"k", value=b"v", timestamp=at_ms) for at_ms in range(count)]
            for tp, count in self.fetched.items()
        }

    def seek_all(self, _: Any) -> None:
        """Nothing to seek in."""

    def wait_at_most(self, wait_ms: int) -> None:
        """As the client takes it."""
        self.wait_ms = wait_ms

    def hold(self, pause: Iterable[TP], resume: Iterable[TP]) -> None:
        """As the client takes it."""
        self.held = (self.held | {*pause}) - {*resume}
        if not self.held:
            self.resumed.set()


async def _busy_consumer(tmp_path: Path) -> tuple[Any, Thread]:
    """A consumer that has just found out which partition is busy."""
    settings = Settings(data_dir=tmp_path, tenant_key="0123456789abcdef", fetch_wait_ms=50)
    app: Any = build_app(resolve_stage(), settings, CATALOG)
    consumer: Any = app.transport.create_consumer(
        callback=lambda _: asyncio.sleep(0),
        on_partitions_revoked=lambda _: None,
        on_partitions_assigned=lambda _: None,
    )
    app._consumer, consumer._thread = consumer, Thread()
    await consumer.move_to({BUSY: 0, QUIET: 0})
    app.flow_control.resume()
    consumer.resume_flow()
    consumer._thread.fetched = {BUSY: int(5_000 * LOOK_S), QUIET: 1}
    consumer._company.since_s -= LOOK_S
    await consumer._poll()
    return consumer, consumer._thread


def test_a_busy_partition_waits_for_the_beat(tmp_path: Path) -> None:
    """Its records come together, and a fetch of the others does not make it wait longer."""

    async def run() -> None:
        consumer, thread = await _busy_consumer(tmp_path)
        await consumer._poll()
        assert thread.held == {BUSY}
        assert thread.wait_ms == BEAT_S * 1000
        async with asyncio.timeout(WITHIN_S):
            await thread.resumed.wait()
        assert thread.wait_ms == 50

    asyncio.run(run())


def test_a_quiet_partition_begins_no_beat(tmp_path: Path) -> None:
    """What comes of it alone is fetched as it comes, and holds nobody back."""

    async def run() -> None:
        consumer, thread = await _busy_consumer(tmp_path)
        thread.fetched = {QUIET: 1}
        await consumer._poll()
        assert not thread.held

    asyncio.run(run())


def test_a_partition_that_was_let_go_is_not_asked_for_again(tmp_path: Path) -> None:
    """The beat of before finds other partitions: the client has no state of the old one."""

    async def run() -> None:
        consumer, thread = await _busy_consumer(tmp_path)
        await consumer._poll()
        await consumer.move_to({QUIET: 0})
        async with asyncio.timeout(WITHIN_S):
            while consumer._together:
                await asyncio.sleep(0)
        assert thread.held == {BUSY}

    asyncio.run(run())


def test_commits_follow_the_checkpoints(tmp_path: Path) -> None:
    """Who waits for a commit waits for one beat: not for a checkpoint and then for a timer."""

    async def run() -> None:
        consumer, _ = await _busy_consumer(tmp_path)
        now_s, due_s = 1_000.123, []

        async def sleep(seconds: float) -> None:
            due_s.append(now_s + seconds)

        async def commit() -> None:
            if len(due_s) == 3:
                consumer._stopped.set()

        consumer.sleep, consumer.commit = sleep, commit
        consumer._loop = SimpleNamespace(time=lambda: now_s)
        await type(consumer)._commit_handler.fun(consumer)
        assert len(due_s) == 3
        for each in due_s:
            assert (each - COMMIT_S + ROUNDING_S) % partition.BEAT_S < 2 * ROUNDING_S

    asyncio.run(run())
