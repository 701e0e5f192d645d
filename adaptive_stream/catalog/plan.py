"""Topics as declared less topics as they are: what has to be done, and what must not be.

Rule 1: pure; cluster.py reads and writes. What `apply` does is this plan, nothing else.
Rule 2: a change that can lose records or order is a risk and says so; one that would break a
promise is refused and says what to do instead. Nothing is deleted unless that was asked for.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from adaptive_stream.catalog.bounds import check_bounds
from adaptive_stream.catalog.faults import Fault
from adaptive_stream.catalog.profiles import Profile
from adaptive_stream.catalog.topics import PARTITIONED, Topic

# Names that only this system gives; another's `customer.orders.v1` is none of our business.
OURS = re.compile(
    r"(channel|suppressions)\.[a-z0-9-]+\.v[0-9]+(\.dlq)?"
    r"|(identity|customer)\.(facts|changelog)\.v[0-9]+(\.dlq)?"
    r"|customer\.(state|state-changed)\.v[0-9]+|(clock|opportunities)\.v[0-9]+"
)
# Set by an operator while partitions move between brokers, and taken back by the same hand.
LEFT_ALONE = ("leader.replication.throttled.replicas", "follower.replication.throttled.replicas")


@dataclass(frozen=True, slots=True)
class Found:
    """A topic on the cluster. `config` has every effective value, `overridden` the topic's own."""

    name: str
    partitions: int
    replicas: int
    config: Mapping[str, str]
    overridden: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to do to one topic. `config`: key -> value, None for back to the default.

    action: create, config, partitions, delete. `says` is what a person reads; `risk` what may be
    lost, and `refused` why it is not done and what to do instead.
    """

    action: str
    topic: str
    says: str
    partitions: int = 0
    replicas: int = 0
    config: Mapping[str, str | None] = field(default_factory=dict)
    risk: str = ""
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What `apply` will do. `broken`: bounds that would not hold afterwards; `notes`: what is
    different and may stay so."""

    changes: tuple[Change, ...] = ()
    broken: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def refusals(self) -> tuple[Change, ...]:
        """Changes that are not made; while there is one, nothing is."""
        return tuple(change for change in self.changes if change.refused)

    @property
    def risks(self) -> tuple[Change, ...]:
        """Changes that need a yes."""
        return tuple(change for change in self.changes if change.risk and not change.refused)

    def shown(self, found: Mapping[str, Found]) -> bool:
        """The cluster tells of every change: brokers learn of it some moments after the yes."""
        return all(_shown(change, found.get(change.topic)) for change in self.changes)

    @property
    def empty(self) -> bool:
        """The cluster is as declared."""
        return not self.changes and not self.broken


def make_plan(
    declared: Collection[Topic],
    found: Mapping[str, Found],
    profile: Profile,
    *,
    foreign: Collection[str] = (),
    prefix: str = "",
    delete: bool = False,
) -> Plan:
    """The plan. `declared` as in the files, `foreign` topics that channels read and others own."""
    wished = [profile.of(topic) for topic in declared]
    changes: list[Change] = []
    notes: list[str] = []
    for topic in sorted(wished, key=lambda topic: topic.name):
        here = found.get(topic.name)
        if here is None:
            changes.append(_create(topic))
            continue
        changes += _partitions(topic, here, notes)
        changes += _replicas(topic, here)
        changes += _config(topic, here)
    names = {topic.name for topic in wished} | set(foreign)
    for name in sorted(found.keys() - names):
        own = name.removeprefix(prefix)
        if not name.startswith(prefix) or not OURS.fullmatch(own):
            continue
        if delete:
            risk = "all its records are deleted"
            changes.append(Change("delete", name, "no file declares it", risk=risk))
        else:
            notes.append(f"{name} is on the cluster and no file declares it (--allow-delete)")
    changes += [_missing(name) for name in sorted(set(foreign) - found.keys())]
    broken = check_bounds([*wished, *read_by_others(wished, found, foreign)], profile.gives_up)
    return Plan(tuple(changes), tuple(broken), tuple(notes))


def read_by_others(
    wished: Collection[Topic], found: Mapping[str, Found], foreign: Collection[str]
) -> list[Topic]:
    """Other people's topics as far as our bounds concern them: what they let through."""
    pattern = next((topic for topic in wished if topic.key == "any"), None)
    if pattern is None:
        return []
    by_name = {topic.name: topic for topic in wished}
    return [
        replace(
            pattern,
            name=name,
            declared=name,
            file="the cluster",
            dlq=next((dlq for dlq in by_name if dlq.endswith(f"{name}.dlq")), None),
            config={
                **pattern.config,
                "max.message.bytes": found[name].config.get("max.message.bytes", ""),
            },
        )
        for name in sorted(set(foreign) & found.keys())
    ]


def as_found(topic: Topic, here: Found) -> Topic:
    """The declared topic with the values of the cluster, for the bounds to judge."""
    values = {**{key: here.config.get(key, "") for key in topic.config}}
    return replace(
        topic,
        file="the cluster",
        lines={},
        partitions=here.partitions,
        replicas=here.replicas,
        config={**here.config, **values},
    )


def _shown(change: Change, here: Found | None) -> bool:
    if change.action == "delete" or here is None:
        return (change.action == "delete") == (here is None)
    for key, value in change.config.items():
        if value is None and key in here.overridden:
            return False
        if value is not None and here.config.get(key) != value:
            return False
    return change.partitions in (0, here.partitions)


def _create(topic: Topic) -> Change:
    says = f"{_count(topic.partitions, 'partition')}, {_count(topic.replicas, 'copy', 'copies')}"
    return Change(
        "create",
        topic.name,
        says,
        partitions=topic.partitions,
        replicas=topic.replicas,
        config=dict(topic.config),
    )


def _missing(name: str) -> Change:
    refused = "a channel reads it and somebody else owns it: create it there, or unbind it"
    return Change("create", name, "is not on the cluster", refused=refused)


def _partitions(topic: Topic, here: Found, notes: list[str]) -> list[Change]:
    if topic.partitions == here.partitions:
        return []
    says = f"partitions {here.partitions} -> {topic.partitions}"
    if topic.key in PARTITIONED:
        refused = (
            f"its records are placed by {topic.key}, and each later fact would go to another"
            " partition than the earlier ones: `adaptive-stream migrate` brings their state along;"
            f" or write partitions: {here.partitions} in all files keyed by {topic.key}"
        )
        return [Change("partitions", topic.name, says, refused=refused)]
    if topic.partitions < here.partitions and topic.key != "none":
        notes.append(f"{topic.name} has {here.partitions} partitions, its file says"
                     f" {topic.partitions}: more do no harm, it stays")  # fmt: skip
        return []
    if topic.partitions < here.partitions:
        refused = "Kafka never takes partitions away: delete the topic if it may be, and apply"
        return [Change("partitions", topic.name, says, refused=refused)]
    risk = "a producer that keys its records finds later ones in another partition"
    return [Change("partitions", topic.name, says, partitions=topic.partitions, risk=risk)]


def _replicas(topic: Topic, here: Found) -> list[Change]:
    if topic.replicas == here.replicas:
        return []
    says = f"copies {here.replicas} -> {topic.replicas}"
    refused = "moving data between brokers is for kafka-reassign-partitions or Cruise Control"
    return [Change("replicas", topic.name, says, refused=refused)]


def _config(topic: Topic, here: Found) -> list[Change]:
    wanted: dict[str, str | None] = {
        key: value for key, value in topic.config.items() if here.config.get(key) != value
    }
    for key in sorted(here.overridden - topic.config.keys() - set(LEFT_ALONE)):
        wanted[key] = None
    return [
        Change(
            "config",
            topic.name,
            f"{key} {here.config.get(key)} -> {'the default' if value is None else value}",
            config={key: value},
            risk=_risk(key, here.config.get(key, ""), value),
        )
        for key, value in wanted.items()
    ]


def _risk(key: str, old: str, new: str | None) -> str:
    """What may be lost when a config changes, in words; empty when nothing."""
    if new is None:
        return ""
    if key in ("retention.ms", "max.compaction.lag.ms") and _shorter(new, old):
        return "older records are deleted at once"
    if key == "cleanup.policy":
        return "another kind of record is deleted from now on"
    if key == "max.message.bytes" and _shorter(new, old):
        return "a producer of larger records is refused"
    if key == "min.insync.replicas" and _shorter(new, old):
        return "fewer brokers hold what is acknowledged"
    return ""


def _shorter(new: str, old: str) -> bool:
    """-1 is for ever."""
    lengths = [float("inf") if value == "-1" else float(value or 0) for value in (new, old)]
    return lengths[0] < lengths[1]


def _count(number: int, word: str, words: str = "") -> str:
    return f"{number} {word}" if number == 1 else f"{number} {words or word + 's'}"
