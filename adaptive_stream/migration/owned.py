"""A partition of a changelog as its owner has it: the migration is one more owner.

It claims a partition as a worker does, so that none that slept through a stop can write to it
afterwards unnoticed, reads it to its end, and writes checkpoints to it. Its store is a scratch.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from aiokafka import AIOKafkaProducer, TopicPartition

from adaptive_stream.announce.rulebook import Rulebook
from adaptive_stream.catalog.bundle import MEANING
from adaptive_stream.checkpoint import generators as steps
from adaptive_stream.checkpoint.effects import Input, Performer, PutViews
from adaptive_stream.checkpoint.progress import Mark, Pending, Progress
from adaptive_stream.client.reading import Reader
from adaptive_stream.process.settings import Settings
from adaptive_stream.stages.outcome import Place, Row, Stage
from adaptive_stream.worker.changelog import KeptEffects
from adaptive_stream.worker.partition import drive
from adaptive_stream.worker.producer import Outboxes
from adaptive_stream.worker.store import Memory, Store

OWNER = b"migration"
KEYS_AT_ONCE = 200  # A state takes 256 KiB at most.
BATCH_BYTES = 512 << 10  # Of one checkpoint, and at most one state more.


class Client(NamedTuple):
    """What Outboxes want of a producer."""

    kafka: AIOKafkaProducer


class Workshop(NamedTuple):
    """What all partitions of a stage share while they are moved."""

    settings: Settings
    stage: Stage
    outboxes: Outboxes
    reader: Reader
    rulebook: Rulebook
    memory: Memory
    scratch: Path


class Owned:
    """`rows` beside, it is what its changelog says. Not usable after `close`."""

    def __init__(self, store: Store, effects: Performer, progress: Progress) -> None:
        self._store = store
        self._effects = effects
        self.progress = progress

    @classmethod
    async def take(
        cls, shop: Workshop, tp: TopicPartition, found: Input, partitions: int
    ) -> "Owned":
        """Claims it and reads it. `partitions`: how many its state was made for."""
        store = Store(shop.scratch / f"{tp.topic}-{tp.partition}", shop.memory)
        effects = KeptEffects(
            shop.stage, shop.outboxes, shop.reader, tp, store, found, shop.rulebook.load
        )
        tenant = shop.settings.tenant
        recover = steps.recover(OWNER, tenant=tenant, meaning=MEANING, partitions=partitions)
        return cls(store, effects, await drive(recover, effects))

    @property
    def mark(self) -> Mark:
        """Its newest."""
        assert self.progress.mark is not None, "it was taken over"
        return self.progress.mark

    def rows(self) -> Iterator[dict[bytes, Row]]:
        """All of them, some at a time, in the order of their keys."""
        after = b""
        while keys := self._store.following(after, KEYS_AT_ONCE):
            after = keys[-1]
            yield self._store.rows(keys)

    async def write(
        self,
        rows: dict[bytes, Row],
        sources: dict[str, Place] | None = None,
        by: Mark | None = None,
    ) -> None:
        """A checkpoint of these rows. `by`: whose clock and rules it goes by, else its own."""
        by = by or self.mark
        pending = Pending(
            self.mark.next_offset, None, by.clock, by.in_force, rows, sources or {}
        )  # fmt: skip
        # Nothing is ever stepped here, so whoever comes next need not be of this version.
        await drive(steps.checkpoint(self.progress, pending, clean=True), self._effects)

    async def show(self, keys: list[bytes]) -> None:
        """Writes the views of its rows."""
        if keys:
            await self._effects.perform(PutViews(keys, self.mark.clock, self.mark.in_force))

    def close(self) -> None:
        """Lets go of the scratch store and removes it."""
        self._store.wipe()
        self._store.close()
