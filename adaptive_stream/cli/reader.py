"""Reading a topic from the command line: no consumer group, nothing committed, nothing disturbed.

Every failure that a person can do something about ends as Refused with what to do.
"""

import difflib
import logging
import socket
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from types import TracebackType
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from kafka.partitioner.default import murmur2

from adaptive_stream.cli.exits import Exit, Refused

ANSWER_MS = 10_000  # Longer than any healthy cluster takes, shorter than a person's patience.
CONNECT_S = 3
POLL_MS = 200
NEW_TOPIC_S = 1.0
MAKES_TOPICS = "`adaptive-stream topics apply` makes it"

Offsets = Mapping[TopicPartition, int]


def unreachable(bootstrap: str, error: object) -> Refused:
    """What to tell a person whose cluster does not answer."""
    return Refused(
        f"no Kafka answers at {bootstrap} ({error})",
        "start one with `adaptive-stream up`, or name yours with --bootstrap HOST:PORT",
        Exit.NOT_FOUND,
    )


def prepare_client(bootstrap: str) -> None:
    """To be called before a client is made. Raises Refused when nobody listens at `bootstrap`.

    The client would try for as long as it may, log each attempt, and leave its sockets open.
    """
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    errors = [error for server in bootstrap.split(",") if (error := _connect_error(server))]
    if len(errors) == len(bootstrap.split(",")):
        raise unreachable(bootstrap, errors[0])


def _connect_error(server: str) -> object:
    """Why `HOST:PORT` takes no connection; None when it does."""
    host, _, port = server.strip().rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_S).close()
    except ValueError:
        return f"{server!r} is not HOST:PORT"
    except OSError as error:
        return error.strerror or error
    return None


class Reader:
    """A consumer that is on no one's way. Use it as a context manager."""

    def __init__(self, bootstrap: str) -> None:
        prepare_client(bootstrap)
        try:
            self.consumer = KafkaConsumer(
                bootstrap_servers=bootstrap,
                group_id=None,
                enable_auto_commit=False,
                bootstrap_timeout_ms=ANSWER_MS,
                fetch_max_wait_ms=100,
                max_poll_records=5_000,
                metrics_enabled=False,
            )
        except (KafkaError, OSError, ValueError) as error:
            raise unreachable(bootstrap, error) from error

    def __enter__(self) -> "Reader":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.consumer.close()

    @cached_property
    def topics(self) -> frozenset[str]:
        """What the cluster had when it was first asked: each question costs a tenth of a second."""
        return frozenset(self.consumer.topics())

    def partitions(self, *topics: str) -> list[TopicPartition]:
        """The partitions of topics that must exist."""
        found = []
        for topic in topics:
            if not self._exists(topic):
                near = difflib.get_close_matches(topic, sorted(self.topics), n=1)
                hint = f"did you mean {near[0]}?" if near else MAKES_TOPICS
                raise Refused(f"there is no topic {topic}", hint, Exit.NOT_FOUND)
            found += [TopicPartition(topic, number) for number in self._numbers(topic)]
        return found

    def _exists(self, topic: str) -> bool:
        """A topic that was made a moment ago may not be told of yet: a broker hears of it later
        than whoever made it."""
        until_s = time.monotonic() + NEW_TOPIC_S
        while topic not in self.topics:
            if time.monotonic() > until_s:
                return False
            del self.topics
        return True

    def _numbers(self, topic: str) -> list[int]:
        """The client forgets a topic when an answer about others comes in between, and says None:
        it is asked again."""
        until_s = time.monotonic() + ANSWER_MS / 1000
        while not (numbers := self.consumer.partitions_for_topic(topic)):
            if time.monotonic() > until_s:
                says = f"the cluster does not say which partitions {topic} has"
                raise Refused(says, "see whether its brokers are well", Exit.NOT_FOUND)
        return sorted(numbers)

    def beginning(self, partitions: Iterable[TopicPartition]) -> Offsets:
        """The first offset of each."""
        return dict(self.consumer.beginning_offsets(list(partitions)))

    def end(self, partitions: Iterable[TopicPartition]) -> Offsets:
        """The offset after the last of each."""
        return dict(self.consumer.end_offsets(list(partitions)))

    def at(self, partitions: Iterable[TopicPartition], at_ms: int) -> Offsets:
        """The first offset of each whose timestamp is not before `at_ms`; else its end."""
        partitions = list(partitions)
        found = self.consumer.offsets_for_times(dict.fromkeys(partitions, at_ms))
        ends = self.end(partitions)
        return {
            one: found[one].offset if found.get(one) is not None else ends[one]
            for one in partitions
        }

    def read(self, start: Offsets, end: Offsets | None) -> Iterator[list[Any]]:
        """Batches of records from `start` up to `end`, or for ever; each in order of time.

        An empty batch is a sign of life: nothing came for a while.
        """
        wanted = [one for one in start if end is None or start[one] < end[one]]
        self.consumer.assign(wanted)
        self.consumer.resume(*wanted)  # The client keeps a pause over a new assignment.
        for one in wanted:
            self.consumer.seek(one, start[one])
        while wanted:
            polled = self.consumer.poll(timeout_ms=POLL_MS)
            batch = [
                record
                for one, records in polled.items()
                for record in records
                if end is None or record.offset < end[one]
            ]
            yield sorted(batch, key=lambda record: record.timestamp)
            if end is not None:
                # By position, not by record: the last offsets may be compacted away.
                done = {one for one in wanted if self.consumer.position(one) >= end[one]}
                self.consumer.pause(*done)
                wanted = [one for one in wanted if one not in done]

    def read_all(self, *topics: str, keys: Iterable[bytes] | None = None) -> Iterator[Any]:
        """What the topics hold now; with `keys`, only these, and only from their partitions."""
        partitions = self.partitions(*topics)
        wanted = None if keys is None else frozenset(keys)
        if wanted is not None:
            counts = Counter(one.topic for one in partitions)
            homes = {(t, partition_of(key, counts[t])) for t in counts for key in wanted}
            partitions = [one for one in partitions if (one.topic, one.partition) in homes]
        for batch in self.read(self.beginning(partitions), self.end(partitions)):
            for record in batch:
                if wanted is None or record.key in wanted:
                    yield record


def partition_of(key: bytes, partitions: int) -> int:
    """Where Java's default partitioner, and so this project, puts a key."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)
