"""Performs what the checkpoint generators ask for, against Kafka and RocksDB."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from faust.types import TP

from adaptive_stream.checkpoint import effects
from adaptive_stream.process.settings import Settings
from adaptive_stream.stages.outcome import Stage, View
from adaptive_stream.worker.producer import Outboxes
from adaptive_stream.worker.store import Store

Load = Callable[[str], Awaitable[None]]  # the id of rules
READ_RECORDS = 10_000
READ_WITHIN_S = 60.0  # A changelog that gives nothing for so long cannot be read.


def reader(settings: Settings) -> AIOKafkaConsumer:
    """A consumer without a group. It must be started."""
    return AIOKafkaConsumer(
        **settings.client(),
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=settings.fetch_wait_ms,
        max_partition_fetch_bytes=8 << 20,
    )


async def committed(admin: AIOKafkaAdminClient, group: str) -> dict[TP, int]:
    """What a group has committed, by partition."""
    offsets = await admin.list_consumer_group_offsets(group)
    return {TP(*tp): found.offset for tp, found in offsets.items() if found.offset >= 0}


async def read_inputs(settings: Settings, group: str, tps: list[TP]) -> dict[TP, effects.Input]:
    """Where input partitions begin, end, and were committed."""
    admin = AIOKafkaAdminClient(**settings.client())
    consumer = reader(settings)
    kafka_tps = [TopicPartition(*tp) for tp in tps]
    try:
        await admin.start()
        await consumer.start()
        commits = await committed(admin, group)
        starts = await consumer.beginning_offsets(kafka_tps)
        ends = await consumer.end_offsets(kafka_tps)
    finally:
        await consumer.stop()
        await admin.close()
    return {
        tp: effects.Input(commits.get(tp), starts[at], ends[at])
        for tp, at in zip(tps, kafka_tps, strict=True)
    }


class Reader:
    """Reads any partition from any offset on, one after the other."""

    def __init__(self, settings: Settings) -> None:
        self._consumer = reader(settings)
        self._lock = asyncio.Lock()
        self._at: tuple[TopicPartition, int] | None = None

    async def start(self) -> None:
        """Must come first."""
        await self._consumer.start()

    async def stop(self) -> None:
        """Must come last."""
        await self._consumer.stop()

    async def read(self, tp: TopicPartition, offset: int) -> tuple[list[Any], int]:
        """What is there from `offset` on, and where to go on; waits for something."""
        async with self._lock:
            if self._at != (tp, offset):
                self._consumer.assign([tp])
                self._consumer.seek(tp, offset)
            until = asyncio.get_running_loop().time() + READ_WITHIN_S
            while True:
                found = await self._consumer.getmany(tp, timeout_ms=1_000, max_records=READ_RECORDS)
                next_offset = await self._consumer.position(tp)
                self._at = tp, next_offset
                if next_offset > offset:
                    return found.get(tp, []), next_offset
                if asyncio.get_running_loop().time() > until:
                    raise RuntimeError(f"{tp.topic}-{tp.partition} cannot be read from {offset} on")

    async def end(self, tp: TopicPartition) -> int:
        """The offset after the last record."""
        return (await self.ends([tp]))[tp]

    async def ends(self, tps: list[TopicPartition]) -> dict[TopicPartition, int]:
        """The same of several."""
        async with self._lock:
            return dict(await self._consumer.end_offsets(tps))


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
