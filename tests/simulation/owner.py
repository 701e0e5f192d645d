"""A process of a stage: its partitions, its outboxes, and how it performs the generators' effects.

It does what the shell's Partition and Outbox do, with requests to the fake broker: batches are
stepped at once and their outputs leave at once; the checkpoint follows behind, one under way.
"""

from collections import deque
from collections.abc import Generator, Iterable
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any

from adaptive_stream.catalog.shelf import Shelf
from adaptive_stream.checkpoint import effects
from adaptive_stream.checkpoint.progress import CLAIM
from adaptive_stream.checkpoint.refusal import Refusal, Superseded
from adaptive_stream.engine.clock import Clock
from adaptive_stream.engine.journey import Rules
from adaptive_stream.stages.outcome import NEVER, NOTHING_SAID, Outcome, Row
from adaptive_stream.stages.records import Output, partition_of
from tests.simulation.disk import Disk
from tests.simulation.hops import Hop
from tests.simulation.log import Log, Stored, Unwritten
from tests.simulation.oracle import Tp, header
from tests.simulation.publishers import read_on
from tests.simulation.world import SECOND_MS, Broken, Died, Process, Request, Signal

if TYPE_CHECKING:
    from tests.simulation.broker import Broker, Group

Performing = Generator[Request, Any, Any]
ROOM_RECORDS = 12


class Outbox:
    """What a process has to write to one partition: one batch under way, the next one gathering."""

    def __init__(self, process: Process, log: Log, goes_on: bool) -> None:
        self.log = log
        self.accepted = 0
        self.acknowledged = 0
        self.spans: list[effects.Span] | None = None
        self.moved = Signal(process.world)
        self._goes_on = goes_on
        self._process = process
        self._waiting: deque[Unwritten] = deque()
        self._woken = Signal(process.world)
        process.start(self._send())

    def put(self, record: Unwritten) -> int:
        """Returns what `reached` must be given to wait for it."""
        self._waiting.append(record)
        self.accepted += 1
        self._woken.fire()
        return self.accepted

    def reached(self, count: int) -> Performing:
        """Waits until the first `count` records are acknowledged."""
        while self.acknowledged < count:
            yield self.moved.wait()

    def _send(self) -> Performing:
        process, world = self._process, self._process.world
        late: list[Unwritten] = []
        while True:
            while not self._waiting:
                yield self._woken.wait()
            size = world.random.randint(1, 4)
            batch = [self._waiting.popleft() for _ in range(min(size, len(self._waiting)))]
            if self._goes_on and not late and world.happens(0.05):
                late = batch  # The hole: a batch that failed is tried again behind the next.
                continue
            base = yield process.ask(partial(self._append, batch + late), may_fail=True)
            count, late = len(batch) + len(late), []
            if self.spans is not None:
                self.spans.append(effects.Span(base, base + count))
            self.acknowledged += count
            self.moved.fire()

    def _append(self, batch: list[Unwritten]) -> int:
        return self.log.append(batch, self._process.world.now_ms)


class Owner:
    """One partition in a process, from its assignment to its revocation or the process's end."""

    def __init__(self, worker: "Worker", tp: Tp) -> None:
        self.tp = tp
        self.owner = tp.partition
        self.clock = Clock()
        self.in_force = NOTHING_SAID
        self.library = worker.library
        self.cursor = None
        self.sources: dict[str, Any] = {}
        self.bytes_max = 1 << 20
        self.next_offset = 0
        self.progress: Any = None
        self.closing = False
        self.done = False
        self.disk = worker.host.setdefault(tp, Disk())
        self._worker = worker
        self._broker = worker.broker
        self._stage = worker.stage
        self._process = worker.process
        self._protocol = worker.protocol
        self._log = self._broker.log(self._stage.changelog, tp.partition) if worker.kept else None
        self._views = self._broker.log(self._stage.views, tp.partition) if self._has_views else None
        self._overlay: dict[bytes, Row] = {}
        self._pending: Any = None
        self._proving = False
        self._woken = Signal(worker.world)
        self._room = Signal(worker.world)

    @property
    def _has_views(self) -> bool:
        return self._stage.views is not None

    @property
    def settled(self) -> bool:
        """Whether there is nothing left to do."""
        ready = self.progress is not None or self._log is None
        at_end = self.next_offset == self._broker.log(*self.tp).end
        return ready and at_end and self._pending is None and not self._overlay

    def rows(self, keys: list[bytes]) -> dict[bytes, Row]:
        """The rows that exist, as of the last batch accepted."""
        found = self.disk.rows(keys)
        found |= {key: self._overlay[key] for key in keys if key in self._overlay}
        return {key: row for key, row in found.items() if row.value is not None}

    def due(self, until_ms: int, after: Any, count: int) -> list[Any]:  # noqa: ARG002
        """Nobody waits for anything here."""
        return []

    def life(self) -> Performing:
        """A thread: takes the partition over, then keeps it."""
        worker = self._worker
        try:
            if self._log is not None:
                if self._views is not None:
                    worker.box(self._views).spans = []
                claim = b"%d/%s" % (worker.generation, self._process.name.encode())
                first = self._broker.first_rules
                if "goes by the newest" in worker.holes:
                    first = self._broker.newest_rules()
                recover = self._protocol.recover(claim, self._has_views, "", first)
                self.progress = yield from self._drive(recover)
                self.in_force = self.progress.mark.in_force
                self.sources = dict(self.progress.sources)
                self.next_offset = self.progress.mark.next_offset
            else:
                found = yield self._process.ask(self._input)
                self.next_offset = found.start if found.committed is None else found.committed
            if self.closing:
                self.done = True
                return
            self._process.start(self._work())
            yield from self._checkpoints()
        except Superseded as error:
            raise Died(str(error)) from error
        except Refusal as error:
            raise Broken(f"4: {self.tp} refuses: {error}") from error

    def close(self) -> None:
        """Lets it finish what is under way."""
        self.closing = True
        self._woken.fire()

    def _work(self) -> Performing:
        log = self._broker.log(*self.tp)
        world = self._worker.world
        while not self.closing:
            if self._pending is not None and self._pending.records > ROOM_RECORDS:
                yield self._room.wait(SECOND_MS)
                continue
            count = world.random.randint(1, 6)
            records, _ = yield self._process.ask(partial(log.read, self.next_offset, count))
            if not records:
                yield lambda answer: log.when_beyond(self.next_offset, answer.once())
                continue
            while not self.closing and not self._has_lease():
                self._proving = True
                self._woken.fire()
                yield self._room.wait(SECOND_MS)
            if not self.closing:
                unknown = self._step(records)
                if unknown:
                    yield from self._load(unknown)

    def _has_lease(self) -> bool:
        return self.progress is None or self.progress.may_step(self._worker.world.now_ms / 1000)

    def _load(self, id_: str) -> Performing:
        """Reads rules.v1 until it knows them."""
        while id_ and id_ not in self.library:
            shelf = Shelf()
            yield self._process.ask(partial(read_on, self._broker, shelf, 0))
            self.library.update({known: Rules(known) for known in shelf.bundles})

    def _step(self, records: list[Stored]) -> str:
        self._worker.broker.on_step(self._process.name, self.tp)
        outcome = self._stage.work(self.tp, records, self)
        reach = self._worker.write(outcome.outputs)
        self._accept(outcome, reach)
        self._woken.fire()
        return outcome.unknown

    def _accept(self, outcome: Outcome, reach: dict[Outbox, int]) -> None:
        if self._pending is None:
            self._pending = self._protocol.Pending()
        self._pending.next_offset = self.next_offset = outcome.next_offset
        self._pending.in_force = self.in_force = outcome.in_force
        self._pending.rows.update(outcome.rows)
        self._pending.sources.update(outcome.sources)
        self._pending.outputs.update(reach)
        self._pending.records += outcome.records
        self._overlay.update(outcome.rows)
        self.sources.update(outcome.sources)

    def _checkpoints(self) -> Performing:
        idle_ms = int(self._protocol.IDLE_S * 1000) if self._log is not None else None
        while True:
            if self._pending is None and not self._proving and not self.closing:
                yield self._woken.wait(idle_ms)
            if self._pending is None and self.closing:
                self.done = True
                return
            self._proving = False
            yield from self._checkpoint()
            self._room.fire()
            yield self._process.sleep(20)

    def _checkpoint(self) -> Performing:
        pending, self._pending = self._pending, None
        if self._log is None:
            if pending is not None:
                yield from self._drive(self._protocol.pass_on(pending))
            return
        if pending is None:
            yield from self._drive(self._protocol.prove(self.progress))
            return
        work = self._protocol.checkpoint(self.progress, pending, clean=self.closing)
        yield from self._drive(work)
        for key, row in pending.rows.items():
            if self._overlay.get(key) is row:
                del self._overlay[key]

    def _drive(self, work: Generator[effects.Effect, Any, Any]) -> Performing:
        result = None
        while True:
            try:
                effect = work.send(result)
            except StopIteration as end:
                return end.value
            result = yield from self._perform(effect)

    def _perform(self, effect: effects.Effect) -> Performing:
        process = self._process
        match effect:
            case effects.AwaitOutputs(outputs):
                for box, count in outputs.items():
                    yield from box.reached(count)
                if self._views is None:
                    return []
                box = self._worker.box(self._views)
                spans, box.spans = box.spans, []
                return spans
            case effects.Append(entries, epoch):
                return (yield from self._append(entries, epoch))
            case effects.ReadLog(offset):
                return (yield process.ask(partial(self._read, offset)))
            case effects.ReadViews(offset):
                return (yield process.ask(partial(self._read_views, offset)))
            case effects.LoadRules(in_force):
                return (yield from self._load(in_force.id))
            case effects.PutViews(keys, clock, in_force):
                told = self._stage.tell(self.tp.partition, keys, self.rows, clock, in_force)
                reach = self._worker.write(told)
                for box, count in reach.items():
                    yield from box.reached(count)
                return None
            case effects.ReadInput():
                return (yield process.ask(self._input))
            case effects.ReadEnd():
                return (yield process.ask(lambda: self._broker.log(*self.tp).end))
            case effects.Commit(offset):
                commit = partial(self._worker.group.commit, process.name, self.tp, offset)
                return (yield process.ask(commit))
        return (yield process.locally(partial(self._locally, effect)))

    def _locally(self, effect: effects.Effect) -> Any:
        match effect:
            case effects.ReadClock():
                return self._worker.world.now_ms / 1000
            case effects.ReadRows(keys):
                return self.disk.rows(keys)
            case effects.ReadStore():
                return dict(self.disk.meta)
            case effects.WipeStore():
                return self.disk.wipe()
            case effects.WriteStore(rows, meta):
                if int(meta[b"log_end"]) > self._log.end:
                    raise Broken(f"4: the store of {self.tp} is ahead of its changelog")
                self.disk.write(rows, meta)
                if self._worker.world.happens(0.1):
                    self.disk.flush()
                return None
        raise AssertionError(effect)

    def _append(self, entries: list[effects.Entry], epoch: int | None) -> Performing:
        log, process = self._log, self._process
        headers = () if epoch is None else (("e", b"%d" % epoch),)
        records = [Unwritten(key, value, headers) for key, value, _ in entries]
        if "claims nothing" in self._worker.holes and entries[0].key == CLAIM:
            self._broker.on_append(process.name, self.tp, claim=True)
            return log.end - 1
        base = None
        for part in self._worker.cut(records):
            act = partial(self._worker.append_own, log, part, self.tp)
            first = yield process.ask(act, may_fail=True)
            base = first if base is None else base
        return base

    def _read(self, offset: int) -> effects.Chunk:
        records, next_offset = self._log.read(offset, self._worker.world.random.randint(1, 20))
        return effects.Chunk(list(map(_logged, records)), next_offset)

    def _read_views(self, offset: int | None) -> effects.Views:
        at = self._views.end if offset is None else offset
        records, next_offset = self._views.read(at, 10**6)
        return effects.Views([(each.offset, each.key) for each in records], next_offset)

    def _input(self) -> effects.Input:
        log = self._broker.log(*self.tp)
        return effects.Input(self._worker.group.committed.get(self.tp), 0, log.end)


def _logged(record: Stored) -> effects.Logged:
    epoch = header(record.headers, "e")
    entry = effects.Entry(record.key, record.value, NEVER)
    return effects.Logged(record.offset, None if epoch is None else int(epoch), entry)


class Worker:
    """A process with what it owns. `host` holds the disks of its machine."""

    def __init__(
        self,
        process: Process,
        stage: Hop,
        protocol: ModuleType,
        broker: "Broker",
        group: "Group",
        host: dict[Tp, Disk],
        holes: frozenset[str],
    ) -> None:
        self.process = process
        self.world = process.world
        self.stage = stage
        self.protocol = protocol
        self.broker = broker
        self.group = group
        self.host = host
        self.holes = holes
        self.generation = 0
        self.assignment = 0
        self.owners: dict[Tp, Owner] = {}
        self.library: dict[str, Rules] = {}
        self.kept = stage.changelog is not None
        self._boxes: dict[Log, Outbox] = {}

    def own(self, tp: Tp, assignment: int) -> None:
        """Takes a partition over, unless it was assigned anew meanwhile."""
        if assignment != self.assignment:
            return
        self.owners[tp] = owner = Owner(self, tp)
        self.process.start(owner.life())

    def box(self, log: Log) -> Outbox:
        """The outbox to a partition."""
        if log not in self._boxes:
            self._boxes[log] = Outbox(self.process, log, "goes on" in self.holes)
        return self._boxes[log]

    def write(self, outputs: Iterable[Output]) -> dict[Outbox, int]:
        """Queues records in order; returns, per outbox, the count to be reached."""
        reach = {}
        for topic, partition, key, value, headers in outputs:
            if partition is None:
                partition = partition_of(key or b"", self.broker.partitions)
            box = self.box(self.broker.log(topic, partition))
            reach[box] = box.put(Unwritten(key or b"", value, tuple(headers)))
        return reach

    def append_own(self, log: Log, batch: list[Unwritten], tp: Tp) -> int:
        """A batch of a changelog."""
        base = log.append(batch, self.world.now_ms)
        self.broker.on_append(self.process.name, tp, batch[0].key == CLAIM)
        return base

    def cut(self, records: list[Unwritten]) -> list[list[Unwritten]]:
        """The record batches of a checkpoint: one, unless a hole was put back."""
        half = len(records) // 2
        if half and "cut, mark last" in self.holes:
            return [records[:half], records[half:]]
        if half and "cut, mark everywhere" in self.holes:
            return [[*records[:half], records[-1]], records[half:]]
        return [records]
