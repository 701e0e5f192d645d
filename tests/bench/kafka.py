"""Topics, writing and reading in bulk, for the harness: nothing here is measured."""

import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, NewTopic

PARTITIONS = 4
WITHIN_S = 30.0
READ_AT_ONCE = 10_000
QUIET = {"log_level": 2}  # A broker that starts or ends makes clients wait, and they say so.
STAMPED = {"message.timestamp.type": "LogAppendTime"}  # The broker's clock measures everybody.

Headers = list[tuple[str, bytes]]


class ToWrite(NamedTuple):
    """A record. `partition` None: by the key, as Java does it."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers | None = None
    partition: int | None = None


class Read(NamedTuple):
    """A record as it was read. `appended_ms` is the broker's stamp on a STAMPED topic."""

    key: bytes
    value: bytes
    appended_ms: int


def create(bootstrap: str, topics: Iterable[str], partitions: int = PARTITIONS) -> None:
    """Creates topics that take batches of 4 MiB, stamped by the broker."""
    config = {**STAMPED, "max.message.bytes": str(4 << 20)}
    admin = AdminClient({**QUIET, "bootstrap.servers": bootstrap})
    wanted = [NewTopic(topic, partitions, 1, config=config) for topic in topics]
    for future in admin.create_topics(wanted, operation_timeout=WITHIN_S).values():
        future.result(WITHIN_S)


def write(bootstrap: str, records: Iterable[ToWrite]) -> int:
    """Writes records in lz4 batches; returns their number once all are acknowledged."""
    failed: list[str] = []
    producer = Producer(
        {
            **QUIET,
            "bootstrap.servers": bootstrap,
            "compression.type": "lz4",
            "linger.ms": 20,
            "batch.size": 256 << 10,
            "enable.idempotence": True,
            "partitioner": "murmur2_random",
            "queue.buffering.max.messages": 200_000,
            "delivery.report.only.error": True,
            "on_delivery": lambda error, _: failed.append(str(error)),
        }
    )
    count = 0
    for each in records:
        count += 1
        at = {} if each.partition is None else {"partition": each.partition}
        while True:
            try:
                producer.produce(each.topic, each.value, each.key, headers=each.headers, **at)
                break
            except BufferError:
                producer.poll(0.1)
    producer.flush()
    if failed:
        raise RuntimeError(f"{len(failed)} records were not written: {failed[0]}")
    return count


class Reader:
    """Reads whole topics, from their beginning, a piece at a time."""

    def __init__(self, bootstrap: str, *topics: str) -> None:
        self._consumer = Consumer(
            {
                **QUIET,
                "bootstrap.servers": bootstrap,
                "group.id": "reader",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": 50,
            }
        )
        self._tps = partitions_of(self._consumer, *topics)
        self._consumer.assign([TopicPartition(tp.topic, tp.partition, 0) for tp in self._tps])

    def ends(self) -> int:
        """The sum of the end offsets."""
        return sum(end_of(self._consumer, tp) for tp in self._tps)

    def more(self, wait_s: float = 0.5) -> list[Read]:
        """What has come since, [] when nothing came for `wait_s`."""
        found = []
        for message in self._consumer.consume(READ_AT_ONCE, wait_s):
            if message.error():
                raise RuntimeError(str(message.error()))
            found.append(Read(message.key(), message.value(), message.timestamp()[1]))
        return found

    def everything(self) -> Iterator[Read]:
        """All that is there by now, and some of what comes meanwhile. Others may go on writing."""
        began_ms = int(time.time() * 1000)
        while found := self.more(1.0):
            yield from found
            if len(found) < READ_AT_ONCE and min(e.appended_ms for e in found) > began_ms:
                break

    def close(self) -> None:
        """Lets go of the connection."""
        self._consumer.close()


def partitions_of(consumer: Consumer, *topics: str) -> list[TopicPartition]:
    """Every partition of the topics."""
    return [
        TopicPartition(topic, number)
        for topic in topics
        for number in consumer.list_topics(topic, timeout=WITHIN_S).topics[topic].partitions
    ]


def end_of(consumer: Consumer, tp: TopicPartition) -> int:
    """A partition's end offset; waits for a leader, which a new topic has a moment later."""
    until = time.monotonic() + WITHIN_S
    while True:
        try:
            return int(consumer.get_watermark_offsets(tp, timeout=WITHIN_S)[1])
        except KafkaException:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


class Lag:
    """How far consumer groups are behind."""

    def __init__(self, bootstrap: str) -> None:
        self._admin = AdminClient({**QUIET, "bootstrap.servers": bootstrap})
        self._consumer = Consumer({**QUIET, "bootstrap.servers": bootstrap, "group.id": "lag"})

    def ends(self, *topics: str) -> dict[TopicPartition, int]:
        """The end offset of every partition of the topics."""
        tps = partitions_of(self._consumer, *topics)
        return {tp: end_of(self._consumer, tp) for tp in tps}

    def behind(self, group: str, ends: dict[TopicPartition, int]) -> int:
        """How many records before `ends` the group has not committed."""
        asked = ConsumerGroupTopicPartitions(group, list(ends))
        future = self._admin.list_consumer_group_offsets([asked])[group]
        commits = {tp: tp.offset for tp in future.result(WITHIN_S).topic_partitions}
        return sum(max(0, end - max(0, commits.get(tp, 0))) for tp, end in ends.items())

    def close(self) -> None:
        """Lets go of the connection."""
        self._consumer.close()
