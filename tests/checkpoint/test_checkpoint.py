"""The checkpoint against a fake of Kafka and RocksDB that crashes at every step."""

from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from adaptive_stream.checkpoint import effects
from adaptive_stream.checkpoint import generators as steps
from adaptive_stream.checkpoint.effects import Entry, Input, Logged
from adaptive_stream.checkpoint.progress import (
    CHECKPOINT,
    CLAIM,
    Mark,
    Pending,
    Progress,
    decode_mark,
    fold,
    meta_of,
)
from adaptive_stream.checkpoint.refusal import Refusal, Superseded
from adaptive_stream.stages.outcome import Row

FACTS = [(b"ana", 1), (b"bob", 2), (b"ana", 3), (b"cy", 4), (b"bob", 5), (b"ana", 6), (b"cy", 7)]
SUMS = {b"ana": 10, b"bob": 7, b"cy": 11}
BATCH = 2
CHUNK = 3  # Records that a read of the changelog gives: not where its batches end.


class Crash(Exception):
    """kill -9."""


@dataclass
class World:
    """What outlives a process: a changelog, a store, and what the group committed."""

    log: list[Logged] = field(default_factory=list)
    meta: dict[bytes, bytes] = field(default_factory=dict)
    rows: dict[bytes, Row] = field(default_factory=dict)
    committed: int | None = None
    start: int = 0
    end: int = len(FACTS)
    performed: int = 0
    crash_at: int = -1
    crash_before: bool = False

    def perform(self, effect: effects.Effect) -> Any:
        """The effect's result; crashes before or after it when its turn has come."""
        crashes = self.performed == self.crash_at
        self.performed += 1
        if crashes and self.crash_before:
            raise Crash
        result = self._perform(effect)
        if crashes:
            raise Crash
        return result

    def _perform(self, effect: effects.Effect) -> Any:
        match effect:
            case effects.ReadInput():
                return Input(self.committed, self.start, self.end)
            case effects.ReadEnd():
                return self.end
            case effects.ReadStore():
                return dict(self.meta)
            case effects.WipeStore():
                self.wipe()
            case effects.Append(entries, epoch):
                return self.append(entries, epoch)
            case effects.ReadLog(offset):
                chunk = self.log[offset : offset + CHUNK]
                return effects.Chunk(chunk, offset + len(chunk))
            case effects.ReadClock():
                return 0.0
            case effects.ReadRows(keys):
                return {key: self.rows[key] for key in keys if key in self.rows}
            case effects.AwaitOutputs():
                return []
            case effects.WriteStore(rows, meta):
                self.rows.update(rows)
                self.meta.update(meta)
            case effects.Commit(offset):
                assert offset <= max(mark.next_offset for mark in _marks(self))
                self.committed = offset
        return None

    def append(self, entries: list[Entry], epoch: int | None) -> int:
        """Appends a record batch; its first offset."""
        base = len(self.log)
        self.log += [Logged(base + n, epoch, entry) for n, entry in enumerate(entries)]
        return base

    def wipe(self) -> None:
        """Another machine."""
        self.meta, self.rows = {}, {}


class Contested(World):
    """A claim in it is followed at once by another's."""

    def append(self, entries: list[Entry], epoch: int | None) -> int:
        """As ever, and the other's claim."""
        base = super().append(entries, epoch)
        if entries[0].key == CLAIM:
            super().append([Entry(CLAIM, b"another")], None)
        return base


def _marks(world: World) -> list[Mark]:
    written = [each.entry.value for each in world.log if each.entry.key == CHECKPOINT]
    return [decode_mark(value or b"") for value in written]


def drive(work: Generator[effects.Effect, Any, Any], world: World) -> Any:
    """Runs a generator against the world."""
    result = None
    while True:
        try:
            result = world.perform(work.send(result))
        except StopIteration as end:
            return end.value


def run_owner(world: World, tenant: str = "", meaning: str = "") -> Progress:
    """Takes the partition over and sums facts by customer, to the end of the input."""
    work = steps.recover(b"owner", tenant=tenant, meaning=meaning)
    progress: Progress = drive(work, world)
    while progress.mark is not None and progress.mark.next_offset < len(FACTS):
        drive(steps.checkpoint(progress, _batch(world, progress.mark.next_offset)), world)
    return progress


def _batch(world: World, offset: int) -> Pending:
    pending = Pending(next_offset=min(offset + BATCH, len(FACTS)))
    for at in range(offset, pending.next_offset):
        key, amount = FACTS[at]
        before = pending.rows.get(key) or world.rows.get(key) or Row(0, b"0")
        pending.rows[key] = Row(0, b"%d" % (int(before.value or b"0") + amount))
        pending.sources["identity/0"] = (at, 0)
    return pending


def _sums(world: World) -> dict[bytes, int]:
    return {key: int(row.value or b"") for key, row in world.rows.items()}


def _crash_points() -> Iterator[tuple[int, bool]]:
    calm = World()
    run_owner(calm)
    for at in range(calm.performed):
        yield at, True
        yield at, False


SAME_HOST: Callable[[World], None] = lambda _: None  # noqa: E731
HOSTS = {"same host": SAME_HOST, "new host": World.wipe}


@pytest.mark.parametrize("host", HOSTS)
def test_each_fact_counts_once_wherever_the_owner_died(host: str) -> None:
    """A crash before or after any step, twice in a row, leaves neither a hole nor a repeat."""
    for first in _crash_points():
        for second in [*_crash_points()][:: 3 if host == "same host" else 4]:
            world = World()
            for world.crash_at, world.crash_before in (first, second):
                world.performed = 0
                try:
                    run_owner(world)
                except Crash:
                    HOSTS[host](world)
            world.crash_at = -1
            run_owner(world)
            assert _sums(world) == SUMS, (first, second)


def test_a_store_that_lost_its_last_batches_reads_them_again() -> None:
    """Kill -9 loses what RocksDB had not flushed: whole batches, and the changelog has them."""
    world = World()
    run_owner(world)
    for lost in range(len(world.log)):
        behind = World(log=list(world.log), committed=world.committed)
        behind.meta, behind.rows = _store_at(world, lost)
        run_owner(behind)
        assert _sums(behind) == SUMS


def _store_at(world: World, log_end: int) -> tuple[dict[bytes, bytes], dict[bytes, Row]]:
    """A store that knows the changelog up to `log_end`."""
    store = World(log=world.log[:log_end])
    progress = Progress()
    while progress.log_end < log_end:
        rows, sources = fold(progress, store.perform(effects.ReadLog(progress.log_end)))
        store.perform(effects.WriteStore(rows, meta_of(progress, sources)))
    return store.meta, store.rows


def test_what_a_former_owner_writes_late_is_ignored() -> None:
    """A process that slept through a takeover wakes and writes: nobody believes it."""
    world = World()
    zombie: Progress = drive(steps.recover(b"zombie"), world)
    late = _batch(world, 0)
    run_owner(world)
    with pytest.raises(Superseded):
        drive(steps.checkpoint(zombie, late), world)
    world.wipe()

    progress: Progress = drive(steps.recover(b"next"), world)

    assert _sums(world) == SUMS
    assert progress.strangers == 4
    assert progress.damaged == set()
    assert [each.entry for each in world.log[-4:-1]] == [
        Entry(b"#src/identity/0", b"6/0"), Entry(b"ana", b"10"), Entry(b"bob", b"7"),
    ]  # fmt: skip


def test_what_a_stranger_damaged_is_put_again_though_its_finder_died() -> None:
    """The cleaner keeps the last record of a key: it must be ours, whoever found the other one."""
    for crash_at in range(3, 9):
        world = World()
        zombie: Progress = drive(steps.recover(b"zombie"), world)
        late = _batch(world, 0)
        run_owner(world)
        with pytest.raises(Superseded):
            drive(steps.checkpoint(zombie, late), world)
        world.performed, world.crash_at = 0, crash_at
        with suppress(Crash):
            run_owner(world)
        world.crash_at = -1

        run_owner(world)

        last = {each.entry.key: each for each in world.log}
        claims = [each.offset for each in world.log if each.entry.key == CLAIM]
        assert min(last[key].epoch or 0 for key in (b"ana", b"bob")) >= claims[2], crash_at


def test_what_was_written_in_between_is_put_again() -> None:
    """An owner that finds a stranger's batch before its own goes on, and repairs with the next."""
    world = World()
    progress: Progress = drive(steps.recover(b"owner"), world)
    drive(steps.checkpoint(progress, _batch(world, 0)), world)
    world.append([Entry(b"ana", b"999"), Entry(b"cy", b"999"), Entry(b"#src/other/0", b"9/9")], -1)
    drive(steps.prove(progress), world)
    drive(steps.prove(progress), world)

    assert [each.entry for each in world.log[-4:-1]] == [
        Entry(b"#src/other/0", None), Entry(b"ana", b"1"), Entry(b"cy", None),
    ]  # fmt: skip
    assert progress.damaged == set()


def test_an_owner_that_was_written_over_stops() -> None:
    """The offset of its own batch tells an owner that somebody else wrote in between."""
    world = World()
    progress: Progress = drive(steps.recover(b"owner"), world)
    world.append([Entry(CLAIM, b"another")], None)
    with pytest.raises(Superseded, match="another owner"):
        drive(steps.checkpoint(progress, _batch(world, 0)), world)


def test_of_two_claims_the_later_holds() -> None:
    """Who finds a later claim than its own does not begin."""
    with pytest.raises(Superseded, match="claimed at 0, and again by another at 1"):
        run_owner(Contested())


def test_a_store_ahead_of_its_changelog_is_wiped() -> None:
    """A changelog that was made anew knows nothing; the store must not know better."""
    world = World()
    run_owner(world)
    world.log, world.committed = [], None
    run_owner(world)
    assert _sums(world) == SUMS


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"log": [], "meta": {}}, "committed and the changelog knows nothing"),
        ({"committed": 9}, "committed and the changelog knows 7"),
        ({"start": 9, "end": 20}, "facts were removed"),
        ({"end": 3}, "made anew"),
    ],
)
def test_facts_that_would_be_lost_in_silence_stop_the_start(
    changes: dict[str, Any], says: str
) -> None:
    """An operator is told what is gone and what to do, before a fact is passed over."""
    world = World()
    run_owner(world)
    for name, value in changes.items():
        setattr(world, name, value)
    with pytest.raises(Refusal, match=says):
        run_owner(world)


@pytest.mark.parametrize("host", HOSTS)
def test_state_made_under_another_tenant_key_is_refused(host: str) -> None:
    """A wrong key is told at the start, nothing is worked on; with the right one it goes on."""
    world = World()
    run_owner(world, tenant="ours")
    HOSTS[host](world)
    marks = len(_marks(world))
    with pytest.raises(
        Refusal, match="under another ADAPTIVE_STREAM_TENANT_KEY\\nhint: start with"
    ):
        run_owner(world, tenant="other")
    assert len(_marks(world)) == marks, "the wrong key was written over the right one"

    run_owner(world, tenant="ours")
    assert _sums(world) == SUMS


def test_state_without_a_fingerprint_of_the_tenant_key_is_given_one() -> None:
    """What an older version left is taken over once, and tells wrong keys from then on."""
    world = World()
    run_owner(world)
    run_owner(world, tenant="ours")
    assert _marks(world)[-1].tenant == "ours"
    with pytest.raises(Refusal, match="TENANT_KEY"):
        run_owner(world, tenant="other")


@pytest.mark.parametrize("host", HOSTS)
def test_another_version_does_not_repeat_what_one_has_begun(host: str) -> None:
    """Other time zones under the same rules would tell other things under the same ids: whoever
    brings them takes over only what was let go in good order, and is told what to do."""
    world = World()
    run_owner(world, meaning="engine 1, time zones 2025a")
    HOSTS[host](world)
    with pytest.raises(Refusal, match=r"zones 2025a\) was not .*2025b\)\nhint: start the"):
        run_owner(world, meaning="engine 1, time zones 2025b")

    before = run_owner(world, meaning="engine 1, time zones 2025a")
    drive(steps.let_go(before), world)
    marks = len(_marks(world))
    drive(steps.let_go(before), world)
    assert len(_marks(world)) == marks, "it was let go already"
    HOSTS[host](world)
    after = run_owner(world, meaning="engine 1, time zones 2025b")
    assert after.mark is not None
    assert (after.mark.meaning, after.mark.clean) == ("engine 1, time zones 2025b", False)
    assert _sums(world) == SUMS


def test_a_checkpoint_is_one_batch_that_ends_in_its_mark() -> None:
    """Last value of each state, the sources touched, and the mark behind all of them."""
    world = World()
    progress: Progress = drive(steps.recover(b"owner"), world)
    before = len(world.log)
    drive(steps.checkpoint(progress, _batch(world, 0), clean=True), world)
    keys = [each.entry.key for each in world.log[before:]]
    assert keys == [b"ana", b"bob", b"#src/identity/0", CHECKPOINT]
    mark = _marks(world)[-1]
    assert (mark.next_offset, mark.clean, mark.n) == (2, True, 2)
