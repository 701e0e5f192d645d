"""Partitions that share a process: one that is busy without end leaves the others their turn."""

import asyncio
import time
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from faust.types import TP

from adaptive_stream.engine.clock import Clock
from adaptive_stream.metrics.watch import Observed, Watch
from adaptive_stream.process.settings import Settings
from adaptive_stream.stages.outcome import Outcome, View
from adaptive_stream.worker.changelog import PartitionEffects
from adaptive_stream.worker.inbox import Inbox, Inboxes
from adaptive_stream.worker.keeper import ROUNDS, TURN_S, Keeper
from adaptive_stream.worker.partition import Partition
from adaptive_stream.worker.producer import Outboxes

BUSY, QUIET = TP("customer.facts.v1", 0), TP("customer.facts.v1", 1)
FACT_S = 0.0005
FACTS = 2_000
BACKLOG_BYTES = 8 << 20


class Record(NamedTuple):
    """As aiokafka gives it."""

    offset: int
    timestamp: int = 0
    key: bytes = b"ana"
    value: bytes = b"{}"
    headers: tuple[Any, ...] = ()


class Slow:
    """A stage to which each fact costs FACT_S. `worked`: partition and size of each batch."""

    name = "admit"
    changelog = None
    views = None

    def __init__(self) -> None:
        self.worked: list[tuple[TP, int]] = []

    def work(self, tp: TP, records: list[Any], view: View) -> Outcome:  # noqa: ARG002
        """Spends the time."""
        self.worked.append((tp, len(records)))
        until = time.perf_counter() + FACT_S * len(records)
        while time.perf_counter() < until:
            pass
        return Outcome(Clock(), records[-1].offset + 1, records=len(records))


class Offers:
    """Where the Keeper finds what was fetched, and says that it wants to go on."""

    def __init__(self, inboxes: Inboxes) -> None:
        self.inboxes = inboxes

    async def offer(self) -> None:
        """Nobody else works here."""


def _keeper(stage: Slow, directory: Path) -> tuple[Keeper, Inboxes]:
    """With both partitions; much waits in the busy one."""
    watch = Watch("admit", {}, wall=False)
    keeper = Keeper(stage, Settings(data_dir=directory, clock="log"), watch)
    keeper.outboxes = outboxes = Outboxes(None, {})
    inboxes = Inboxes({tp: Inbox(tp, BACKLOG_BYTES) for tp in (BUSY, QUIET)})
    for tp in inboxes:
        effects = Observed(watch, tp, PartitionEffects(outboxes))
        keeper.partitions[tp] = Partition(tp, 0, effects)
    inboxes[BUSY].put([Record(offset) for offset in range(FACTS)])
    return keeper, inboxes


def test_a_fact_of_a_quiet_partition_waits_for_one_turn_of_a_busy_one(tmp_path: Path) -> None:
    """However much waits in the busy one, its batches are cut short, and between any two of them
    what came for the others is worked on."""
    stage = Slow()

    async def run() -> None:
        keeper, inboxes = _keeper(stage, tmp_path)
        turns = 0
        while len(inboxes[BUSY]):
            inboxes[QUIET].put([Record(turns)])
            turns += 1
            await keeper.work(Offers(inboxes), inboxes)
        await asyncio.gather(*(each.finish() for each in keeper.partitions.values()))

    asyncio.run(run())
    busy = [size for tp, size in stage.worked if tp == BUSY]
    assert [tp for tp, _ in stage.worked] == [BUSY, QUIET] * len(busy)
    assert sum(busy) == FACTS
    assert max(busy) * FACT_S <= 1.5 * TURN_S


def test_what_a_broker_says_is_heard_between_two_turns_of_a_busy_partition(tmp_path: Path) -> None:
    """A fetch or an acknowledgement goes through many rounds of the loop, none of which waits for
    another batch: heart beats and the other partitions' facts are not held up."""
    stage = Slow()

    async def run() -> list[int]:
        keeper, inboxes = _keeper(stage, tmp_path)
        turns = []

        async def listen() -> None:
            while len(inboxes[BUSY]):
                before = len(stage.worked)
                for _ in range(ROUNDS - 2):
                    await asyncio.sleep(0)
                turns.append(len(stage.worked) - before)

        listening = asyncio.create_task(listen())
        while len(inboxes[BUSY]):
            await keeper.work(Offers(inboxes), inboxes)
        await listening
        await asyncio.gather(*(each.finish() for each in keeper.partitions.values()))
        return turns

    assert median(asyncio.run(run())) <= 1  # The first turns are too short to be one.


def test_a_partition_that_is_being_let_go_of_takes_no_more_work(tmp_path: Path) -> None:
    """Its store is closed, and its next owner waits for it: facts that are left are theirs."""
    stage = Slow()

    async def run() -> int:
        keeper, inboxes = _keeper(stage, tmp_path)
        letting_go = [asyncio.create_task(each.finish()) for each in keeper.partitions.values()]
        await asyncio.sleep(0)
        await keeper.work(Offers(inboxes), inboxes)
        await asyncio.gather(*letting_go)
        return len(inboxes[BUSY])

    assert asyncio.run(run()) == FACTS
    assert stage.worked == []
