"""The cluster as a migration finds it. It changes nothing."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager

from aiokafka import TopicPartition
from kafka.admin import KafkaAdminClient

from adaptive_stream.catalog import Catalog
from adaptive_stream.catalog.cluster import Cluster, answers
from adaptive_stream.client.reading import Offsets, Reader
from adaptive_stream.migration.plan import Found, Log
from adaptive_stream.process.settings import Settings
from adaptive_stream.process.supervisor import STAGES, group_of
from adaptive_stream.stages.records import (
    CUSTOMER_CHANGELOG,
    CUSTOMER_FACTS,
    IDENTITY_CHANGELOG,
    IDENTITY_FACTS,
)
from adaptive_stream.worker.cluster import newest_mark, tail

CHANGELOGS = (IDENTITY_CHANGELOG, CUSTOMER_CHANGELOG)
FACTS = (IDENTITY_FACTS, CUSTOMER_FACTS)
# Whoever owns the clock tells these to every partition as soon as workers run again.
TOLD_AGAIN = (b"tick", b"rules")
ASKED_MAX = 10_000


@contextmanager
def connect(settings: Settings) -> Iterator[Cluster]:
    """The cluster, as the worker's settings say how to log in to it."""
    with answers(settings.bootstrap), closing(KafkaAdminClient(**settings.client())) as admin:
        yield Cluster(settings.bootstrap, admin)


def members(cluster: Cluster, prefix: str) -> dict[str, int]:
    """How many each of our groups has."""
    groups = [group_of(prefix, stage) for stage in STAGES]
    found = cluster.admin.describe_groups(groups)
    return {group: len(found[group]["members"]) for group in groups if group in found}


async def look(cluster: Cluster, settings: Settings, catalog: Catalog) -> Found:
    """All that a plan is made of."""
    partitions = {
        name: topic.partitions for name, topic in cluster.read([]).items() if name in catalog.topics
    }
    tails, offsets = Reader(settings), Offsets(settings)
    waiting: dict[tuple[str, int], int] = {}
    await tails.start()
    await offsets.start()
    try:
        changelogs = _tps(catalog, CHANGELOGS, partitions)
        begins = await offsets.starts(changelogs)
        logs = {(tp.topic, tp.partition): await _log(tails, begins[tp], tp) for tp in changelogs}
        facts = _tps(catalog, FACTS, partitions)
        starts, ends = await offsets.starts(facts), await offsets.ends(facts)
        log_of = dict(zip(map(catalog.name, FACTS), map(catalog.name, CHANGELOGS), strict=True))
        for tp in facts:
            log = logs.get((log_of[tp.topic], tp.partition))
            start = log.mark.next_offset if log and log.mark else starts[tp]
            waiting[tp.topic, tp.partition] = await _waiting(tails, tp, start, ends[tp])
        theirs = _committed(cluster, catalog, partitions)
        ends_of = await offsets.ends({tp for _, tp in theirs})
    finally:
        await offsets.stop()
        await tails.stop()
    unread: dict[tuple[str, str], int] = {}
    for (group, tp), offset in theirs.items():
        if ends_of[tp] > offset:
            unread[group, tp.topic] = unread.get((group, tp.topic), 0) + ends_of[tp] - offset
    return Found(
        partitions=partitions,
        logs=logs,
        waiting=waiting,
        members=members(cluster, catalog.prefix),
        unread=unread,
    )


def _tps(
    catalog: Catalog, declared: tuple[str, ...], partitions: Mapping[str, int]
) -> list[TopicPartition]:
    names = map(catalog.name, declared)
    return [TopicPartition(name, n) for name in names for n in range(partitions.get(name, 0))]


async def _log(tails: Reader, start: int, tp: TopicPartition) -> Log:
    """What a record of it takes is told by the last ones."""
    records = await tail(tails, tp)
    size = sum(len(each.key or b"") + len(each.value or b"") for each in records)
    return Log(newest_mark(records), await tails.end(tp) - start, size / max(len(records), 1))


async def _waiting(tails: Reader, tp: TopicPartition, start: int, end: int) -> int:
    """Records that are some partition's alone; of very many it is not asked what they are."""
    if end - start > ASKED_MAX:
        return end - start
    count = 0
    while start < end:
        records, start = await tails.read(tp, start)
        count += sum(dict(each.headers).get("k") not in TOLD_AGAIN for each in records)
    return count


def _committed(
    cluster: Cluster, catalog: Catalog, partitions: Mapping[str, int]
) -> dict[tuple[str, TopicPartition], int]:
    """How far others have read our outputs, by their group."""
    internal = set(map(catalog.name, (*FACTS, *CHANGELOGS)))
    outputs = {
        name
        for name, topic in catalog.topics.items()
        if topic.key == "customer" and name in partitions and name not in internal
    }
    groups = [
        group["group_id"]
        for group in cluster.admin.list_groups()
        if group["protocol_type"] in ("consumer", "")  # Those of other kinds commit elsewhere.
    ]
    return {
        (group, TopicPartition(tp.topic, tp.partition)): at.offset
        for group, offsets in (cluster.admin.list_group_offsets(groups) if groups else {}).items()
        for tp, at in offsets.items()
        if tp.topic in outputs and at.offset >= 0
    }
