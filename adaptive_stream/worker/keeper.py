"""The partitions that this process owns, from their assignment to their revocation."""

import asyncio
import logging
import os
import time
from collections.abc import Coroutine, Mapping
from functools import partial
from typing import Any

from aiokafka import TopicPartition
from faust.types import TP

from adaptive_stream.announce.rulebook import Rulebook
from adaptive_stream.catalog.bundle import MEANING
from adaptive_stream.checkpoint import generators as steps
from adaptive_stream.checkpoint.effects import Input
from adaptive_stream.checkpoint.progress import Progress, stored
from adaptive_stream.client.reading import Reader, read_inputs
from adaptive_stream.metrics.watch import Observed, Watch
from adaptive_stream.process.exit import die
from adaptive_stream.process.logs import at
from adaptive_stream.process.memory import give_back
from adaptive_stream.process.settings import Settings
from adaptive_stream.process.stale import LOST_S, remove_stale
from adaptive_stream.stages.outcome import NOTHING_SAID, EngineFault, Stage
from adaptive_stream.stages.working import worked
from adaptive_stream.worker.changelog import KeptEffects, PartitionEffects
from adaptive_stream.worker.inbox import Inbox, Inboxes
from adaptive_stream.worker.partition import Partition, drive
from adaptive_stream.worker.producer import Outboxes
from adaptive_stream.worker.store import Memory, Store
from adaptive_stream.worker.transport import Consumer

log = logging.getLogger(__name__)
# A batch is cut to what takes so long here and now: outputs leave and heart beats go on in between,
# and a quiet partition waits no longer for a busy one.
TURN_S = 0.02
# What a broker says or is told goes through so many rounds of the loop in its client. Were each of
# them another turn of a busy partition, a fact of a quiet one would wait for all of them.
ROUNDS = 12
TURN_RECORDS_MIN = 8
RELEASE_S = 5.0  # A checkpoint that is not done by then is left to the next owner.


class Keeper:
    """Takes partitions over, works on their batches, and lets them go."""

    def __init__(
        self, stage: Stage, settings: Settings, watch: Watch, rulebook: Rulebook | None = None
    ) -> None:
        self.stage = stage
        self.rulebook = rulebook
        self.partitions: dict[TP, Partition] = {}
        self.outboxes: Outboxes
        self.bytes_max = 1 << 20
        self._settings = settings
        self._watch = watch
        self._turn_records = TURN_RECORDS_MIN
        self._memory = Memory(settings.store_cache_bytes, settings.store_buffer_bytes)
        self._directory = settings.data_dir / stage.name
        self._tidying: asyncio.TimerHandle | None = None
        self._reader: Reader | None = None
        self._restoring: asyncio.Task[None] | None = None
        self._beside: set[asyncio.Task[None]] = set()

    def positions(self) -> Mapping[TP, int]:
        """What may be committed: never ahead of a checkpoint."""
        return {tp: partition.committable for tp, partition in self.partitions.items()}

    async def restore(self, consumer: Consumer, group: str, assigned: set[TP]) -> bool:
        """Takes the partitions over. False: they were revoked meanwhile."""
        await self.release(consumer)  # A takeover that came too late may have left some.
        task = asyncio.get_running_loop().create_task(self._restore(consumer, group, assigned))
        self._restoring = task
        await asyncio.wait({task})
        if self._restoring is task:
            self._restoring = None
        if task.cancelled():
            return False
        if error := task.exception():
            die("taking partitions over", error)
        return True

    async def _restore(self, consumer: Consumer, group: str, assigned: set[TP]) -> None:
        began = time.perf_counter()
        inputs = await read_inputs(self._settings, group, sorted(assigned))
        if self.stage.changelog is None:
            for tp in assigned:
                effects = Observed(self._watch, tp, PartitionEffects(self.outboxes))
                self.partitions[tp] = Partition(tp, steps.position(inputs[tp]), effects)
        else:
            if self._reader is None:
                self._reader = Reader(self._settings)
                await self._reader.start()
            self._remove_stale({_name_of(tp) for tp in assigned})
            await self._take_all_over(inputs, self._reader, self.stage.changelog)
        await consumer.move_to({tp: each.next_offset for tp, each in self.partitions.items()})
        for tp, partition in self.partitions.items():
            partition.on_room = partial(self._on_room, consumer, consumer.inboxes[tp])
        give_back()
        self._watch.taken_over(time.perf_counter() - began)
        log.info("owns %d partitions after %.3f s", len(assigned), time.perf_counter() - began)

    def _remove_stale(self, ours: set[str], *, are_open: bool = False) -> None:
        """Now, and again when what is being lost now is due."""
        for name in remove_stale(self._directory, ours, are_open=are_open):
            log.warning("removed the store of %s: it was not used for too long", name)
        if self._tidying is not None:
            self._tidying.cancel()
        loop = asyncio.get_running_loop()
        again = partial(self._remove_stale, ours, are_open=True)
        self._tidying = loop.call_later(LOST_S + 60, again)

    async def _take_all_over(self, inputs: dict[TP, Input], reader: Reader, topic: str) -> None:
        stores: dict[TP, Store] = {}
        try:
            for tp in inputs:
                stores[tp] = Store(self._directory / _name_of(tp), self._memory)
            ends = await reader.ends([TopicPartition(topic, tp.partition) for tp in inputs])
            stands = {tp: stored(store.meta()).log_end for tp, store in stores.items()}
            self._watch.takes_over({tp: (at, ends[topic, tp[1]]) for tp, at in stands.items()})
            for tp, found in inputs.items():
                await self._take_over(tp, found, stores.pop(tp), reader)
        finally:
            for store in stores.values():
                store.close()

    async def _take_over(self, tp: TP, found: Input, store: Store, reader: Reader) -> None:
        try:
            effects = KeptEffects(
                self.stage, self.outboxes, reader, tp, store, found, self._load_rules
            )
            observed = Observed(self._watch, tp, effects)
            owner = f"{os.uname().nodename}/{os.getpid()}".encode()
            first = self.rulebook.first if self.rulebook else NOTHING_SAID
            has_views, tenant = self.stage.views is not None, self._settings.tenant
            count = self.outboxes.partitions(tp.topic)
            work = steps.recover(owner, has_views, tenant, first, MEANING, count)
            progress: Progress = await drive(work, observed)
            observed.recovered()
        except BaseException:
            store.close()
            raise
        mark = progress.mark
        if mark is None:
            raise RuntimeError("a takeover without a checkpoint")
        partition = self.partitions[tp] = Partition(
            tp, mark.next_offset, observed, progress, store, self.bytes_max
        )
        effects.newest = partition

    async def release(self, consumer: Consumer) -> None:
        """Finishes what is under way, commits it, and lets go of every partition."""
        if self._restoring is not None:
            self._restoring.cancel()
            await asyncio.wait({self._restoring})
        finishing = [each.finish() for each in self.partitions.values()]
        if finishing:
            tasks = [asyncio.ensure_future(each) for each in finishing]
            _, late = await asyncio.wait(tasks, timeout=RELEASE_S)
            if late:
                log.warning("%d partitions are let go without a last checkpoint", len(late))
                for task in late:
                    task.cancel()
            await consumer.commit()
            for task, partition in zip(tasks, self.partitions.values(), strict=True):
                if task in late:
                    partition.abandon()
        self.partitions = {}
        if self._reader is not None:
            await self._reader.stop()
            self._reader = None

    async def work(self, consumer: Consumer, inboxes: Inboxes) -> None:
        """Works on what waits, a batch of each partition in turn."""
        inboxes.offered = False
        began_s = time.perf_counter()
        for inbox in inboxes.values():
            if consumer.inboxes is not inboxes:
                return  # They were let go meanwhile.
            self._work(inbox)
            if time.perf_counter() - began_s > TURN_S / 2:
                for _ in range(ROUNDS):
                    await asyncio.sleep(0)
                began_s = time.perf_counter()
        await consumer.offer()

    def _work(self, inbox: Inbox) -> None:
        """One batch. Nothing else runs between its take and the moment at which the partition has
        accepted what came of it."""
        partition = self.partitions.get(inbox.tp)
        if partition is None or not partition.is_open or not len(inbox):
            return
        inbox.ready = partition.has_room() and partition.has_lease()
        if not inbox.ready:
            return
        began_s = time.perf_counter()
        records = inbox.take(self._turn_records, self._settings.batch_bytes_max)
        outcome, fault = worked(self.stage, partition.tp, records, partition)
        if fault is not None:
            self._say(partition, fault)
        inbox.put_back([record for record in records if record.offset >= outcome.next_offset])
        reach = self.outboxes.write(outcome.outputs)
        partition.accept(outcome, reach)
        if outcome.unknown:
            inbox.ready = False
            self._remember(self._go_on_with(outcome.unknown, partition))
        self._watch.batch(inbox.tp, records, outcome)
        if outcome.suppressed:
            acknowledged = self.outboxes.acknowledged(reach)
            self._remember(self._watch.suppressed(outcome, acknowledged))
        fit = int(len(records) * TURN_S / (time.perf_counter() - began_s))
        if fit < self._turn_records or len(records) == self._turn_records:
            self._turn_records = max(TURN_RECORDS_MIN, min(fit, self._settings.records_max))

    async def _load_rules(self, id_: str) -> None:
        if self.rulebook is not None:
            await self.rulebook.load(id_)

    async def _go_on_with(self, id_: str, partition: Partition) -> None:
        try:
            await self._load_rules(id_)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 (a bug stops the worker)
            die("loading rules", error)
        partition.on_room()

    def _remember(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs it beside; asyncio itself would forget it."""
        task = asyncio.get_running_loop().create_task(work)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    def _say(self, partition: Partition, fault: EngineFault) -> None:
        kind = type(fault.error).__name__
        where = at(partition.tp.topic, partition.tp.partition, fault.offset)
        says = "the engine raised %s at %s/%d/%d: see its dead-letter topic"
        log.error(says, kind, *where.values(), extra=where)
        log.debug("what it raised", exc_info=fault.error)

    def _on_room(self, consumer: Consumer, inbox: Inbox) -> None:
        if not inbox.ready:
            inbox.ready = True
            self._remember(consumer.offer())


def _name_of(tp: TP) -> str:
    return f"{tp.topic}-{tp.partition}"
