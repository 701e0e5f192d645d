"""One bare hop: what is read is written as it is, in order. The floor of latency.

python relay.py BOOTSTRAP FROM_TOPIC TO_TOPIC
"""

import asyncio
import sys
from typing import Any

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition


class Target:
    """A partition: one batch under way, the next one gathering."""

    def __init__(self, producer: AIOKafkaProducer, topic: str, partition: int) -> None:
        self._producer = producer
        self._place = topic, partition
        self._waiting: list[Any] = []
        self._sending: asyncio.Task[None] | None = None

    def put(self, records: list[Any]) -> None:
        """Queues them and does not wait."""
        self._waiting += records
        if self._sending is None:
            self._sending = asyncio.get_running_loop().create_task(self._send())

    async def _send(self) -> None:
        topic, partition = self._place
        while self._waiting:
            batch = self._producer.create_batch()
            count = 0
            for count, each in enumerate(self._waiting, start=1):
                if not batch.append(
                    timestamp=None, key=each.key, value=each.value, headers=list(each.headers)
                ):
                    count -= 1
                    break
            del self._waiting[:count]
            await (await self._producer.send_batch(batch, topic, partition=partition))
        self._sending = None


async def main() -> None:
    """Runs until it is told to stop."""
    bootstrap, source, target = sys.argv[1:]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, auto_offset_reset="latest", fetch_max_wait_ms=50
    )
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, compression_type="lz4", max_batch_size=1 << 19
    )
    await consumer.start()
    await producer.start()
    partitions = await producer.partitions_for(source)
    consumer.assign([TopicPartition(source, partition) for partition in partitions])
    targets = {partition: Target(producer, target, partition) for partition in partitions}
    print("ready", flush=True)
    while True:
        fetched = await consumer.getmany(timeout_ms=1_000)
        for tp, records in fetched.items():
            targets[tp.partition].put(records)


if __name__ == "__main__":
    uvloop.run(main())
