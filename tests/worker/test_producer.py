"""Outboxes against a Kafka that answers when it is told to, and the partitioner against Java's."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable
from types import SimpleNamespace
from typing import Any

import faust
import pytest
from aiokafka.errors import KafkaTimeoutError
from aiokafka.producer.message_accumulator import BatchBuilder

from adaptive_stream.process.exit import BUG
from adaptive_stream.stages.records import EVERY, Output, partition_of
from adaptive_stream.worker.producer import Outbox, Outboxes

# From the tests of Kafka's own client: murmur2 as a signed 32-bit number.
JAVA = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}

FAILS = """
import asyncio
from aiokafka.errors import KafkaTimeoutError
from tests.worker.test_producer import SlowKafka
from adaptive_stream.worker.producer import Outbox

async def main():
    kafka = SlowKafka()
    Outbox(kafka, "t", 0).put(b"k", b"v", ())
    await asyncio.sleep(0)
    while not kafka.sent:
        await asyncio.sleep(0)
    kafka.sent[0][1].set_exception(KafkaTimeoutError())
    await asyncio.sleep(30)

asyncio.run(main())
"""


class SlowKafka:
    """Takes batches and acknowledges each when the test says so."""

    def __init__(self) -> None:
        self.sent: list[tuple[Any, asyncio.Future[Any]]] = []
        self._arrived = asyncio.Event()

    def create_batch(self) -> BatchBuilder:
        """As AIOKafkaProducer does it."""
        return BatchBuilder(1 << 20, 0)

    async def send_batch(self, batch: Any, topic: str, *, partition: int) -> Awaitable[Any]:
        """The future of the batch's metadata."""
        del topic, partition
        future = asyncio.get_running_loop().create_future()
        self.sent.append((batch, future))
        self._arrived.set()
        return future

    async def wait_for(self, count: int) -> None:
        """Returns when so many batches were sent."""
        while len(self.sent) < count:
            self._arrived.clear()
            await asyncio.wait_for(self._arrived.wait(), 5)

    def acknowledge(self, n: int) -> None:
        """The broker has the n-th batch."""
        self.sent[n][1].set_result(SimpleNamespace(offset=n, timestamp=-1))


def test_one_batch_is_under_way_and_the_rest_gathers_in_order() -> None:
    """A batch leaves after the one before it is acknowledged; what came meanwhile goes together."""

    async def run() -> list[int]:
        kafka = SlowKafka()
        box = Outbox(kafka, "t", 0)  # type: ignore[arg-type]
        box.put(b"k", b"0", ())
        await kafka.wait_for(1)
        for n in range(1, 100):
            last = box.put(b"k", b"%d" % n, ())
        reached = asyncio.create_task(box.reached(last))
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(kafka.sent) == 1
        kafka.acknowledge(0)
        await kafka.wait_for(2)
        assert not reached.done()
        kafka.acknowledge(1)
        await asyncio.wait_for(reached, 5)
        return [batch.record_count() for batch, _ in kafka.sent]

    assert asyncio.run(run()) == [1, 99]


def test_waiting_for_outputs_outlasts_a_slow_broker() -> None:
    """Fault P1: stock Faust's flush gives up after a tenth of a second in which nothing was sent,
    and its caller commits. Ours returns when the broker has them."""

    async def stock() -> int:
        app = faust.App("stock", broker="kafka://127.0.0.1:9092", autodiscover=False)
        buffer = app.transport.create_producer().buffer
        buffer._started.set()  # What it sends with was not: as if the broker did not answer.
        buffer.put(SimpleNamespace())
        await buffer.flush()
        return int(buffer.size)

    async def ours() -> bool:
        kafka = SlowKafka()
        boxes = Outboxes(SimpleNamespace(kafka=kafka), {"t": 1})  # type: ignore[arg-type]
        reach = boxes.write([Output("t", 0, b"k", b"v", ())])
        flushing = asyncio.ensure_future(boxes.acknowledged(reach))
        await asyncio.wait({flushing}, timeout=0.2)
        early = flushing.done()
        kafka.acknowledge(0)
        await asyncio.wait_for(flushing, 5)
        return early

    assert asyncio.run(stock()) == 1
    assert asyncio.run(ours()) is False


def test_what_every_partition_must_know_is_written_into_each() -> None:
    """A notice is there however many partitions its topic has, once in each."""

    async def run() -> tuple[list[int], list[int]]:
        kafka = SlowKafka()
        boxes = Outboxes(SimpleNamespace(kafka=kafka), {"t": 3, "u": 2})  # type: ignore[arg-type]
        reach = boxes.write(
            [Output("t", EVERY, b"#note/x", b"1", ()), Output("u", 1, b"k", b"2", ())]
        )
        await kafka.wait_for(4)
        counts = [batch.record_count() for batch, _ in kafka.sent]
        return sorted(box.partition for box in reach if box.topic == "t"), counts

    assert asyncio.run(run()) == ([0, 1, 2], [1, 1, 1, 1])


def test_a_failed_delivery_ends_the_process() -> None:
    """Fault P3: stock Faust logs that a record was lost and writes on. With us nothing is written
    behind it: the next owner repeats both."""

    async def stock() -> bool:
        app = faust.App("stock", broker="kafka://127.0.0.1:9092", autodiscover=False)
        lost = asyncio.get_running_loop().create_future()
        lost.set_exception(KafkaTimeoutError())
        topic, told = app.topic("t"), asyncio.get_running_loop().create_future()
        told.message = SimpleNamespace(channel=topic)
        state = app.sensors.on_send_initiated(app.producer, "t", told.message, 1, 1)
        topic._on_published(lost, message=told, producer=app.producer, state=state)
        return isinstance(told.exception(), KafkaTimeoutError)  # Nobody waits for this future.

    assert asyncio.run(stock())
    ended = subprocess.run(
        [sys.executable, "-c", FAILS], capture_output=True, text=True, timeout=25, check=False
    )
    assert ended.returncode == BUG
    assert "writing to t-0 failed: KafkaTimeoutError" in ended.stderr


@pytest.mark.parametrize("key", JAVA)
def test_a_key_has_the_partition_that_java_gives_it(key: bytes) -> None:
    """Facts of one customer meet in one partition, whichever client wrote them."""
    for partitions in (1, 4, 64, 7):
        assert partition_of(key, partitions) == (JAVA[key] & 0x7FFFFFFF) % partitions
