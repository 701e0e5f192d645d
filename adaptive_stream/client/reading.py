"""Reading without a group: where topics begin and end, what groups committed, any partition."""

import asyncio
from collections.abc import Iterable
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from adaptive_stream.checkpoint.effects import Input
from adaptive_stream.process.settings import Settings

READ_RECORDS = 300  # What is read is worked on while it is in the processor's cache.
READ_WITHIN_S = 60.0  # A changelog that gives nothing for so long cannot be read.


def reader(settings: Settings, wait_ms: int | None = None) -> AIOKafkaConsumer:
    """A consumer without a group, whose fetches wait so long for a record. It must be started."""
    return AIOKafkaConsumer(
        **settings.client(),
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=settings.fetch_wait_ms if wait_ms is None else wait_ms,
        max_partition_fetch_bytes=8 << 20,
    )


class Offsets:
    """Where topics begin and end, and how far groups have come."""

    def __init__(self, settings: Settings) -> None:
        self._admin = AIOKafkaAdminClient(**settings.client())
        self._consumer = reader(settings)

    async def start(self) -> None:
        """Must come first."""
        await self._admin.start()
        await self._consumer.start()

    async def stop(self) -> None:
        """Must come last."""
        await self._consumer.stop()
        await self._admin.close()

    async def starts(self, tps: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """The offset of the first record of each."""
        return await self._consumer.beginning_offsets(list(tps))

    async def ends(self, tps: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """The offset after the last record of each."""
        return await self._consumer.end_offsets(list(tps))

    async def committed(self, group: str) -> dict[TopicPartition, int]:
        """What a group has committed, by partition."""
        found = await self._admin.list_consumer_group_offsets(group)
        return {TopicPartition(*tp): each.offset for tp, each in found.items() if each.offset >= 0}


async def read_inputs(
    settings: Settings, group: str, tps: list[TopicPartition]
) -> dict[TopicPartition, Input]:
    """Where input partitions begin, end, and were committed."""
    offsets = Offsets(settings)
    try:
        await offsets.start()
        commits = await offsets.committed(group)
        starts = await offsets.starts(tps)
        ends = await offsets.ends(tps)
    finally:
        await offsets.stop()
    return {tp: Input(commits.get(tp), starts[tp], ends[tp]) for tp in tps}


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
