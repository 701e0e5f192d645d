"""One partition that this process owns: its state, what is pending, and its checkpoints.

Rule 1: batches are stepped at once and their outputs leave at once; the checkpoint follows behind,
one under way, the next one gathering. Nothing waits for it but memory.
Rule 2: state is encoded before it comes here. What a batch changed is never what a later one did.
"""

import asyncio
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from heapq import merge
from itertools import islice
from typing import Any

from faust.types import TP

from adaptive_stream.checkpoint import generators as steps
from adaptive_stream.checkpoint.effects import Effect, Performer
from adaptive_stream.checkpoint.progress import Pending, Progress
from adaptive_stream.engine.clock import Clock
from adaptive_stream.metrics.watch import Observed
from adaptive_stream.process.exit import die
from adaptive_stream.stages.outcome import NEVER, NOTHING_SAID, Outcome, Row
from adaptive_stream.worker.store import Store

# Checkpoints of a process leave together, at multiples of this, in one request: outputs share its
# connection and seldom wait for one. Commits wait for them, and the clock for commits.
BEAT_S = 0.25
OUTPUT_BYTES_MAX = 4 << 20  # Of a partition, behind those that a checkpoint waits for.


async def drive(work: Generator[Effect, Any, Any], performer: Performer) -> Any:
    """Runs a generator to its end; returns what it returns."""
    result = None
    while True:
        try:
            effect = work.send(result)
        except StopIteration as end:
            return end.value
        result = await performer.perform(effect)


class Partition:
    """A partition between assignment and revocation. `progress` None: a stage without state."""

    def __init__(
        self,
        tp: TP,
        next_offset: int,
        effects: Observed,
        progress: Progress | None = None,
        store: Store | None = None,
        bytes_max: int = 3 << 20,
    ) -> None:
        self.tp = tp
        self.next_offset = next_offset
        mark = progress.mark if progress else None
        self.clock = mark.clock if mark else Clock()
        self.in_force = mark.in_force if mark else NOTHING_SAID
        self.cursor = mark.cursor if mark else None
        self.sources = dict(progress.sources) if progress else {}
        self.committable = next_offset
        self.bytes_max = bytes_max // 4  # Of one batch: three fit, and one may be underestimated.
        self.on_room: Callable[[], None] = lambda: None
        self._progress = progress
        self._store = store
        self._effects = effects
        self._overlay: dict[bytes, Row] = {}
        self._pending: Pending | None = None
        self._pending_bytes = self._pending_output_bytes = 0
        self._work = asyncio.Event()
        self._hurry = asyncio.Event()
        self._closing = False
        self._checkpoints = asyncio.get_running_loop().create_task(self._run())

    @property
    def owner(self) -> int:
        """The partition's number: that of every output which is keyed by customer."""
        return int(self.tp.partition)

    @property
    def is_open(self) -> bool:
        """Whether its store may be asked, and it may be worked on; while it is being let go of the
        store is closed without a word, and what came now would have nobody to make it durable."""
        return not self._closing

    def store_figures(self) -> dict[str, int]:
        """What its store takes, by the names of metrics; {} without a store."""
        return {} if self._store is None else self._store.figures()

    def has_room(self) -> bool:
        """Whether another batch may be stepped before the next checkpoint is done."""
        fits = self._pending_bytes < 2 * self.bytes_max
        return fits and self._pending_output_bytes < OUTPUT_BYTES_MAX

    def has_lease(self) -> bool:
        """Whether the partition is surely still ours; if not, it is proved and `on_room` called."""
        if self._progress is None or self._progress.may_step(time.monotonic()):
            return True
        self._work.set()
        return False

    def rows(self, keys: list[bytes]) -> dict[bytes, Row]:
        """The rows that exist, by key, as of the last batch accepted."""
        found = {key: self._overlay[key] for key in keys if key in self._overlay}
        missing = [key for key in keys if key not in found]
        if missing and self._store is not None:
            found.update(self._store.rows(missing))
        return {key: row for key, row in found.items() if row.value is not None}

    def due(self, until_ms: int, after: tuple[int, bytes], count: int) -> list[tuple[int, bytes]]:
        """(wake_ms, key) of the first rows that are due, in order, strictly after that place."""
        overlay = self._overlay
        fresh = sorted(
            (row.wake_ms, key)
            for key, row in overlay.items()
            if NEVER < row.wake_ms <= until_ms and (row.wake_ms, key) > after
        )
        stored = self._store.due(until_ms, after) if self._store is not None else ()
        return list(islice(merge(fresh, (at for at in stored if at[1] not in overlay)), count))

    def following(self, after: bytes, count: int) -> list[bytes]:
        """The keys of the first rows behind `after`, in order."""
        fresh = {key: row for key, row in self._overlay.items() if key > after}
        gone = sum(row.value is None for row in fresh.values())
        stored = self._store.following(after, count + gone) if self._store is not None else []
        there = {*stored, *fresh} - {key for key, row in fresh.items() if row.value is None}
        return sorted(there)[:count]

    def accept(self, outcome: Outcome, reach: dict[Any, int]) -> None:
        """Takes what a batch did. `reach`: its outputs as they were handed to the outboxes."""
        pending = self._pending
        if pending is None:
            pending = self._pending = Pending()
        pending.next_offset = self.next_offset = outcome.next_offset
        pending.cursor = self.cursor = outcome.cursor
        pending.clock = self.clock = outcome.clock
        pending.in_force = self.in_force = outcome.in_force
        pending.rows.update(outcome.rows)
        pending.sources.update(outcome.sources)
        pending.outputs.update(reach)
        pending.records += outcome.records
        self._overlay.update(outcome.rows)
        self.sources.update(outcome.sources)
        self._pending_bytes += outcome.bytes
        self._pending_output_bytes += outcome.output_bytes
        if self._pending_bytes > self.bytes_max:
            self._hurry.set()
        self._work.set()

    async def finish(self) -> None:
        """Checkpoints what is pending and lets go of the store."""
        self._closing = True
        self._hurry.set()
        self._work.set()
        await self._checkpoints
        if self._store is not None:
            self._store.close()

    def abandon(self) -> None:
        """Lets go without a checkpoint: the next owner repeats what is not in one."""
        self._checkpoints.cancel()
        if self._store is not None:
            self._store.close()

    async def _run(self) -> None:
        try:
            while not (self._closing and self._pending is None):
                with suppress(TimeoutError):  # Nothing happens: a look at the changelog is due.
                    async with asyncio.timeout(None if self._progress is None else steps.IDLE_S):
                        await self._work.wait()
                self._work.clear()
                if self._pending is not None:
                    await self._checkpoint()
                elif self._progress is not None and not self._closing:
                    await drive(steps.prove(self._progress), self._effects)
                    self._effects.proven(self._progress)
                    self.on_room()
            if self._progress is not None:
                await drive(steps.let_go(self._progress), self._effects)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 (a bug stops the worker)
            die(f"checkpointing {self.tp.topic}-{self.tp.partition}", error, self.tp)

    async def _checkpoint(self) -> None:
        pending = self._pending
        if pending is None:
            return
        if self._progress is not None:
            await self._next_beat()
        self._pending, self._pending_bytes, self._pending_output_bytes = None, 0, 0
        self._work.clear()
        if not self._closing:
            self._hurry.clear()
        began = time.perf_counter()
        if self._progress is None:
            await drive(steps.pass_on(pending), self._effects)
        else:
            await drive(
                steps.checkpoint(self._progress, pending, clean=self._closing), self._effects
            )
        self.committable = pending.next_offset
        for key, row in pending.rows.items():
            if self._overlay.get(key) is row:
                del self._overlay[key]
        self._effects.durable(time.perf_counter() - began, self._progress)
        self.on_room()
        if self._pending is not None:
            self._work.set()

    async def _next_beat(self) -> None:
        """Waits for it, but not with much at hand, nor at the end."""
        now_s = asyncio.get_running_loop().time()
        with suppress(TimeoutError):
            async with asyncio.timeout_at(now_s - now_s % BEAT_S + BEAT_S):
                await self._hurry.wait()
