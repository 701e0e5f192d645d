"""What more partitions take, and what stands in the way of them. No I/O.

Rule: a number grows to a whole multiple of itself. A key of partition p then goes to p, or to
p + old, p + 2 old, ...: whatever a new partition needs to know (what it has taken from whom, the
clock, the rules in force) is what *one* old partition knows, and is copied, never merged.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from adaptive_stream.catalog import Catalog
from adaptive_stream.catalog.plan import Change
from adaptive_stream.catalog.profiles import Profile
from adaptive_stream.catalog.topics import PARTITIONED, Topic
from adaptive_stream.checkpoint.progress import Mark
from adaptive_stream.engine.notice import PREFIX
from adaptive_stream.stages.records import (
    CUSTOMER_CHANGELOG,
    CUSTOMER_FACTS,
    IDENTITY_CHANGELOG,
    IDENTITY_FACTS,
    partition_of,
)

RECORDS_S = {"resolve": 20_000, "step": 4_000}  # One core; a view is most of a customer.
DRAIN = (
    "start `adaptive-stream worker --stage resolve` and `adaptive-stream worker --stage step`, and"
    " no admit, until this plan shows nothing that waits; then stop them"
)


class Move(NamedTuple):
    """The state of a stage, from so many partitions to so many. Names are the cluster's."""

    stage: str
    key: str
    facts: str
    changelog: str
    old: int
    new: int

    def targets(self, partition: int) -> range:
        """Where the keys of an old partition go, itself first."""
        return range(partition, self.new, self.old)

    def homes(self, key: bytes) -> tuple[int, ...]:
        """The partitions that are to hold a row; () is every one: a notice to customers."""
        if self.stage == "step" and key.startswith(PREFIX.encode()):
            return ()
        return (partition_of(key, self.new),)


@dataclass(frozen=True)
class Log:
    """A partition of a changelog: its newest mark, its length, what a record of it takes."""

    mark: Mark | None
    records: int
    record_bytes: float


@dataclass(frozen=True)
class Found:
    """The cluster as it is. `partitions` of each topic of ours that exists, `logs` by changelog and
    partition, `waiting`: records of internal facts that were not worked on, ticks
    and rules left out, `members` of each of our groups, `unread`: what other
    groups have yet to read of our outputs, by group and topic."""

    partitions: Mapping[str, int]
    logs: Mapping[tuple[str, int], Log]
    waiting: Mapping[tuple[str, int], int]
    members: Mapping[str, int]
    unread: Mapping[tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """What `apply` does. `grown`: topics that get more, in this order; `anew`: how the topic of
    views is made again; `refused`: (what stands in the way, what to do); `risks` need a yes;
    `done`: partitions of changelogs that an earlier `apply` has moved; `seconds`: about how long
    it takes."""

    moves: tuple[Move, ...]
    grown: tuple[Change, ...]
    anew: tuple[Change, ...]
    refused: tuple[tuple[str, str], ...]
    risks: tuple[str, ...]
    done: frozenset[tuple[str, int]]
    records: int
    bytes: float
    seconds: float

    @property
    def is_empty(self) -> bool:
        """There is nothing to do."""
        moves = any(move.new != move.old for move in self.moves)
        return not (self.grown or self.anew or moves)

    @property
    def begun(self) -> bool:
        """It is not finished, and no worker starts until it is."""
        to_grow = {change.topic for change in self.grown}
        return any(
            move.changelog not in to_grow and (move.new > move.old or move.facts in to_grow)
            for move in self.moves
        )


def make_plan(catalog: Catalog, profile: Profile, views: str, found: Found) -> Plan:
    """`views`: the topic that shows each customer as she is."""
    wished = {name: profile.of(topic) for name, topic in catalog.topics.items()}
    moves = tuple(
        Move(stage, key, catalog.name(facts), catalog.name(log), _old(found, catalog, facts, log),
             wished[catalog.name(facts)].partitions)
        for stage, key, facts, log in (
            ("resolve", "identifier", IDENTITY_FACTS, IDENTITY_CHANGELOG),
            ("step", "customer", CUSTOMER_FACTS, CUSTOMER_CHANGELOG),
        )
    )  # fmt: skip
    last = [move.facts for move in moves]
    keyed = {n: topic for n, topic in wished.items() if topic.key in PARTITIONED and n != views}
    order = {move.changelog: 0 for move in moves} | {name: 2 + n for n, name in enumerate(last)}
    grown = [
        Change(
            "partitions",
            name,
            f"partitions {found.partitions.get(name)} -> {keyed[name].partitions}",
            partitions=keyed[name].partitions,
        )
        for name in sorted(keyed, key=lambda name: order.get(name, 1))
        if found.partitions.get(name) != keyed[name].partitions
    ]
    todo = {
        (move.changelog, n): move.stage
        for move in moves
        for n in range(move.old)
        if move.new > move.old and not _is_done(found, move, n)
    }
    logs = {at: found.logs[at] for at in todo if at in found.logs}
    return Plan(
        moves=moves,
        grown=tuple(grown),
        anew=tuple(_anew(wished[views], found.partitions.get(views))),
        refused=tuple(_refusals(found, moves, keyed)),
        risks=tuple(_risks(found, wished[views])),
        done=frozenset(
            (move.changelog, n) for move in moves for n in range(move.old)
        ) - todo.keys(),
        records=sum(log.records for log in logs.values()),
        bytes=sum(log.records * log.record_bytes for log in logs.values()),
        seconds=sum(log.records / RECORDS_S[todo[at]] for at, log in logs.items()),
    )  # fmt: skip


def _old(found: Found, catalog: Catalog, facts: str, changelog: str) -> int:
    """For how many partitions the state was made: as its marks say it, and one that does not say
    was written by so many as the topic of facts has."""
    name, count = catalog.name(changelog), found.partitions.get(catalog.name(facts), 0)
    marks = [log.mark for (topic, _), log in found.logs.items() if topic == name]
    return min((mark.partitions or count for mark in marks if mark is not None), default=count)


def _is_done(found: Found, move: Move, partition: int) -> bool:
    log = found.logs.get((move.changelog, partition))
    return log is not None and log.mark is not None and log.mark.partitions == move.new


def _refusals(
    found: Found, moves: tuple[Move, ...], declared: Mapping[str, Topic]
) -> Iterator[tuple[str, str]]:
    missing = sorted(declared.keys() - found.partitions.keys())
    if missing:
        yield f"there is no topic {', '.join(missing)}", "`adaptive-stream topics apply` first"
        return
    for move in moves:
        if not move.old or move.new % move.old:
            says = f"{move.facts} has {move.old} partitions and its file says {move.new}"
            yield says, f"write {2 * move.old}, or another multiple of {move.old}, in all its files"
        for name, topic in declared.items():
            here = found.partitions[name]
            before = found.partitions[move.facts]  # Its state may be moved by now, and not said so.
            if topic.key == move.key and here not in (move.old, move.new, before):
                says = f"{name} has {here} partitions, neither {before} nor {move.new}"
                yield says, "somebody else raised it: if it is an output, make that topic anew"
    for group, members in sorted(found.members.items()):
        if members:
            says = f"{group} has {members} member(s)"
            yield says, "stop every worker; one that was killed is gone after its session timeout"
    for move in moves:
        waiting = sum(_waiting(found, move, n) for n in range(move.old))
        if waiting:
            yield f"{waiting} record(s) of {move.facts} were not worked on", DRAIN
        early = sum(found.waiting.get((move.facts, n), 0) for n in range(move.old, move.new))
        if early and move.new > move.old:
            says = f"{early} record(s) of {move.facts} are in its new partitions already"
            yield (
                says,
                "a worker wrote them by a number that its state was not made for: delete them",
            )


def _waiting(found: Found, move: Move, partition: int) -> int:
    log = found.logs.get((move.changelog, partition))
    mark = log.mark if log else None
    amid_tick = mark is not None and mark.cursor is not None
    return max(found.waiting.get((move.facts, partition), 0), int(amid_tick))


def _anew(views: Topic, here: int | None) -> Iterator[Change]:
    if here == views.partitions:
        return
    if here is not None:
        yield Change("delete", views.name, "its views are written again from the state")
    yield Change(
        "create", views.name, f"{views.partitions} partitions", partitions=views.partitions,
        replicas=views.replicas, config=dict(views.config),
    )  # fmt: skip


def _risks(found: Found, views: Topic) -> Iterator[str]:
    if found.partitions.get(views.name, views.partitions) != views.partitions:
        yield (
            f"{views.name} is deleted and written again from the state: whoever reads it must begin"
            " at its beginning"
        )
    for (group, topic), unread in sorted(found.unread.items()):
        yield (
            f"{group} has {unread} record(s) of {topic} to read: until it has, it may meet a"
            " customer's later ones before them"
        )
