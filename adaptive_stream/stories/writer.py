"""Writes a story's records and ticks to Kafka, and returns once the broker has them.

Fourteen days are 20,160 minutes in each partition: whole batches are handed over, since one send
for each tick takes longer than all else together.
"""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any, TypeVar

from aiokafka import AIOKafkaProducer

from adaptive_stream.stages.records import TICK_KEY

BATCH_BYTES = 512 * 1024  # Below the max.message.bytes of any topic.
_Answer = TypeVar("_Answer")

Tick = tuple[int, bytes]  # its time, its body


class Writer:
    """A producer that a caller without a loop can use; `close` it."""

    def __init__(self, bootstrap: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._producer: Any = self._run(_started(bootstrap))

    def write(self, records: Iterable[tuple[str, bytes, int]]) -> None:
        """Records (topic, value, timestamp in ms) without a key, as sources write them."""
        self._run(self._write(records))

    def tick(self, topic: str, partitions: Sequence[int], ticks: Sequence[Tick]) -> None:
        """These ticks, in order, in each partition."""
        self._run(self._tick(topic, partitions, ticks))

    def close(self) -> None:
        """Closes the connections."""
        self._run(self._producer.stop())
        self._loop.close()

    async def _write(self, records: Iterable[tuple[str, bytes, int]]) -> None:
        sent = [
            await self._producer.send(topic, value, timestamp_ms=at_ms)
            for topic, value, at_ms in records
        ]
        await asyncio.gather(*sent)

    async def _tick(self, topic: str, partitions: Sequence[int], ticks: Sequence[Tick]) -> None:
        for partition in partitions:
            batch = self._producer.create_batch()
            for at_ms, body in ticks:
                if not _append(batch, at_ms, body):
                    await self._hand_over(batch, topic, partition)
                    batch = self._producer.create_batch()
                    _append(batch, at_ms, body)
            await self._hand_over(batch, topic, partition)

    async def _hand_over(self, batch: Any, topic: str, partition: int) -> None:
        if batch.record_count():
            await (await self._producer.send_batch(batch, topic, partition=partition))

    def _run(self, work: Coroutine[Any, Any, _Answer]) -> _Answer:
        return self._loop.run_until_complete(work)


async def _started(bootstrap: str) -> AIOKafkaProducer:
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap.split(","),
        acks="all",
        enable_idempotence=True,
        linger_ms=0,
        max_batch_size=BATCH_BYTES,
    )
    await producer.start()
    return producer


def _append(batch: Any, at_ms: int, body: bytes) -> bool:
    """False when the batch is full."""
    headers = [("k", b"tick")]
    added = batch.append(timestamp=at_ms, key=TICK_KEY, value=body, headers=headers)
    return added is not None
