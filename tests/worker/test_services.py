"""Tables, recovery, monitor, app and worker, each beside the stock class whose fault it answers.

As in `test_seams.py`, the stock half shows the fault: once a newer Faust mends it, that half fails
and the override can go.
"""

import asyncio
import contextlib
import logging
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import faust
import pytest
from faust.sensors import Monitor
from faust.tables.recovery import Recovery
from faust.types import TP

from adaptive_stream.process.exit import BUG
from adaptive_stream.process.settings import Settings
from adaptive_stream.process.supervisor import REFUSED
from adaptive_stream.worker.app import StageApp, Worker, build_app
from tests.stages.stage_world import CATALOG, resolve_stage

TP0 = TP("t", 0)
BLINK_S = 0.2  # Of what is done at once; stock Faust waits a second in both places.

ENDS = """
import asyncio
from pathlib import Path
from tests.worker.test_services import ours

async def main():
    app = ours(Path({data_dir!r}), "127.0.0.1:1")
    await {what}
    await asyncio.sleep(60)

asyncio.run(main())
"""


def ours(data_dir: Path, bootstrap: str = "127.0.0.1:9092") -> StageApp:
    settings = Settings(data_dir=data_dir, tenant_key="0123456789abcdef", bootstrap=bootstrap)
    return build_app(resolve_stage(), settings, CATALOG)


def _stock(**conf: Any) -> faust.App:
    return faust.App("stock", broker="kafka://127.0.0.1:9092", autodiscover=False, **conf)


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    async def bounded() -> Any:
        async with asyncio.timeout(10):
            return await work

    return asyncio.run(bounded())


class Positions:
    """A consumer whose partitions move when the test says so. It stands where Faust's recovery
    seeks and where our Keeper restores: both end in offsets from the broker."""

    revoked = False

    def __init__(self, move: Callable[["Positions"], Coroutine[Any, Any, None]]) -> None:
        self.flows = False
        self.restored = 0
        self._move = move

    def assignment(self) -> set[TP]:
        return {TP0}

    def resume_partitions(self, tps: set[TP]) -> None:
        assert tps == {TP0}

    def pause_partitions(self, tps: set[TP]) -> None:
        assert tps == set()

    def resume_flow(self) -> None:
        self.flows = True

    async def perform_seek(self) -> None:
        await self._move(self)

    async def restore(self, consumer: Any, group: str, assigned: set[TP]) -> bool:
        assert (consumer, group, assigned) == (self, group, {TP0})
        await self._move(self)
        self.restored += 1
        return True


def _assigned(app: Any, move: Callable[[Positions], Coroutine[Any, Any, None]]) -> Positions:
    """An app to which a partition was assigned in generation 1; nothing of it is started."""

    async def started() -> None:
        """Nothing to fetch."""

    app._consumer = app.keeper = positions = Positions(move)
    app._fetcher = SimpleNamespace(maybe_start=started)
    app.consumer_generation_id = 1
    app.on_taken_over = lambda _: None
    return positions


async def _recovered(app: Any) -> bool:
    """Whether streams run once the recovery task has dealt with the assignment."""
    recovery = app.tables.recovery
    recovery.recovery_delay = 0.0
    recovery._generation_id = 1
    recovery.signal_recovery_start.set()
    task = asyncio.ensure_future(Recovery._restart_recovery.fun(recovery))
    completed = asyncio.ensure_future(recovery.completed.wait())
    await asyncio.wait({task, completed}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        completed.cancel()
        assert task.exception() is None
        return False
    task.cancel()
    return True


def test_a_slow_takeover_is_waited_for(tmp_path: Path) -> None:
    """Fault R1: a broker that answers late ends stock recovery without a word, and the worker is
    never ready. Ours takes as long as it takes."""

    async def slowly(_: Positions) -> None:
        answered = asyncio.Event()
        asyncio.get_running_loop().call_later(0.1, answered.set)
        await answered.wait()

    async def run(app: Any) -> tuple[bool, bool]:
        app.conf.broker_request_timeout = 0.01
        positions = _assigned(app, slowly)
        return await _recovered(app), positions.flows

    assert _run(run(_stock())) == (False, False)
    assert _run(run(ours(tmp_path))) == (True, True)


def test_partitions_revoked_amid_a_takeover_are_not_read(tmp_path: Path) -> None:
    """Stock Faust looks at the generation before it seeks, and lets the flow go on after it
    although the partitions are another's by then."""

    async def revoked_meanwhile(positions: Positions) -> None:
        positions.revoked = True

    async def run(app: Any) -> bool:
        positions = _assigned(app, revoked_meanwhile)
        await app.tables.recovery._resume_streams(generation_id=1)
        return positions.flows

    assert _run(run(_stock())) is True
    assert _run(run(ours(tmp_path))) is False


def test_a_takeover_brings_the_state(tmp_path: Path) -> None:
    """Stock Faust without tables only seeks; ours takes each partition over before it is read."""

    async def at_once(_: Positions) -> None:
        pass

    async def run(app: Any) -> int:
        positions = _assigned(app, at_once)
        await app.tables.recovery._resume_streams(generation_id=1)
        assert positions.flows
        return positions.restored

    assert _run(run(_stock())) == 0
    assert _run(run(ours(tmp_path))) == 1


def test_tables_that_are_not_there_are_not_waited_for(tmp_path: Path) -> None:
    """Stock Faust waits a second at each start for tables that may still be declared."""

    async def at_once(_: Positions) -> None:
        pass

    async def run(app: Any) -> bool:
        _assigned(app, at_once)
        started = asyncio.Event()

        async def start() -> None:
            started.set()

        app.tables._recovery = SimpleNamespace(start=start)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(app.tables.on_start(), BLINK_S)
        return started.is_set()

    assert _run(run(_stock())) is False
    assert _run(run(ours(tmp_path))) is True


class Streamed:
    """A stream as the monitor sees it."""

    def __init__(self) -> None:
        self.task_owner = self


def test_an_event_is_not_counted_one_by_one(tmp_path: Path) -> None:
    """The stock monitor books every event under five names, twice; our metrics count batches."""

    async def run(app: Any) -> set[str]:
        monitor = app.monitor
        stream = Streamed()
        message = SimpleNamespace(time_in=None, time_out=None)
        before = repr(monitor.asdict())
        monitor.on_message_in(TP0, 7, message)
        state = monitor.on_stream_event_in(TP0, 7, stream, None)
        monitor.on_stream_event_out(TP0, 7, stream, None, state)
        monitor.on_message_out(TP0, 7, message)
        booked = {name for name in ("time_in", "time_out") if getattr(message, name) is not None}
        return booked | ({"counts"} if repr(monitor.asdict()) != before else set())

    assert _run(run(_stock(Monitor=Monitor))) == {"time_in", "time_out", "counts"}
    assert _run(run(ours(tmp_path))) == set()


def test_what_an_app_runs_ends_with_its_partitions(tmp_path: Path) -> None:
    """Tasks of a stock app go on through a rebalance; our clock stops before another's starts."""

    async def run(app: Any, beside: asyncio.Task[Any]) -> bool:
        app.on_rebalance_start()
        await asyncio.sleep(0)  # It is told from another thread, in stock Faust.
        await asyncio.wait({beside}, timeout=BLINK_S)
        return beside.cancelled()

    async def stock() -> bool:
        app = _stock()
        task: asyncio.Task[Any] = app.add_future(asyncio.Event().wait())
        return await run(app, task)

    async def of_ours() -> bool:
        app = ours(tmp_path)
        app._clock = asyncio.ensure_future(asyncio.Event().wait())  # type: ignore[assignment]
        return await run(app, app._clock)  # type: ignore[arg-type]

    assert _run(stock()) is False
    assert _run(of_ours()) is True


def test_what_is_under_way_is_durable_before_an_app_stops(tmp_path: Path) -> None:
    """A stock app empties its queues first, so what was read and waited there is read again by the
    next owner; ours makes all that was worked on durable before anything is dropped."""

    async def run(app: Any) -> list[str]:
        order: list[str] = []

        async def release(consumer: Any) -> None:
            assert not consumer.flow_active
            order.append("durable")

        async def nothing() -> None:
            pass

        consumer = SimpleNamespace(
            flow_active=True, assignment=lambda: {TP0}, pause_partitions=lambda _: None,
            wait_empty=nothing,
        )  # fmt: skip
        consumer.stop_flow = lambda: setattr(consumer, "flow_active", False)
        app._consumer, app.keeper = consumer, SimpleNamespace(release=release)
        app._fetcher = SimpleNamespace(stop=nothing, service_reset=lambda: None)
        app.flow_control = SimpleNamespace(
            suspend=lambda: None, clear=lambda: order.append("emptied")
        )
        await app.on_stop()
        return order

    assert _run(run(_stock())) == ["emptied"]
    assert _run(run(ours(tmp_path))) == ["durable", "emptied"]


@pytest.mark.parametrize(
    ("what", "code", "says"),
    [
        ("app.on_first_start()", REFUSED, "no Kafka answers at 127.0.0.1:1"),
        ("app.keeper.restore(None, 'g', set())", BUG, "taking partitions over failed"),
    ],
)
def test_what_cannot_be_started_ends_the_process(
    tmp_path: Path, what: str, code: int, says: str
) -> None:
    """A stock app starts without a look at the cluster, and tries for ever; ours says what is
    wrong and ends, so that its supervisor knows."""

    async def stock() -> None:
        await _stock(datadir=str(tmp_path)).on_first_start()  # Nobody was asked: no error.

    _run(stock())
    program = ENDS.format(data_dir=str(tmp_path / "ours"), what=what)
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == code, ended.stderr
    assert says in ended.stderr


def test_a_worker_that_has_stopped_ends_at_once(tmp_path: Path) -> None:
    """The stock worker sleeps for a second when all is done: one more before its successor."""

    async def run(kind: type[faust.Worker], app: Any) -> bool:
        worker = kind(app, loop=asyncio.get_running_loop(), quiet=True)
        ending = asyncio.ensure_future(worker._sentinel_task())
        await asyncio.wait({ending}, timeout=BLINK_S)
        at_once = ending.done()
        ending.cancel()
        return at_once

    assert _run(run(faust.Worker, _stock())) is False
    assert _run(run(Worker, ours(tmp_path))) is True


def test_what_nobody_acts_on_is_not_said(tmp_path: Path) -> None:
    """Stock services tell of each start and stop, and a subclass of the app does so in our name."""

    class Subclassed(faust.App):
        """As ours, but for its logger."""

    async def run(kind: type[faust.App], app: Any) -> tuple[str, set[int]]:
        services = (app, app.tables, app.tables.recovery, app.monitor)
        return kind.logger.name, {each._mundane_level for each in services}

    assert _run(run(Subclassed, _stock())) == (__name__, {logging.INFO})
    assert _run(run(StageApp, ours(tmp_path))) == ("faust.app", {logging.DEBUG})
