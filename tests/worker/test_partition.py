"""One partition at work, against a Kafka that answers when it is told to."""

import asyncio
from typing import Any

from faust.types import TP

from adaptive_stream.checkpoint.effects import AwaitOutputs, Effect
from adaptive_stream.engine.clock import Clock
from adaptive_stream.metrics.watch import Observed, Watch
from adaptive_stream.stages.outcome import Outcome
from adaptive_stream.stages.records import Output
from adaptive_stream.worker.partition import OUTPUT_BYTES_MAX, Partition

FACT_BYTES = 1_000
BATCH = 100


class SlowKafka:
    """Acknowledges outputs when the test says so."""

    def __init__(self) -> None:
        self.acknowledged = asyncio.Event()

    async def perform(self, effect: Effect) -> Any:
        """As the outboxes do it."""
        if isinstance(effect, AwaitOutputs):
            await self.acknowledged.wait()


def _batch(next_offset: int) -> Outcome:
    outputs = [Output("t", None, b"k", b"v" * FACT_BYTES, ()) for _ in range(BATCH)]
    return Outcome(Clock(), next_offset, outputs=outputs, records=BATCH)


def test_a_broker_that_does_not_answer_is_not_written_to_without_end() -> None:
    """A stage without state stops taking facts when too much waits, and goes on afterwards."""

    async def run() -> tuple[int, int]:
        kafka = SlowKafka()
        tp = TP("channel.web.v1", 0)
        partition = Partition(tp, 0, Observed(Watch("admit", {}, wall=True), tp, kafka))
        room = asyncio.Event()
        partition.on_room = room.set
        taken = 0
        while partition.has_room():
            assert taken * FACT_BYTES < 2 * OUTPUT_BYTES_MAX
            taken += BATCH
            partition.accept(_batch(taken), {})
            await asyncio.sleep(0)
        waiting = partition.next_offset - partition.committable
        kafka.acknowledged.set()
        async with asyncio.timeout(5):
            await room.wait()
            assert partition.has_room()
            await partition.finish()
        return waiting, partition.committable - taken

    waiting, not_committable = asyncio.run(run())
    assert OUTPUT_BYTES_MAX <= waiting * 1_100 < 1.5 * OUTPUT_BYTES_MAX
    assert not_committable == 0
