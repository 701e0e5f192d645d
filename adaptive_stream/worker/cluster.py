"""What the worker must know of the cluster before it starts: its topics and their partitions."""

from dataclasses import dataclass

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaConnectionError

from adaptive_stream.catalog import Catalog
from adaptive_stream.checkpoint.generators import check_tenant
from adaptive_stream.checkpoint.progress import CHECKPOINT, decode_mark
from adaptive_stream.checkpoint.refusal import Refusal
from adaptive_stream.process.settings import Settings
from adaptive_stream.stages.partitions import misfit_of
from adaptive_stream.stages.records import IDENTITY_CHANGELOG
from adaptive_stream.worker.reading import Reader

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
    await _check_tenant(settings, catalog, partitions)
    return Found(partitions, message_bytes)


async def _check_tenant(settings: Settings, catalog: Catalog, partitions: dict[str, int]) -> None:
    """Refuses a tenant key that is not the one of the identities, before a group is joined.

    Takeovers check it as well, but admit has no state: it would hash facts under the wrong key
    until resolve refuses. The first fingerprint that is found tells for all partitions.
    """
    topic = catalog.name(IDENTITY_CHANGELOG)
    reader = Reader(settings)
    await reader.start()
    try:
        for number in range(partitions[topic]):
            tp = TopicPartition(topic, number)
            end = await reader.end(tp)
            at = max(0, end - TAIL_RECORDS)
            while at < end:
                records, at = await reader.read(tp, at)
                for record in records:
                    mark = decode_mark(record.value) if record.key == CHECKPOINT else None
                    if mark is not None and mark.tenant:
                        return check_tenant(mark, settings.tenant)
    finally:
        await reader.stop()


async def _message_bytes(admin: AIOKafkaAdminClient, topic: str) -> int:
    resource = ConfigResource(ConfigResourceType.TOPIC, topic)
    for response in await admin.describe_configs([resource]):
        for _, _, _, _, entries in response.resources:
            for name, value, *_ in entries:
                if name == "max.message.bytes":
                    return int(value)
    raise Refusal(f"{topic} does not say its max.message.bytes", "allow DescribeConfigs on it")
