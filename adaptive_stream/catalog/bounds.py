"""What topics must be for the promises to hold: nothing lost, nothing twice, nobody kept for ever.

Rule 1: a bound is a function of topics, whether they come from files or were found on a cluster.
Rule 2: each says in its message what goes wrong without it; PROTOCOL in its name's comment.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping

from adaptive_stream.catalog.faults import Fault
from adaptive_stream.catalog.topics import PARTITIONED, Topic

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

REPLICAS_MIN = 3
IN_SYNC_MIN = 2
RETENTION_MAX_MS = 14 * DAY_MS
# The only log that replays and backtests read; with a day for its last segment it stays in a month.
REPLAY_TOPIC = "customer.facts.v1"
REPLAY_RETENTION_MAX_MS = 28 * DAY_MS
# Kafka deletes whole segments, so a record outlives its retention by as long as one stays open.
SEGMENT_MAX_MS = DAY_MS
COMPACTION_LAG_MIN_MS = 15 * MINUTE_MS
COMPACTION_LAG_MAX_MS = 7 * DAY_MS
TOMBSTONE_MS = 8 * DAY_MS
COMPACTED_SEGMENT_MAX_MS = 6 * HOUR_MS
HEADERS_BYTES = 64 * 1024
CHECKPOINT_BYTES_MIN = 1024 * 1024  # Four of the largest states, so that a batch is worth sending.

LOG_TIME_TOPICS = (
    "identity.facts.v1",
    "identity.changelog.v1",
    "customer.facts.v1",
    "customer.changelog.v1",
    "clock.v1",
    "rules.v1",
)
CHANGELOGS = ("identity.changelog.v1", "customer.changelog.v1")

Topics = Collection[Topic]


def check_bounds(topics: Topics, gives_up: Collection[str] = ()) -> list[Fault]:
    """Every bound that is broken, except those that the profile gives up."""
    return [
        fault for name, bound in BOUNDS.items() if name not in gives_up for fault in bound(topics)
    ]


def durability(topics: Topics) -> Iterator[Fault]:
    """a5: what Kafka has acknowledged survives the loss of a broker."""
    for topic in topics:
        if topic.replicas < REPLICAS_MIN:
            says = f"{topic.name} has fewer than {REPLICAS_MIN} copies, so a lost disk loses facts"
            yield topic.fault("replicas", says, f"write replicas: {REPLICAS_MIN}")
        in_sync = topic.number("min.insync.replicas")
        if in_sync is None or in_sync < IN_SYNC_MIN:
            says = f"{topic.name} acknowledges what fewer than {IN_SYNC_MIN} brokers hold"
            yield topic.fault("min.insync.replicas", says, f"write {IN_SYNC_MIN}")
        elif in_sync >= topic.replicas:
            says = f"{topic.name} stops when one of its {topic.replicas} brokers is away"
            yield topic.fault("min.insync.replicas", says, f"write {topic.replicas - 1} or less")


def clean_election(topics: Topics) -> Iterator[Fault]:
    """a5: a broker that was behind never leads."""
    for topic in topics:
        if topic.config.get("unclean.leader.election.enable") != "false":
            says = f"{topic.name} may be led by a broker that was behind, and so lose facts"
            yield topic.fault("unclean.leader.election.enable", says, "write false")


def retention(topics: Topics) -> Iterator[Fault]:
    """g: no log keeps a person's data beyond what an erasure may take."""
    for topic in topics:
        if topic.pii != "direct" or "compact" in topic.config.get("cleanup.policy", ""):
            continue
        most_ms = RETENTION_MAX_MS
        if topic.declared == REPLAY_TOPIC:
            most_ms = REPLAY_RETENTION_MAX_MS
        kept_ms = topic.number("retention.ms")
        if kept_ms is None or not 0 < kept_ms <= most_ms:
            says = f"{topic.name} holds personal data longer than {most_ms // DAY_MS} days"
            yield topic.fault("retention.ms", says, f"write {most_ms} or less")
        segment_ms = topic.number("segment.ms")
        if segment_ms is None or not 0 < segment_ms <= SEGMENT_MAX_MS:
            says = f"{topic.name} holds personal data in segments open for more than a day"
            yield topic.fault("segment.ms", says, f"write {SEGMENT_MAX_MS} or less")


def compaction(topics: Topics) -> Iterator[Fault]:
    """a2, g: a stranger's record can be repaired before the cleaner runs, an erased person goes."""
    limits = (
        ("min.compaction.lag.ms", COMPACTION_LAG_MIN_MS, None, "a repair would come too late"),
        ("max.compaction.lag.ms", 1, COMPACTION_LAG_MAX_MS, "an erased person would stay"),
        ("delete.retention.ms", TOMBSTONE_MS, TOMBSTONE_MS, "a store could miss a deletion"),
        ("segment.ms", 1, COMPACTED_SEGMENT_MAX_MS, "an erased person would stay"),
    )
    for topic in topics:
        policy = topic.config.get("cleanup.policy", "")
        if topic.declared in CHANGELOGS and policy != "compact":
            says = f"{topic.name} is not compacted, so a table cannot be built from it"
            yield topic.fault("cleanup.policy", says, "write compact")
        if "compact" not in policy:
            continue
        for key, least_ms, most_ms, otherwise in limits:
            stated = topic.number(key)
            if stated is not None and least_ms <= stated and (not most_ms or stated <= most_ms):
                continue
            wanted = f"{least_ms} or more" if most_ms is None else f"{most_ms} or less"
            if least_ms == most_ms:
                wanted = str(most_ms)
            says = f"{topic.name} has {key} out of bounds: {otherwise}"
            yield topic.fault(key, says, f"write {wanted}")


def log_time(topics: Topics) -> Iterator[Fault]:
    """c: known times and ticks are the brokers' own clock, never a producer's."""
    for topic in topics:
        if topic.declared not in LOG_TIME_TOPICS:
            continue
        if topic.config.get("message.timestamp.type") != "LogAppendTime":
            says = f"{topic.name} carries the producers' clocks (CreateTime), not the brokers'"
            yield topic.fault("message.timestamp.type", says, "write LogAppendTime")


def partitions(topics: Topics) -> Iterator[Fault]:
    """a6: the owner of a partition of facts is the only writer of that partition of each output."""
    for key in sorted(PARTITIONED):
        keyed = [topic for topic in topics if topic.key == key]
        counts = Counter(topic.partitions for topic in keyed)
        most = counts.most_common(1)[0][0] if counts else 0
        for topic in keyed:
            if topic.partitions != most:
                says = f"{topic.name} is not cut as the others keyed by {key}, which have {most}"
                yield topic.fault("partitions", says, f"write partitions: {most}")
    for topic in topics:
        if topic.key == "none" and topic.partitions != 1:
            says = f"{topic.name} has no key, so its order needs one partition"
            yield topic.fault("partitions", says, "write partitions: 1")


def size(topics: Topics) -> Iterator[Fault]:
    """a3: a record that one topic took always fits into the next; else its stage stops for good."""
    by_name = {topic.name: topic for topic in topics}
    by_declared = {topic.declared: topic for topic in topics}
    for topic in topics:
        yield from _stated(topic)
        dlq = by_name.get(topic.dlq or "")
        if dlq:
            yield from _larger(dlq, topic)
        if topic.key == "any" and "identity.facts.v1" in by_declared:
            yield from _larger(by_declared["identity.facts.v1"], topic)
    if {"identity.facts.v1", "customer.facts.v1"} <= by_declared.keys():
        yield from _larger(by_declared["customer.facts.v1"], by_declared["identity.facts.v1"])
    for name in CHANGELOGS:
        changelog = by_declared.get(name)
        if changelog and (changelog.number("max.message.bytes") or 0) < CHECKPOINT_BYTES_MIN:
            says = f"{changelog.name} has no room for a checkpoint, which is one batch"
            remedy = f"write {CHECKPOINT_BYTES_MIN} or more"
            yield changelog.fault("max.message.bytes", says, remedy)


def _stated(topic: Topic) -> Iterator[Fault]:
    if topic.number("max.message.bytes") is None:
        says = f"{topic.name} leaves its largest record to the cluster's default"
        yield topic.fault("max.message.bytes", says, "write max.message.bytes: 1048588")


def _larger(target: Topic, source: Topic) -> Iterator[Fault]:
    largest = source.number("max.message.bytes")
    room = target.number("max.message.bytes")
    if largest is None or room is None or room >= largest + HEADERS_BYTES:
        return
    says = f"{target.name} has no room for the largest record of {source.name} with its headers"
    yield target.fault("max.message.bytes", says, f"write {largest + HEADERS_BYTES} or more")


BOUNDS: Mapping[str, Callable[[Topics], Iterator[Fault]]] = {
    "durability": durability,
    "clean-election": clean_election,
    "retention": retention,
    "compaction": compaction,
    "log-time": log_time,
    "partitions": partitions,
    "size": size,
}
