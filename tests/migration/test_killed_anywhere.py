"""A partition that is divided, and a process that is killed at each of its writes."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from adaptive_stream.checkpoint import effects
from adaptive_stream.checkpoint import generators as steps
from adaptive_stream.checkpoint.effects import Chunk, Entry, Input, Logged
from adaptive_stream.checkpoint.progress import Pending, Progress, fold
from adaptive_stream.engine.clock import Clock
from adaptive_stream.migration.apply import StoppedError, move_partition
from adaptive_stream.migration.owned import Owned
from adaptive_stream.migration.plan import Move
from adaptive_stream.stages.outcome import Cursor, InForce, Row
from adaptive_stream.worker.partition import drive

OLD, NEW, READ = 2, 4, 70
MOVE = Move("step", "customer", "customer.facts.v1", "customer.changelog.v1", OLD, NEW)
NOTE = b"#note/item/boots-41"
KEYS = [key for key in (b"c-%04d" % n for n in range(600)) if MOVE.homes(key)[0] % OLD == 0]
ROWS = {key: Row(n % 7, b"%d" % n * 2_000) for n, key in enumerate(KEYS)} | {NOTE: Row(0, b"price")}
SOURCES = {"identity.facts.v1@1/0": (41, 2), "identity.facts.v1@1/1": (9, 0)}
CLOCK, RULES = Clock(now_ms=5, known={"web": 4}), InForce("r-1", 3)


class Killed(BaseException):
    """The process is gone."""


class Kafka:
    """Changelogs and views by partition. It dies at the write number `dies_at`, before it or, at a
    half, after it."""

    def __init__(self, dies_at: float = float("inf")) -> None:
        self.logs: dict[int, list[Logged]] = {n: [] for n in range(NEW)}
        self.views: dict[int, set[bytes]] = {n: set() for n in range(NEW)}
        self.writes = 0
        self.dies_at = dies_at

    def append(self, n: int, entries: list[Entry], epoch: int | None) -> int:
        self._die(self.writes)
        first = len(self.logs[n])
        self.logs[n] += [Logged(first + i, epoch, each) for i, each in enumerate(entries)]
        self._die(self.writes + 0.5)
        self.writes += 1
        return first

    def _die(self, at: float) -> None:
        if at == self.dies_at:
            raise Killed

    def folded(self, n: int) -> tuple[Progress, dict[bytes, Row]]:
        """What an owner would read of it."""
        progress, rows = Progress(), {}
        rows.update(fold(progress, Chunk(self.logs[n], len(self.logs[n])))[0])
        return progress, {key: row for key, row in rows.items() if row.value is not None}


class Scratch:
    """A store in memory, and what performs effects on it."""

    def __init__(self, kafka: Kafka, n: int, found: Input) -> None:
        self.kept: dict[bytes, Row] = {}
        self._kafka, self._n, self._found = kafka, n, found

    def following(self, after: bytes, count: int) -> list[bytes]:
        return sorted(key for key in self.kept if key > after)[:count]

    def rows(self, keys: list[bytes]) -> dict[bytes, Row]:
        return {key: self.kept[key] for key in keys if key in self.kept}

    def wipe(self) -> None:
        self.kept = {}

    def close(self) -> None:
        """Nothing is open."""

    async def perform(self, effect: effects.Effect) -> Any:
        match effect:
            case effects.ReadInput():
                return self._found
            case effects.ReadStore():
                return {}
            case effects.Append(entries, epoch):
                return self._kafka.append(self._n, entries, epoch)
            case effects.ReadLog(offset):
                log = self._kafka.logs[self._n]
                return Chunk(log[offset:], len(log))
            case effects.WriteStore(rows):
                self.kept.update(rows)
                self.kept = {key: row for key, row in self.kept.items() if row.value is not None}
            case effects.ReadRows(keys):
                return self.rows(keys)
            case effects.AwaitOutputs():
                return []
            case effects.ReadClock():
                return 0.0
            case effects.PutViews(keys):
                assert set(keys) <= self.kept.keys()
                self._kafka.views[self._n].update(keys)
        return None


def owners(kafka: Kafka) -> Any:
    async def take(n: int, found: Input, count: int) -> Owned:
        scratch = Scratch(kafka, n, found)
        progress = await drive(steps.recover(b"one", partitions=count), scratch)
        return Owned(scratch, scratch, progress)  # type: ignore[arg-type]

    return take


async def begin(kafka: Kafka, cursor: Cursor | None = None) -> None:
    """As the worker left it."""
    scratch = Scratch(kafka, 0, Input(None, 0, READ))
    progress = await drive(steps.recover(b"worker", partitions=OLD), scratch)
    pending = Pending(READ, cursor, CLOCK, RULES, dict(ROWS), dict(SOURCES))
    await drive(steps.checkpoint(progress, pending), scratch)


async def move(kafka: Kafka) -> None:
    """Unless the partition says that it is done, as a plan asks."""
    progress, _ = kafka.folded(0)
    if progress.mark is not None and progress.mark.partitions != NEW:
        found = Input(None, 0, READ)
        await move_partition(owners(kafka), MOVE, 0, found, shows=True)


def places() -> Iterator[float]:
    """Before and after each write of a run that nobody disturbs."""
    calm = Kafka()
    asyncio.run(begin(calm))
    first = calm.writes
    asyncio.run(move(calm))
    for write in range(first, calm.writes):
        yield write
        yield write + 0.5


@pytest.mark.parametrize("dies_at", list(places()))
def test_whoever_goes_on_brings_everything_home(dies_at: float) -> None:
    """Each row is where it is looked for, once; what a partition knew both halves know."""
    kafka = Kafka()
    asyncio.run(begin(kafka))
    kafka.dies_at = dies_at
    with pytest.raises(Killed):
        asyncio.run(move(kafka))
    kafka.dies_at = float("inf")
    asyncio.run(move(kafka))
    for n in (0, 2):
        progress, rows = kafka.folded(n)
        assert rows == {k: row for k, row in ROWS.items() if n in MOVE.homes(k) or k == NOTE}
        assert progress.sources == SOURCES
        assert progress.mark is not None
        assert (progress.mark.clock, progress.mark.in_force) == (CLOCK, RULES)
        assert (progress.mark.partitions, progress.mark.clean) == (NEW, True)
        assert progress.mark.next_offset == (READ if n == 0 else 0)
        assert kafka.views[n] >= rows.keys() - {NOTE}
    assert not kafka.logs[1]


def test_there_is_much_to_die_at() -> None:
    """More than a claim and a mark: copies in several batches, and what is taken out."""
    assert len(list(places())) > 16


def test_a_partition_that_was_let_go_amid_a_tick_is_left_alone() -> None:
    """Half of a tick's timers have fired: which of the others are whose is not to be guessed."""
    kafka = Kafka()
    asyncio.run(begin(kafka, cursor=(5, 1, "c-0001")))
    with pytest.raises(StoppedError, match="amid a tick"):
        asyncio.run(move(kafka))
    assert not kafka.logs[2]
