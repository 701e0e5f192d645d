"""The fake broker: all logs, the groups, and the oracle that watches what is written to them."""

from collections.abc import Callable

from adaptive_stream.catalog.shelf import Shelf
from adaptive_stream.checkpoint.progress import LEASE_S
from adaptive_stream.stages.outcome import InForce
from adaptive_stream.stages.records import partition_of
from tests.simulation.hops import (
    CHANGED,
    CHANNEL,
    TOLD,
    VIEWS,
    Hop,
    Step,
    decode_customer,
    decode_facts,
)
from tests.simulation.log import Log, Stored, Unwritten
from tests.simulation.oracle import Accepted, Outputs, Refold, Tp
from tests.simulation.owner import Worker
from tests.simulation.publishers import begin, read_on
from tests.simulation.world import SECOND_MS, Broken, World

PARTITIONS = 2
SESSION_MS = 10 * SECOND_MS
RELEASE_MS = 5 * SECOND_MS


class Broker:
    """Everything that outlives every process, and what is known of it to be right."""

    def __init__(
        self,
        world: World,
        stages: list[Hop],
        token: Callable[[Stored], int],
        judges_lease: bool,
    ) -> None:
        self.partitions = PARTITIONS
        self.world = world
        self.outputs: dict[Tp, Outputs] = {}
        self.accepted: dict[Tp, Accepted] = {}
        self.refolds: dict[Tp, Refold] = {}
        self._judges_lease = judges_lease
        self._logs: dict[Tp, Log] = {}
        self._changelogs: dict[Tp, Log] = {}
        self._claimants: dict[Tp, str] = {}
        self._proofs: dict[tuple[str, Tp], int] = {}
        self.first_rules = begin(self)
        for stage in stages:
            for partition in range(PARTITIONS):
                self._watch(stage, partition, token)

    def _watch(self, stage: Hop, partition: int, token: Callable[[Stored], int]) -> None:
        (topic,) = stage.topics
        tp = Tp(topic, partition)
        self.refolds[tp] = Refold(stage, self.log(*tp))
        self.refolds[tp].in_force = self.first_rules
        self._watch_outputs(topic, partition)
        if stage.views is not None:
            self._watch_outputs(CHANGED, partition)
            self._watch_outputs(stage.views, partition)
            self._watch_outputs(TOLD, partition)
        if stage.changelog is not None:
            accepted = self.accepted[tp] = Accepted(token)
            log = self._changelogs[tp] = self.log(stage.changelog, partition)
            log.watch = lambda batch: self._on_changelog(tp, accepted, batch)

    def _watch_outputs(self, topic: str, partition: int) -> None:
        log = self.log(topic, partition)
        outputs = self.outputs[Tp(topic, partition)] = Outputs(log, counts=topic == CHANGED)
        log.watch = outputs.take

    def log(self, topic: str, partition: int) -> Log:
        """A partition of a topic."""
        tp = Tp(topic, partition)
        if tp not in self._logs:
            self._logs[tp] = Log(topic, partition)
        return self._logs[tp]

    def newest_rules(self) -> InForce:
        """What rules.v1 says is active."""
        shelf = Shelf()
        read_on(self, shelf, 0)
        assert shelf.switch is not None
        return InForce(shelf.switch.id, shelf.switch.rev)

    def clean(self, before_ms: int, probability: float) -> None:
        """The cleaner comes by, perhaps not everywhere."""
        for tp, accepted in self.accepted.items():
            if self.world.happens(probability):
                log = self._changelogs[tp]
                log.clean(before_ms)
                self._check_survived(tp, accepted, log)
        for partition in range(PARTITIONS):
            if self.world.happens(probability):
                self.log(VIEWS, partition).clean(before_ms)

    def _check_survived(self, tp: Tp, accepted: Accepted, log: Log) -> None:
        """The accepted record of each key survives the cleaner (invariant 4)."""
        read = Accepted(accepted.token)
        read.take(log.records)
        if (read.rows, read.position) != (accepted.rows, accepted.position):
            raise Broken(f"4: of {tp} is left {read.rows}, and {accepted.rows} was accepted")

    def _on_changelog(self, tp: Tp, accepted: Accepted, batch: list[Stored]) -> None:
        if accepted.take(batch) and accepted.position is not None:
            self._check_outputs(tp, accepted.position)
            state = {key: row.value for key, row in self.refolds[tp].state.items()}
            if accepted.in_force != self.refolds[tp].in_force:
                raise Broken(f"rules: {tp} goes by {accepted.in_force}")
            if state != accepted.rows:
                raise Broken(f"2: {tp} at {accepted.position} is {accepted.rows}, not {state}")

    def _check_outputs(self, tp: Tp, position: int) -> None:
        """All that comes of what is before this position has been written (invariant 4)."""
        refold = self.refolds[tp]
        if position < refold.next_offset:
            raise Broken(f"4: the position of {tp} goes back to {position}")
        for topic, partition, key, value, headers in refold.to(position):
            if partition is None:
                partition = partition_of(key or b"", PARTITIONS)
            outputs = self.outputs[Tp(topic, partition)]
            record = Unwritten(key or b"", value, tuple(headers))
            name = outputs.name_of(record)
            if outputs.firsts.get(name) != record:
                raise Broken(f"4: {tp} is at {position}, and {name.decode()} is not written so")

    def on_commit(self, tp: Tp, offset: int) -> None:
        """A commit is never ahead of the checkpoint (invariant 4)."""
        accepted = self.accepted.get(tp)
        if accepted is None:
            self._check_outputs(tp, max(offset, self.refolds[tp].next_offset))
        elif accepted.position is None or offset > accepted.position:
            raise Broken(f"4: {offset} of {tp} is committed and {accepted.position} is known")

    def on_append(self, process: str, tp: Tp, claim: bool) -> None:
        """A batch of a changelog was written."""
        if claim:
            self._claimants[tp] = process
        if self._claimants.get(tp) == process:
            self._proofs[process, tp] = self.world.now_ms

    def on_step(self, process: str, tp: Tp) -> None:
        """Nobody steps who has not shown for long that the partition is still theirs."""
        if self._judges_lease and tp in self.accepted:
            ago_ms = self.world.now_ms - self._proofs[process, tp]
            if ago_ms > LEASE_S * 1000:
                raise Broken(f"lease: {process} steps {tp}, {ago_ms} ms after its last proof")

    def check_at_rest(self) -> None:
        """Everything has been worked on: each fact once, each output as it should be."""
        for tp, refold in self.refolds.items():
            self._check_outputs(tp, self.log(*tp).end)
            accepted = self.accepted.get(tp)
            state = {key: row.value for key, row in refold.state.items()}
            if accepted is not None and accepted.rows != state:
                raise Broken(f"2: {tp} at rest is {accepted.rows}, not {state}")
        self._check_rules()
        self._check_conserved()
        self._check_order()
        self._check_views()

    def _check_rules(self) -> None:
        """Everybody goes by what was published last, whoever died amid telling it."""
        newest = self.newest_rules()
        for tp, refold in self.refolds.items():
            if tp in self.accepted and refold.in_force != newest:
                raise Broken(f"rules: {tp} goes by {refold.in_force}, and {newest} is active")

    def _check_conserved(self) -> None:
        told = [
            f"{partition}/{record.offset}/{idx}"
            for partition in range(PARTITIONS)
            for record in self.log(CHANNEL, partition).records
            for idx in range(len(decode_facts(record.value or b"")))
        ]
        applied = [
            cause
            for tp, accepted in self.accepted.items()
            if tp.topic == Step.topics[0]
            for row in accepted.rows.values()
            for cause in decode_customer(row).applied
        ]
        lost, twice = set(told) - set(applied), len(applied) - len(set(applied))
        if lost or twice or len(applied) != len(told):
            raise Broken(f"1: {len(lost)} facts are lost, {twice} counted twice: {sorted(lost)}")

    def _check_order(self) -> None:
        """First copies are what one run over each log makes, in its order (invariant 3)."""
        should: dict[Tp, list[bytes]] = {}
        for refold in self.refolds.values():
            for topic, partition, key, value, headers in refold.outputs:
                if partition is None:
                    partition = partition_of(key or b"", PARTITIONS)
                tp = Tp(topic, partition)
                record = Unwritten(key or b"", value, tuple(headers))
                should.setdefault(tp, []).append(self.outputs[tp].name_of(record))
        for tp, names in should.items():
            firsts = list(self.outputs[tp].firsts)
            if sorted(firsts) != sorted(names):
                raise Broken(f"3: {tp} holds what no single run makes")
            by_source = {name: n for n, name in enumerate(firsts)}
            last: dict[bytes, int] = {}
            for name in names:
                source = name.split(b"/")[0] + name.split(b"/")[1] if b"/" in name else b""
                if source and by_source[name] < last.get(source, -1):
                    raise Broken(f"3: {name.decode()} comes after what it should precede")
                last[source] = by_source[name]

    def _check_views(self) -> None:
        """The last view of each customer is hers (invariant 2)."""
        for tp, refold in self.refolds.items():
            if refold.stage.views is None:
                continue
            should = {out.key: out.value for out in refold.outputs if out.topic == VIEWS}
            records = self.log(VIEWS, tp.partition).records
            shown = {record.key: record.value for record in records if record.value is not None}
            last = {record.key: record.value for record in records}
            if {key: value for key, value in last.items() if value is not None} != should:
                raise Broken(f"2: the views of {tp} are {shown}, not {should}")


class Group:
    """A consumer group: who owns what, and what was committed. A static member that comes again
    under its instance is given what it had, in the same generation."""

    def __init__(self, world: World, broker: Broker, stage: Hop, static: bool) -> None:
        self.broker = broker
        self.static = static
        self.generation = 0
        self.committed: dict[Tp, int] = {}
        self.members: dict[str, Worker] = {}
        self.assigned: dict[Tp, str] = {}
        self.tps = [Tp(topic, p) for topic in stage.topics for p in range(PARTITIONS)]
        self._world = world

    def commit(self, process: str, tp: Tp, offset: int) -> None:
        """Refused from who is no member, or of another generation."""
        for member in self.members.values():
            if member.process.name == process and member.generation == self.generation:
                self.broker.on_commit(tp, offset)
                self.committed[tp] = max(offset, self.committed.get(tp, 0))

    def join(self, worker: Worker, instance: str) -> None:
        """One more member, or another process for one."""
        world = self._world
        known = self.static and instance in self.members
        self.members[instance] = worker
        if known:
            worker.generation = self.generation
            self._give(worker, [tp for tp, who in self.assigned.items() if who == instance])
        else:
            world.after(world.random.randint(1, 300), self.rebalance)

    def leave(self, worker: Worker) -> None:
        """The session of a process timed out."""
        gone = [name for name, member in self.members.items() if member is worker]
        for name in gone:
            del self.members[name]
        if gone:
            self.rebalance()

    def is_member(self, worker: Worker) -> bool:
        """Whether the group knows the process."""
        return worker in self.members.values()

    def delete(self) -> None:
        """kafka-consumer-groups --delete, of a group that is empty."""
        self.generation, self.committed, self.members, self.assigned = 0, {}, {}, {}

    def rebalance(self) -> None:
        """Everybody lets go; then the partitions are given out anew."""
        self.generation += 1
        for member in self.members.values():
            if not member.process.frozen:
                for owner in member.owners.values():
                    owner.close()
        until_ms = self._world.now_ms + RELEASE_MS
        self._world.after(100, self._assign, self.generation, until_ms)

    def _assign(self, generation: int, until_ms: int) -> None:
        world = self._world
        if generation != self.generation:
            return
        behind = [each for each in self.members.values() if not self._released(each)]
        if behind and world.now_ms < until_ms:
            world.after(250, self._assign, generation, until_ms)
            return
        for member in behind:
            if not member.process.frozen:
                member.process.die("it did not let go in time")
        self.members = {name: m for name, m in self.members.items() if m not in behind}
        names = sorted(self.members)
        self.assigned = {tp: world.random.choice(names) for tp in self.tps} if names else {}
        for name in names:
            self.members[name].generation = generation
            mine = [tp for tp, who in self.assigned.items() if who == name]
            self._give(self.members[name], mine)

    @staticmethod
    def _released(worker: Worker) -> bool:
        owners = worker.owners.values()
        return worker.process.dead or (
            not worker.process.frozen and all(owner.done for owner in owners)
        )

    def _give(self, worker: Worker, tps: list[Tp]) -> None:
        worker.owners = {}
        worker.assignment += 1
        for tp in tps:
            delay_ms = self._world.random.randint(1, 500)
            self._world.after(delay_ms, worker.own, tp, worker.assignment)
