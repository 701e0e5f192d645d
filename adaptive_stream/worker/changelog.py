"""Performs what the checkpoint generators ask for, against Kafka and RocksDB."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiokafka import TopicPartition
from faust.types import TP

from adaptive_stream.checkpoint import effects
from adaptive_stream.client.reading import Reader
from adaptive_stream.stages.outcome import Stage, View
from adaptive_stream.worker.producer import Outboxes
from adaptive_stream.worker.store import Store

Load = Callable[[str], Awaitable[None]]  # the id of rules


class PartitionEffects:
    """Performs effects for a partition of a stage without state: only what `pass_on` asks for."""

    def __init__(self, outboxes: Outboxes) -> None:
        self._outboxes = outboxes

    async def perform(self, effect: effects.Effect) -> Any:
        """The effect's result."""
        match effect:
            case effects.AwaitOutputs():
                return await self._outboxes.acknowledged(effect.outputs)
            case effects.Commit():
                return None  # The partition's position is committed with all the others'.
        raise RuntimeError(f"{type(effect).__name__} in a stage without state")


class KeptEffects(PartitionEffects):
    """Performs all effects, for a partition with a changelog and a store. `newest` is the
    partition as of its last accepted batch, None before there is one; `load` brings rules."""

    def __init__(
        self,
        stage: Stage,
        outboxes: Outboxes,
        reader: Reader,
        tp: TP,
        store: Store,
        found: effects.Input,
        load: Load,
    ) -> None:
        super().__init__(outboxes)
        self.newest: View | None = None
        self._stage = stage
        self._reader = reader
        self._log = TopicPartition(stage.changelog, tp.partition)
        self._views = TopicPartition(stage.views, tp.partition) if stage.views else None
        self._tp = tp
        self._store = store
        self._input = found
        self._load = load
        if self._views is not None:
            outboxes.box(self._views.topic, self._views.partition).spans = []

    async def perform(self, effect: effects.Effect) -> Any:
        """The effect's result."""
        store = self._store
        match effect:
            case effects.AwaitOutputs():
                await self._outboxes.acknowledged(effect.outputs)
                return self._spans()
            case effects.ReadClock():
                return time.monotonic()
            case effects.Append():
                return await self._append(effect)
            case effects.WriteStore():
                return store.write(effect.rows, effect.meta)
            case effects.ReadRows():
                return store.rows(effect.keys)
            case effects.ReadLog():
                records, next_offset = await self._reader.read(self._log, effect.offset)
                return effects.Chunk(list(map(_logged, records)), next_offset)
            case effects.ReadViews():
                return await self._read_views(effect.offset)
            case effects.LoadRules():
                return await self._load(effect.in_force.id)
            case effects.PutViews():
                return await self._put_views(effect)
            case effects.ReadStore():
                return store.meta()
            case effects.WipeStore():
                return store.wipe()
            case effects.ReadInput():
                return self._input
            case effects.ReadEnd():
                return await self._reader.end(TopicPartition(*self._tp))
        return await super().perform(effect)

    async def _append(self, append: effects.Append) -> int:
        epoch = [] if append.epoch is None else [("e", b"%d" % append.epoch)]
        entries: list[Any] = []
        for key, value, wake_ms in append.entries:
            headers = [*epoch, ("w", b"%d" % wake_ms)] if wake_ms else epoch
            entries.append((key, value, headers))
        return int(await self._outboxes.append_whole(self._log.topic, self._log.partition, entries))

    async def _put_views(self, put: effects.PutViews) -> None:
        newest = self.newest  # Outputs of it may be on their way: nothing older may follow them.
        rows = newest.rows if newest else self._store.rows
        given = newest or put
        told = self._stage.tell(
            self._log.partition, list(put.keys), rows, given.clock, given.in_force
        )
        await self._outboxes.acknowledged(self._outboxes.write(told))

    def _spans(self) -> list[effects.Span]:
        if self._views is None:
            return []
        box = self._outboxes.box(self._views.topic, self._views.partition)
        spans, box.spans = box.spans or [], []
        return spans

    async def _read_views(self, offset: int | None) -> effects.Views:
        if self._views is None:
            raise RuntimeError("a stage without views")
        end = await self._reader.end(self._views)
        at = end if offset is None else offset
        keys: list[tuple[int, bytes]] = []
        while at < end:
            records, at = await self._reader.read(self._views, at)
            keys += [(record.offset, record.key) for record in records]
        return effects.Views(keys, at)


def _logged(record: Any) -> effects.Logged:
    epoch, wake_ms = None, 0
    for name, value in record.headers:
        if name == "e":
            epoch = int(value)
        elif name == "w":
            wake_ms = int(value)
    entry = effects.Entry(record.key, record.value, wake_ms)
    return effects.Logged(record.offset, epoch, entry)
