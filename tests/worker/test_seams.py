"""Each override of Faust beside the stock class whose fault it answers.

The stock halves are here so that a newer Faust which mended a fault is noticed: then the override
can go.
"""

import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import faust
from faust.serializers.schemas import Schema
from faust.transport.consumer import Consumer as StockConsumer
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from adaptive_stream.process.settings import Settings
from adaptive_stream.worker import transport
from adaptive_stream.worker.app import StageApp, build_app
from adaptive_stream.worker.inbox import Inbox
from tests.stages.stage_world import CATALOG, resolve_stage

TP0 = TP("t", 0)


class Fetched(NamedTuple):
    """A record as a fetch gives it."""

    offset: int
    key: bytes = b"k"
    value: bytes = b"v" * 100


def _ours(tmp_path: Path) -> StageApp:
    settings = Settings(data_dir=tmp_path, tenant_key="0123456789abcdef", fetch_wait_ms=50)
    return build_app(resolve_stage(), settings, CATALOG)


def _stock() -> faust.App:
    return faust.App("stock", broker="kafka://127.0.0.1:9092", autodiscover=False)


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


def _consumer(app: Any, on_revoked: Any = None) -> Any:
    app._consumer = app.transport.create_consumer(
        callback=lambda _: None,
        on_partitions_revoked=on_revoked or (lambda _: None),
        on_partitions_assigned=lambda _: None,
    )
    return app._consumer


def _close(consumer: Any) -> None:
    """Closes the loop of a consumer's thread, where it has one of its own."""
    if consumer._thread.thread_loop is not consumer._thread.parent_loop:
        consumer._thread.thread_loop.close()


def test_a_poll_switches_no_threads(tmp_path: Path) -> None:
    """Stock Faust's consumer is a thread: each poll wakes it, waits for it, and shares the
    interpreter with it. Ours is called where it is asked."""

    async def run(app: Any) -> bool:
        consumer = _consumer(app)
        thread = consumer._thread
        try:
            calling = thread.call_thread(threading.get_ident)
            if thread.thread_loop is asyncio.get_running_loop():
                return await calling == threading.get_ident()
            calling.close()  # Its answer would come from the thread, which was not started.
            return False
        finally:
            _close(consumer)

    assert _run(run(_stock())) is False
    assert _run(run(_ours(tmp_path))) is True


def test_a_fetch_waits_milliseconds_and_lost_offsets_are_no_secret(tmp_path: Path) -> None:
    """Stock Faust waits 1.5 s on an idle broker, and jumps over records that are gone."""

    async def run(app: Any) -> tuple[int, str]:
        consumer = _consumer(app)
        kafka = consumer._thread._create_worker_consumer(app.transport)
        try:
            return kafka._fetch_max_wait_ms, kafka._auto_offset_reset
        finally:
            await kafka.stop()
            _close(consumer)

    assert _run(run(_stock())) == (1500, "earliest")
    assert _run(run(_ours(tmp_path))) == (50, "none")


def test_a_delivery_is_idempotent(tmp_path: Path) -> None:
    """Stock Faust retries without: a record stands twice."""

    async def run(app: Any) -> Any:
        return app.transport.create_producer()._settings_extra()

    assert _run(run(_stock())) == {}
    settings = _run(run(_ours(tmp_path)))
    assert settings["enable_idempotence"] is True
    assert settings["acks"] == "all"


def test_a_commit_never_passes_what_was_not_worked_on() -> None:
    """Faults C1 and C2: stock Faust commits over a hole; ours commits what checkpoints say."""
    stock: Any = object.__new__(driver.Consumer)
    stock._acked, stock._gap = {TP0: [101, 102]}, {TP0: None}
    stock._acked_index, stock._committed_offset = {TP0: {101, 102}}, {TP0: 100}
    assert StockConsumer._new_offset(stock, TP0) == 103  # 100 was in flight all the while.

    class Keeper:
        """Says what is durable."""

        @staticmethod
        def positions() -> dict[TP, int]:
            return {TP0: 100}

    class Thread:
        """Notes what is committed."""

        def __init__(self) -> None:
            self.committed: dict[TP, int] = {}

        async def commit(self, offsets: dict[TP, int]) -> bool:
            self.committed = offsets
            return True

    class Monitor:
        """Takes note of nothing."""

        @staticmethod
        def on_tp_commit(offsets: dict[TP, int]) -> None:
            del offsets

    class App:
        """What the consumer asks of its app."""

        keeper, monitor = Keeper, Monitor

    ours: Any = object.__new__(transport.Consumer)
    ours.app, ours._thread, ours._committed = App, Thread(), {}
    assert _run(ours.commit()) is True
    assert ours._thread.committed == {TP0: 100}
    assert _run(ours.commit()) is False  # Nothing moved: no request.


def test_partitions_are_let_go_before_they_are_forgotten(tmp_path: Path) -> None:
    """Fault C3: stock Faust forgets what was acknowledged, and only then would commit it."""
    order: list[str] = []

    class Keeper:
        """Notes when it is asked to let go."""

        @staticmethod
        async def release(consumer: Any) -> None:
            assert not consumer.flow_active
            order.append("released")

    async def revoked(_: set[TP]) -> None:
        order.append("revoked")

    async def run(app: Any) -> bool:
        app.keeper = Keeper
        consumer = _consumer(app, revoked)
        consumer._read_offset[TP0] = 7
        await consumer.on_partitions_revoked({TP0})
        _close(consumer)
        return TP0 in consumer._read_offset

    assert _run(run(_stock())) is False
    assert order == ["revoked"]
    assert _run(run(_ours(tmp_path))) is False
    assert order == ["revoked", "released", "revoked"]


def test_a_seek_waits_until_no_fetch_is_under_way(tmp_path: Path) -> None:
    """Fault C5: stock Faust says that it fetches nothing while it does, so that what comes of the
    fetch stands behind the seek. Ours seeks afterwards, and drops what was fetched."""

    async def run(app: Any, *, stock: bool) -> tuple[bool, bool]:
        consumer = _consumer(app)
        asked, answered = asyncio.Event(), asyncio.Event()

        async def fetch(*_: Any, **__: Any) -> dict[TP, list[Fetched]]:
            asked.set()
            await answered.wait()
            return {TP0: [Fetched(0)]}

        consumer._active_partitions = {TP0}
        consumer._getmany = consumer._thread.getmany = fetch
        consumer._thread.seek_all = lambda _: None
        polling = asyncio.ensure_future(
            consumer._wait_next_records(1.0) if stock else consumer._poll()
        )
        await asked.wait()
        consumer.stop_flow()
        seeking = asyncio.ensure_future(
            consumer.wait_for_stopped_flow() if stock else consumer.move_to({TP0: 5})
        )
        await asyncio.wait({seeking}, timeout=0.05)
        amid_the_fetch = seeking.done()
        answered.set()
        await asyncio.wait({polling, seeking})
        kept = bool(polling.result()[0]) if stock else bool(len(consumer.inboxes[TP0]))
        _close(consumer)
        return amid_the_fetch, kept

    assert _run(run(_stock(), stock=True)) == (True, True)
    assert _run(run(_ours(tmp_path), stock=False)) == (False, False)


def test_what_was_fetched_outlives_the_start_of_the_flow(tmp_path: Path) -> None:
    """Fault C4: stock Faust empties its queues when it lets the flow go on, and with them what was
    fetched since the seek; its commits then wait for it for ever, or pass over it."""

    async def stock(app: Any) -> int:
        queue = app.FlowControlQueue(maxsize=10, clear_on_resume=True)
        queue.put_nowait(Fetched(0))
        app.flow_control.resume()
        return queue.qsize()

    async def ours(app: Any) -> int:
        consumer = _consumer(app)
        consumer._thread.seek_all = lambda _: None
        await consumer.move_to({TP0: 5})
        consumer.inboxes[TP0].put([Fetched(5)])
        app.flow_control.resume()
        _close(consumer)
        return len(consumer.inboxes[TP0])

    assert _run(stock(_stock())) == 0
    assert _run(ours(_ours(tmp_path))) == 1


def test_positions_come_from_checkpoints_and_not_from_commits(tmp_path: Path) -> None:
    """Stock Faust reads on where its group committed, whatever its tables hold by then."""

    async def run(app: Any) -> Any:
        consumer = _consumer(app)

        async def committed() -> dict[TP, int]:
            return {TP0: 3}

        consumer.seek_to_committed = committed
        await consumer.perform_seek()
        _close(consumer)
        return consumer._read_offset[TP0]

    assert _run(run(_stock())) == 3
    assert _run(run(_ours(tmp_path))) is None


def test_a_partition_without_facts_is_no_alarm(tmp_path: Path) -> None:
    """Stock Faust looks at each partition's acknowledgements, and calls a worker slow whose
    checkpoints are its acknowledgements."""

    async def run(app: Any) -> list[TP]:
        consumer, looked_at = _consumer(app), list[TP]()
        consumer.assignment = lambda: {TP0}
        consumer.verify_event_path = lambda _, tp: looked_at.append(tp)
        await consumer.verify_all_partitions_active()
        _close(consumer)
        return looked_at

    assert _run(run(_stock())) == [TP0]
    assert _run(run(_ours(tmp_path))) == []


def test_a_record_that_is_no_json_is_not_lost(tmp_path: Path) -> None:
    """Stock Faust decodes before the agent sees it: what does not decode is acknowledged and gone.
    Ours is handed on as it came, and becomes a dead letter."""

    async def run(app: Any, schema: Schema) -> Any:
        event = await schema.compile(app)(SimpleNamespace(key=None, value=b"{", headers={}))
        return event and event.value

    assert _run(run(_stock(), Schema(value_serializer="json"))) is None
    assert _run(run(_ours(tmp_path), transport.InboxSchema())) == b"{"


def test_all_that_waits_is_one_batch_within_bounds() -> None:
    """Under load batches grow and share the cost; when idle a batch is one record."""
    inbox = Inbox(TP0, bytes_max=10_000)
    inbox.put([Fetched(0)])
    assert [each.offset for each in inbox.take(10, 10_000)] == [0]
    inbox.put([Fetched(n) for n in range(1, 6)])
    inbox.put([Fetched(n) for n in range(6, 9)])
    assert [each.offset for each in inbox.take(100, 10_000)] == list(range(1, 9))
    assert inbox.bytes == 0


def test_a_batch_is_bounded_in_records_and_bytes_and_keeps_its_order() -> None:
    """However much waits, a batch is bounded; what was not worked on comes first again."""
    inbox = Inbox(TP0, bytes_max=10_000)
    inbox.put([Fetched(n) for n in range(10)])
    taken = inbox.take(4, 10_000)
    inbox.put_back(taken[2:])
    assert [each.offset for each in inbox.take(100, 1_000)] == [2, 3, 4]
    assert len(inbox.take(1, 1)) == 1  # Larger than the bound alone: still taken.
    assert len(inbox) == 4
