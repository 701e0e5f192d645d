"""What the worker must know of the cluster before it starts: its topics and their partitions."""

from dataclasses import dataclass
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaConnectionError

from adaptive_stream.catalog import Catalog
from adaptive_stream.checkpoint.generators import check_partitions, check_tenant
from adaptive_stream.checkpoint.progress import CHECKPOINT, Mark, decode_mark
from adaptive_stream.checkpoint.refusal import Refusal
from adaptive_stream.client.reading import Reader
from adaptive_stream.process.settings import Settings
from adaptive_stream.stages.partitions import misfit_of
from adaptive_stream.stages.records import CUSTOMER_CHANGELOG, IDENTITY_CHANGELOG

UNKNOWN_TOPIC = 3  # Kafka's error code.
TAIL_RECORDS = 200  # Behind the last mark of a changelog there are a few claims at most.


@dataclass(frozen=True)
class Found:
    """`partitions` by topic; `message_bytes`: the largest batch that the changelog takes."""

    partitions: dict[str, int]
    message_bytes: int


async def inspect(settings: Settings, catalog: Catalog, changelog: str | None) -> Found:
    """Asks the cluster. Raises Refusal naming everything that stands in the way."""
    admin = AIOKafkaAdminClient(**settings.client())
    try:
        await admin.start()
    except KafkaConnectionError:
        says = f"no Kafka answers at {settings.bootstrap}"
        raise Refusal(says, "start it, or say where it is with --bootstrap") from None
    try:
        names = [*catalog.topics, *catalog.foreign]
        described = await admin.describe_topics(names)
        partitions = {
            topic["topic"]: len(topic["partitions"])
            for topic in described
            if topic["error_code"] != UNKNOWN_TOPIC
        }
        if misfit := misfit_of(catalog, partitions):
            raise Refusal(*misfit)
        message_bytes = 1 << 20
        if changelog is not None:
            message_bytes = await _message_bytes(admin, changelog)
    finally:
        await admin.close()
    logs = [IDENTITY_CHANGELOG] if changelog is None else [IDENTITY_CHANGELOG, CUSTOMER_CHANGELOG]
    await _check_marks(settings, [catalog.name(log) for log in logs], partitions)
    return Found(partitions, message_bytes)


async def _check_marks(settings: Settings, logs: list[str], partitions: dict[str, int]) -> None:
    """Refuses a tenant key that is not the one of the state, and topics that were given more
    partitions than it was made for, before a group is joined.

    Takeovers check it as well, but admit has no state: it would hash facts under the wrong key
    until resolve refuses. A new partition has nothing to check. And resolve, which asks for the
    customers too, would write by a number that their state was not made for.
    """
    reader = Reader(settings)
    await reader.start()
    try:
        for topic in logs:
            mark = await _any_mark(reader, topic, partitions[topic])
            if mark is not None:
                check_tenant(mark, settings.tenant)
                check_partitions(mark, partitions[topic])
    finally:
        await reader.stop()


async def _any_mark(reader: Reader, topic: str, partitions: int) -> Mark | None:
    """The newest of any partition that tells the tenant: one speaks for all."""
    for number in range(partitions):
        mark = newest_mark(await tail(reader, TopicPartition(topic, number)))
        if mark is not None and mark.tenant:
            return mark
    return None


async def tail(reader: Reader, tp: TopicPartition) -> list[Any]:
    """The last records of a partition."""
    end = await reader.end(tp)
    at = max(0, end - TAIL_RECORDS)
    found: list[Any] = []
    while at < end:
        records, at = await reader.read(tp, at)
        found += records
    return found


def newest_mark(records: list[Any]) -> Mark | None:
    """The last one of these records of a changelog."""
    marks = [record.value for record in records if record.key == CHECKPOINT]
    return decode_mark(marks[-1]) if marks else None


async def _message_bytes(admin: AIOKafkaAdminClient, topic: str) -> int:
    resource = ConfigResource(ConfigResourceType.TOPIC, topic)
    for response in await admin.describe_configs([resource]):
        for _, _, _, _, entries in response.resources:
            for name, value, *_ in entries:
                if name == "max.message.bytes":
                    return int(value)
    raise Refusal(f"{topic} does not say its max.message.bytes", "allow DescribeConfigs on it")
