"""Performs what the checkpoint generators ask for, against Kafka and RocksDB."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from faust.types import TP

from adaptive_stream.worker import checkpoint as steps
from adaptive_stream.worker.producer import Outboxes
from adaptive_stream.worker.settings import Settings
from adaptive_stream.worker.store import Store

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
    return {TP(tp.topic, tp.partition): found.offset for tp, found in offsets.items()}


@dataclass(frozen=True)
class Inputs:
    """Where input partitions begin, end, and were committed."""

    inputs: Mapping[TP, steps.Input]

    @classmethod
    async def read(cls, settings: Settings, group: str, tps: list[TP]) -> "Inputs":
        """Asks the cluster."""
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
        found = {}
        for tp, kafka_tp in zip(tps, kafka_tps, strict=True):
            at = commits.get(tp, -1)
            found[tp] = steps.Input(at if at >= 0 else None, starts[kafka_tp], ends[kafka_tp])
        return cls(found)

    def of(self, tp: TP) -> steps.Input:
        """One partition's."""
        return self.inputs[tp]

    def position(self, tp: TP) -> int:
        """Where a stage without a changelog goes on. Raises Refusal where facts would be lost."""
        found = self.inputs[tp]
        if found.committed is None:
            return found.start
        steps.check_range(found.committed, found.start, found.end)
        return found.committed


class Changelog:
    """A changelog topic, read by partition and written in whole batches."""

    def __init__(self, settings: Settings, topic: str, outboxes: Outboxes) -> None:
        self.topic = topic
        self._outboxes = outboxes
        self._reader = reader(settings)

    async def __aenter__(self) -> "Changelog":
        await self._reader.start()
        return self

    async def __aexit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._reader.stop()

    async def append(self, partition: int, append: steps.Append) -> int:
        """One record batch -> the offset of its first record."""
        epoch = [] if append.epoch is None else [("e", b"%d" % append.epoch)]
        entries: list[Any] = []
        for key, value, wake_ms in append.entries:
            headers = [*epoch, ("w", b"%d" % wake_ms)] if wake_ms else epoch
            entries.append((key, value, headers))
        return int(await self._outboxes.append_whole(self.topic, partition, entries))

    async def read(self, partition: int, offset: int) -> steps.Chunk:
        """What is there from `offset` on; waits for something."""
        tp = TopicPartition(self.topic, partition)
        if self._reader.assignment() != {tp}:
            self._reader.assign([tp])
            self._reader.seek(tp, offset)
        until = asyncio.get_running_loop().time() + READ_WITHIN_S
        while True:
            found = await self._reader.getmany(tp, timeout_ms=1_000, max_records=READ_RECORDS)
            next_offset = await self._reader.position(tp)
            if next_offset > offset:
                return steps.Chunk([_logged(each) for each in found.get(tp, ())], next_offset)
            if asyncio.get_running_loop().time() > until:
                raise RuntimeError(f"{self.topic}-{partition} cannot be read from {offset} on")


def _logged(record: Any) -> steps.Logged:
    epoch, wake_ms = None, 0
    for name, value in record.headers:
        if name == "e":
            epoch = int(value)
        elif name == "w":
            wake_ms = int(value)
    return steps.Logged(record.offset, epoch, steps.Entry(record.key, record.value, wake_ms))


class PartitionEffects:
    """Performs effects for one partition. Without a changelog, only what `pass_on` asks for."""

    def __init__(
        self,
        outboxes: Outboxes,
        changelog: Changelog | None = None,
        tp: TP | None = None,
        store: Store | None = None,
        found: steps.Input | None = None,
    ) -> None:
        self._outboxes = outboxes
        self._changelog = changelog
        self._tp = tp
        self._store = store
        self._input = found

    async def perform(self, effect: steps.Effect) -> Any:
        """The effect's result."""
        match effect:
            case steps.AwaitOutputs():
                return await self._outboxes.acknowledged(effect.outputs)
            case steps.Commit():
                return None  # The partition's position is committed with all the others'.
        changelog, tp, store = self._changelog, self._tp, self._store
        if changelog is None or tp is None or store is None:
            raise RuntimeError(f"{type(effect).__name__} in a stage without state")
        match effect:
            case steps.Append():
                return await changelog.append(tp.partition, effect)
            case steps.ReadLog():
                return await changelog.read(tp.partition, effect.offset)
            case steps.WriteStore():
                return store.write(effect.rows, effect.meta)
            case steps.ReadStore():
                return store.meta()
            case steps.WipeStore():
                return store.wipe()
            case steps.ReadInput():
                return self._input
