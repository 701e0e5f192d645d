"""The real `resolve` and `step` on a few partitions, under whatever a cluster may do to them.

What holds as on Kafka: a partition's records are in one order; what one partition writes to another
arrives in the order in which it was written. Everything else is chance: which queue moves next,
which partition dies and begins again at its checkpoint, whose last records come twice, how far
behind a partition's clock is.
"""

import random
from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from adaptive_stream.engine.clock import Clock
from adaptive_stream.engine.customer import Customer, decode_customer, encode_customer
from adaptive_stream.engine.decision import Decision, Suppression
from adaptive_stream.engine.endpoint import contacts_of
from adaptive_stream.engine.fact import Fact, encode_fact
from adaptive_stream.engine.identifier import identifier_hash
from adaptive_stream.engine.journey import Rules
from adaptive_stream.engine.message import Arrival, Message
from adaptive_stream.engine.resolve import Row, decode_row, encode_row, resolve
from adaptive_stream.engine.step import step

KEY = b"a key for histories"
PARTITIONS = 3
HOPS_MAX = 40  # From one fact of a channel; a chain that is longer goes in a circle.
TICK = "tick"
NEVER = 1 << 62

encode = msgspec.msgpack.encode


class Broken(AssertionError):
    """Something that may never be was seen."""


class Record(NamedTuple):
    """One record of a partition's log. `place` is (offset, idx) at `source`."""

    arrival: Arrival
    source: str
    place: tuple[int, int]
    hops: int


@dataclass(slots=True)
class Chances:
    """How often things go wrong, per record."""

    crash: float = 0.0
    checkpoint: float = 0.1
    repeat: float = 0.0
    tick: float = 0.0


@dataclass(slots=True)
class Partition:
    """State, and what is needed to be at the last checkpoint again."""

    name: str
    rows: dict[str, bytes] = field(default_factory=dict)
    wakes: dict[str, int] = field(default_factory=dict)
    sources: dict[str, tuple[int, int]] = field(default_factory=dict)
    clock: Clock = Clock()
    offset: int = 0
    since: list[Record] = field(default_factory=list)  # the log behind the checkpoint
    saved: tuple[dict, dict, dict, Clock, int] = field(
        default_factory=lambda: ({}, {}, {}, Clock(), 0)
    )

    def save(self) -> None:
        self.saved = (
            dict(self.rows), dict(self.wakes), dict(self.sources), self.clock, self.offset
        )  # fmt: skip
        self.since.clear()

    def restore(self) -> None:
        rows, wakes, sources, self.clock, self.offset = self.saved
        self.rows, self.wakes, self.sources = dict(rows), dict(wakes), dict(sources)


@dataclass(slots=True)
class World:
    """`now_ms` is the log's time. `said` holds every decision once, in order, by its id."""

    rules: Rules
    chance: random.Random
    chances: Chances
    now_ms: int
    said: dict[tuple[str, ...], bytes] = field(default_factory=dict)
    decisions: list[Decision] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    partitions: dict[str, Partition] = field(default_factory=dict)
    queues: dict[tuple[str, str], deque[Record]] = field(default_factory=dict)
    written: dict[str, int] = field(default_factory=dict)
    forwarded: Record | None = None  # what the record being written was made of

    def __post_init__(self) -> None:
        for n in range(PARTITIONS):
            for stage in "qc":
                self.partitions[f"{stage}{n}"] = Partition(f"{stage}{n}")

    def write(self, fact: Fact, channel: str) -> None:
        """Admit a fact of a channel's partition."""
        routed, *others = fact.identifiers
        arrival = Arrival(
            kind="fact",
            key=hashed(routed),
            body=encode_fact(fact),
            log_ms=0,
            cause=f"{channel}/{self.written.get(channel, 0)}",
            ids=tuple((hashed(identifier), identifier) for identifier in others),
            type=fact.type,
            contacts=tuple((hashed(contact), contact) for contact in contacts_of(fact)),
        )
        offset = self.written[channel] = self.written.get(channel, 0) + 1
        self._queue(Record(arrival, channel, (offset, 0), 0), self._home("q", arrival.key))
        if self.chance.random() < self.chances.repeat:
            self._repeat(channel)

    def _repeat(self, channel: str) -> None:
        """Admit has died and writes its last records again, to each partition in their order."""
        back = self.chance.randrange(1, 4)
        for (source, _), waiting in self.queues.items():
            if source == channel and waiting:
                last = waiting[-1].place[0]
                waiting.extend([r for r in waiting if r.place[0] > last - back])

    def _home(self, stage: str, key: str) -> str:
        number = int(key[:6], 16) if stage == "q" else sum(map(ord, key[-6:]))
        return f"{stage}{number % PARTITIONS}"

    def _queue(self, record: Record, target: str) -> None:
        if record.hops > HOPS_MAX:
            raise Broken(f"goes in circles: {record.arrival.kind} to {record.arrival.key}")
        self.queues.setdefault((record.source, target), deque()).append(record)

    def run(self) -> None:
        """Until nothing moves any more."""
        chance, chances = self.chance, self.chances
        partitions = list(self.partitions.values())
        while waiting := [pair for pair, queue in self.queues.items() if queue]:
            pair = chance.choice(waiting)
            for _ in range(chance.choice((1, 1, 1, 2, 5))):
                if not self.queues[pair]:
                    break
                self._deliver(self.queues[pair].popleft(), self.partitions[pair[1]])
            luck = chance.random()
            if luck < chances.crash:
                self._crash(chance.choice(partitions))
            if chance.random() < chances.checkpoint:
                chance.choice(partitions).save()
            if luck > 1 - chances.tick:
                behind_ms = chance.choice((0, 0, 1_000, 60_000))
                self._tick(chance.choice(partitions), self.now_ms - behind_ms, behind_ms)

    def rest(self, at_ms: int) -> None:
        """Everything that is under way arrives, and every clock comes to `at_ms`."""
        self.run()
        self.now_ms = max(self.now_ms, at_ms)
        for _ in range(4):
            for partition in self.partitions.values():
                self._tick(partition, at_ms, 0)
            self.run()

    def _tick(self, partition: Partition, now_ms: int, behind_ms: int) -> None:
        if partition.name[0] == "c":
            known = {"web": now_ms - behind_ms, "store": now_ms}
            clock = Clock(now_ms=now_ms, known=known)
            arrival = Arrival(TICK, "", msgspec.json.encode(clock), now_ms)
            self._deliver(Record(arrival, "", (0, 0), 0), partition)

    def _deliver(self, record: Record, partition: Partition) -> None:
        self.now_ms += 1
        arrival = record.arrival
        if arrival.kind == "fact" and not arrival.log_ms:
            arrival = msgspec.structs.replace(arrival, log_ms=self.now_ms)
            record = record._replace(arrival=arrival)
        partition.since.append(record)
        self._take(record, partition)

    def _crash(self, partition: Partition) -> None:
        """It begins again at its checkpoint, and writes all it had written since a second time."""
        since = list(partition.since)
        partition.restore()
        for record in since:
            self._take(record, partition)

    def _take(self, record: Record, partition: Partition) -> None:
        offset, partition.offset = partition.offset, partition.offset + 1
        if record.arrival.kind == TICK:
            self._fire(record, partition, offset)
            return
        last = partition.sources.get(record.source)
        if last is not None and record.place <= last:
            return
        partition.sources[record.source] = record.place
        messages = (
            self._resolve(record.arrival, partition)
            if partition.name[0] == "q"
            else self._step(record.arrival, partition)
        )
        for idx, message in enumerate(messages):
            self._send(message, record, partition, (offset, idx))

    def _fire(self, record: Record, partition: Partition, offset: int) -> None:
        clock = partition.clock = partition.clock.ticked(
            msgspec.json.decode(record.arrival.body, type=Clock)
        )
        woken, idx = (-1, ""), 0
        while due := [one for one in _due(partition) if one > woken]:
            woken = min(due)
            arrival = Arrival(TICK, woken[1], b"", clock.now_ms)
            for message in self._step(arrival, partition):
                fired = record._replace(arrival=arrival)
                self._send(message, fired, partition, (offset, idx))
                idx += 1

    def _send(
        self, message: Message, record: Record, partition: Partition, place: tuple[int, int]
    ) -> None:
        arrival = Arrival(
            kind=message.kind,
            key=message.key,
            body=message.body,
            log_ms=record.arrival.log_ms,
            cause=record.arrival.cause,
            member=message.member,
            ids=message.ids,
            type=message.type,
            contacts=message.contacts,
        )
        self.forwarded = record
        made = Record(arrival, partition.name, place, record.hops + 1)
        self._queue(made, self._home("q" if message.to == "identity" else "c", message.key))

    def _resolve(self, arrival: Arrival, partition: Partition) -> tuple[Message, ...]:
        before = partition.rows.get(arrival.key)
        row = None if before is None else decode_row(before)
        resolved = resolve(row, arrival, self.rules.identity)
        if resolved.row is None:
            partition.rows.pop(arrival.key, None)
        elif resolved.changed:
            partition.rows[arrival.key] = encode_row(resolved.row)
        elif encode_row(resolved.row) != before:
            raise Broken(f"a row has changed and is not stored: {arrival.kind} {resolved.row}")
        return resolved.messages

    def _step(self, arrival: Arrival, partition: Partition) -> tuple[Message, ...]:
        before = partition.rows.get(arrival.key)
        customer = None if before is None else decode_customer(before)
        stepped = step(customer, arrival, self.rules, partition.clock)
        if stepped.state is None:
            partition.rows.pop(arrival.key, None)
            partition.wakes.pop(arrival.key, None)
        else:
            self._judge_redirect(stepped.state)
            partition.rows[arrival.key] = encode_customer(stepped.state)
            partition.wakes[arrival.key] = stepped.wake_ms or NEVER
        for decision in stepped.decisions:
            self._say(decision)
        self.faults += stepped.faults
        return stepped.messages

    def _judge_redirect(self, customer: Customer) -> None:
        if customer.merged_into and not customer.merged_into < customer.id:
            raise Broken(f"{customer.id} is redirected to the younger {customer.merged_into}")

    def _say(self, decision: Decision) -> None:
        name = type(decision).__name__
        id_ = getattr(decision, "id", "") or f"{decision.customer}.{decision.state_seq}"
        told = encode(decision)
        if name == "CustomerState":
            return
        before = self.said.setdefault((name, getattr(decision, "action", ""), id_), told)
        if before != told:
            raise Broken(f"two {name}s have the id {id_}: {before!r} and {told!r}")
        if before is told:
            self.decisions.append(decision)

    def rows(self) -> dict[str, Row]:
        """Every identifier's row, by hash."""
        stored = [p.rows for name, p in self.partitions.items() if name[0] == "q"]
        return {key: decode_row(row) for rows in stored for key, row in rows.items()}

    def customers(self) -> dict[str, Customer]:
        """Every customer and redirect."""
        stored = [p.rows for name, p in self.partitions.items() if name[0] == "c"]
        return {key: decode_customer(row) for rows in stored for key, row in rows.items()}

    def stale(self) -> dict[tuple[str, str, str, str], Suppression]:
        """(member, journey, instance, channel) -> what was said last of it."""
        last: dict[tuple[str, str, str, str], Suppression] = {}
        for said in self.decisions:
            if isinstance(said, Suppression):
                key = (said.member, said.journey, said.instance, said.channel)
                if key not in last or said.rev > last[key].rev:
                    last[key] = said
        return last


def _due(partition: Partition) -> list[tuple[int, str]]:
    now_ms = partition.clock.now_ms
    return [(at, who) for who, at in partition.wakes.items() if at <= now_ms]


def hashed(identifier: str) -> str:
    """The key under which an identifier travels."""
    return identifier_hash(KEY, identifier)
