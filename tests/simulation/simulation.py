"""One world: three groups of processes over a fake broker, a storm, a calm, and what is left.

Everything is drawn from the seed: what is sent and when, who is killed, frozen or replaced at which
request, what arrives late, when the cleaner runs, whose disk comes back empty or old.
"""

from dataclasses import dataclass, field
from functools import partial
from types import ModuleType

from adaptive_stream.checkpoint import generators
from tests.simulation.broker import PARTITIONS, SESSION_MS, Broker, Group
from tests.simulation.disk import Disk
from tests.simulation.hops import CHANNEL, Admit, Fact, Hop, Resolve, Step, encode
from tests.simulation.log import Unwritten
from tests.simulation.oracle import Tp
from tests.simulation.owner import Worker
from tests.simulation.publishers import publish, repair
from tests.simulation.world import MINUTE_MS, SECOND_MS, Broken, Dangers, Process, World

COMPACTION_LAG_MS = 15 * MINUTE_MS  # min.compaction.lag.ms of the topics that are compacted.
STORM_MS = 40 * MINUTE_MS
CALM_MS = 8 * MINUTE_MS  # The latest request arrives, its damage is found and repaired.
SETTLED_WITHIN_MS = 20 * MINUTE_MS
SLOTS = 2  # Processes of each stage.
IDENTIFIERS = 6


@dataclass(frozen=True)
class Setting:
    """What a world does not draw. `holes` are mistakes that its processes make; None: drawn."""

    protocol: ModuleType = generators
    stages: tuple[type[Hop], ...] = (Admit, Resolve, Step)
    holes: frozenset[str] = frozenset()
    static: bool | None = None
    deletes: bool | None = None
    dangers: Dangers | None = None
    lag_ms: int = COMPACTION_LAG_MS
    token: str = "offset"
    judges_lease: bool = True


@dataclass
class Slot:
    """A place where a process of a stage runs: its instance, its machine, a backup of its disks."""

    group: Group
    stage: Hop
    instance: str
    host: dict[Tp, Disk] = field(default_factory=dict)
    backup: dict[Tp, Disk] = field(default_factory=dict)
    worker: Worker | None = None


class Simulation:
    """A world from its beginning to its end. `run` raises Broken."""

    def __init__(self, seed: int, setting: Setting) -> None:
        self.world = world = World(seed)
        self.setting = setting
        random = world.random
        self.static = random.random() < 0.5 if setting.static is None else setting.static
        self.deletes = random.random() < 0.3 if setting.deletes is None else setting.deletes
        stages = [stage() for stage in setting.stages]
        token = _token_of_value if setting.token == "generation" else _token_of_offset
        self.broker = Broker(world, stages, token, setting.judges_lease)
        self.groups = {
            stage.name: Group(world, self.broker, stage, self.static) for stage in stages
        }
        self.slots = [
            Slot(self.groups[stage.name], stage, f"{stage.name}-{n}")
            for stage in stages
            for n in range(SLOTS)
        ]
        self._started: list[tuple[Slot, Worker]] = []
        self._clock: Process | None = None

    def run(self) -> None:
        """The whole of it."""
        world = self.world
        for slot in self.slots:
            self._start(slot)
        self._plan_facts()
        self._plan_publishing()
        self._plan_cleaning()
        if self.deletes:
            world.after(world.random.randint(MINUTE_MS, STORM_MS), self._delete_a_group)
        drawn = Dangers.drawn(world.random)
        world.dangers = self.setting.dangers or drawn
        world.tell(f"static {self.static}, {world.dangers}")
        world.run(STORM_MS)
        self._calm()
        self._settle()
        self.broker.clean(world.now_ms, 1.0)
        self.broker.check_at_rest()
        self._move_to_new_machines()
        self._settle()
        self.broker.check_at_rest()
        self._check_stores()

    def _plan_facts(self) -> None:
        world, random = self.world, self.world.random
        for _ in range(random.randint(3, 6)):
            at_ms = random.randint(SECOND_MS, STORM_MS)
            for _ in range(random.randint(1, 8)):
                world.after(at_ms + random.randint(0, 2_000), self._send)

    def _send(self) -> None:
        random = self.world.random
        facts = []
        for _ in range(random.choice((1, 1, 1, 2, 3))):
            says = random.choices(("seen", "forget", "merge"), (20, 1, 2))[0]
            if says == "merge":
                says = f"merge:c{random.randrange(IDENTIFIERS // 2)}"
            facts.append(Fact(f"i{random.randrange(IDENTIFIERS)}", says))
        log = self.broker.log(CHANNEL, random.randrange(PARTITIONS))
        log.append([Unwritten(b"", encode(facts), (("k", b"facts"),))], self.world.now_ms)

    def _plan_publishing(self) -> None:
        world, random = self.world, self.world.random
        for _ in range(random.randint(0, 3)):
            at_ms = random.randint(SECOND_MS, STORM_MS)
            for _ in range(random.choice((1, 1, 2))):
                world.after(at_ms + random.randint(0, 30), self._publish)
        if "nobody repairs" not in self.setting.holes:
            self._repair()

    def _publish(self) -> None:
        process = Process(self.world, f"publisher#{self.world.now_ms}")
        process.start(publish(process, self.broker))

    def _repair(self) -> None:
        """Who owns the clock. Of who is frozen another takes it over, and both may tell then."""
        process = self._clock = Process(self.world, f"clock#{self.world.now_ms}")
        process.on_death = lambda _: self.world.after(SESSION_MS, self._take_over_clock, process)
        process.on_freeze = lambda: self.world.after(SESSION_MS, self._take_over_clock, process)
        process.start(repair(process, self.broker))

    def _take_over_clock(self, process: Process) -> None:
        if self._clock is process and (process.dead or process.frozen):
            self._repair()

    def _plan_cleaning(self) -> None:
        world, random = self.world, self.world.random
        for minute in range(1, STORM_MS // MINUTE_MS, 3):
            at_ms = minute * MINUTE_MS
            world.after(at_ms + random.randrange(MINUTE_MS), self._clean)
            world.after(at_ms + random.randrange(MINUTE_MS), self._back_up)

    def _clean(self) -> None:
        self.broker.clean(self.world.now_ms - self.setting.lag_ms, 0.7)

    def _back_up(self) -> None:
        slot = self.world.random.choice(self.slots)
        slot.backup = {tp: disk.copy() for tp, disk in slot.host.items()}

    def _start(self, slot: Slot) -> None:
        process = Process(self.world, f"{slot.instance}#{len(self._started) + 1}")
        setting = self.setting
        worker = Worker(
            process, slot.stage, setting.protocol, self.broker, slot.group, slot.host, setting.holes
        )
        slot.worker = worker
        self._started.append((slot, worker))
        process.on_death = partial(self._on_death, slot, worker)
        process.on_freeze = partial(self._on_freeze, slot, worker)
        slot.group.join(worker, self._member(slot, worker))

    def _member(self, slot: Slot, worker: Worker) -> str:
        return slot.instance if self.static else worker.process.name

    def _on_death(self, slot: Slot, worker: Worker, why: str) -> None:  # noqa: ARG002
        world, random = self.world, self.world.random
        for disk in worker.host.values():
            disk.crash(random)
        world.after(SESSION_MS, slot.group.leave, worker)
        if slot.worker is not worker:  # Its place was taken while it was frozen.
            if "joins again" in self.setting.holes:
                slot.host = worker.host
                world.after(random.randint(500, 8_000), self._start, slot)
            return
        where = random.choices(("same", "new", "stale"), (6, 3, 1))[0]
        if where == "new":
            slot.host = {}
        elif where == "stale":
            slot.host = {tp: disk.copy() for tp, disk in slot.backup.items()}
        world.after(random.randint(500, 8_000), self._start_again, slot, worker)

    def _start_again(self, slot: Slot, worker: Worker) -> None:
        if slot.worker is worker:
            self._start(slot)

    def _on_freeze(self, slot: Slot, worker: Worker) -> None:
        world, random = self.world, self.world.random
        process = worker.process
        others = [s.worker.process for s in self.slots if s.group is slot.group and s is not slot]
        if any(other.frozen or other.dead for other in others):
            # Somebody must be there to repair before the cleaner comes: that is what it waits for.
            process.frozen_until_ms = min(process.frozen_until_ms, world.now_ms + 2 * MINUTE_MS)
        world.after(SESSION_MS, self._session_out, slot, worker)
        frozen_ms = process.frozen_until_ms - world.now_ms
        if self.static and random.random() < 0.6:
            world.after(random.randint(1_000, 60_000), self._replace, slot, worker)
        world.after(frozen_ms + random.randint(0, 4_000), self._on_thaw, slot, worker)

    def _session_out(self, slot: Slot, worker: Worker) -> None:
        if worker.process.frozen:
            slot.group.leave(worker)

    def _replace(self, slot: Slot, worker: Worker) -> None:
        """The orchestrator takes a frozen process for dead and starts another on a new machine."""
        if slot.worker is worker and worker.process.frozen:
            self.world.tell(f"{worker.process.name} is replaced")
            slot.host = {}
            self._start(slot)

    def _on_thaw(self, slot: Slot, worker: Worker) -> None:
        """The next heartbeat tells it what has become of its membership."""
        process, group = worker.process, slot.group
        if process.dead or process.frozen or group.is_member(worker):
            return
        if slot.worker is not worker and "joins again" not in self.setting.holes:
            process.die("fenced by another process with its instance id")
            return
        if slot.worker is not worker:
            self._join_again(slot, worker)
            return
        self._let_go(slot, worker)

    def _let_go(self, slot: Slot, worker: Worker) -> None:
        for owner in worker.owners.values():
            owner.close()
        self.world.after(SECOND_MS, self._rejoin, slot, worker)

    def _rejoin(self, slot: Slot, worker: Worker) -> None:
        if worker.process.dead or slot.worker is not worker:
            return
        if not all(owner.done for owner in worker.owners.values()):
            worker.process.die("it was removed from its group and cannot let go")
            return
        slot.group.join(worker, self._member(slot, worker))

    def _join_again(self, slot: Slot, worker: Worker) -> None:
        """The hole: who is fenced takes its instance back, and so does the other then."""
        other = slot.worker
        slot.worker, slot.host = worker, worker.host
        self._let_go(slot, worker)
        if other is not None:
            self.world.after(self.world.random.randint(2_000, 5_000), self._on_thaw, slot, other)

    def _delete_a_group(self) -> None:
        """Somebody stops a stage, deletes its group, and starts it again."""
        random = self.world.random
        group = random.choice(list(self.groups.values()))
        mine = [slot for slot in self.slots if slot.group is group]
        self.world.tell(f"the group of {mine[0].stage.name} is deleted")
        for slot in mine:
            if slot.worker is not None:
                slot.worker.process.die("stopped")
        group.delete()

    def _calm(self) -> None:
        """Nothing befalls anybody any more; who is frozen thaws."""
        world = self.world
        world.dangers = Dangers()
        world.tell("calm")
        for slot, worker in self._started:
            process = worker.process
            if process.frozen and not process.dead:
                process.frozen_until_ms = world.now_ms + world.random.randint(0, MINUTE_MS)
                world.after(MINUTE_MS + SECOND_MS, self._on_thaw, slot, worker)
        world.run(world.now_ms + CALM_MS)

    def _settle(self) -> None:
        world = self.world
        until_ms = world.now_ms + SETTLED_WITHIN_MS
        while not self._settled():
            if world.now_ms > until_ms:
                raise Broken("12: it does not come to rest")
            world.run(world.now_ms + 10 * SECOND_MS)

    def _settled(self) -> bool:
        owners = [
            owner
            for slot in self.slots
            if slot.worker is not None and not slot.worker.process.dead
            for owner in slot.worker.owners.values()
            if not owner.closing
        ]
        owned = {owner.tp for owner in owners}
        tps = {tp for group in self.groups.values() for tp in group.tps}
        return owned == tps and len(owners) == len(tps) and all(o.settled for o in owners)

    def _check_stores(self) -> None:
        """What an owner has read from a cleaned changelog is what came of the log (invariant 2)."""
        for slot in self.slots:
            for tp, owner in slot.worker.owners.items():
                if tp in self.broker.accepted and owner.disk.state != self.broker.refolds[tp].state:
                    raise Broken(f"2: the store of {tp} is {owner.disk.state}")

    def _move_to_new_machines(self) -> None:
        for slot in self.slots:
            slot.worker.process.die("moved")
            slot.host = {}
        self.world.run(self.world.now_ms + MINUTE_MS)


def _token_of_offset(claim: object) -> int:
    return claim.offset  # type: ignore[attr-defined]


def _token_of_value(claim: object) -> int:
    return int(claim.value.split(b"/")[0])  # type: ignore[attr-defined]
