"""What those who announce ask of Kafka: the shell hands it to them."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from aiokafka import TopicPartition

Ends = Mapping[TopicPartition, int]


class Box(Protocol):
    """One partition to write to, in order. `base_offset` and `appended_ms` are the broker's word on
    the batch that it acknowledged last."""

    topic: str
    base_offset: int
    appended_ms: int

    def put(self, key: bytes | None, value: bytes | None, headers: Iterable[Any]) -> int:
        """Queues a record; returns what `reached` must be given to wait for it."""

    async def reached(self, count: int) -> None:
        """Returns when the first `count` records are acknowledged."""


class Boxes(Protocol):
    """Every partition that can be written to."""

    def box(self, topic: str, partition: int) -> Box:
        """That of a partition."""

    def partitions(self, topic: str) -> int:
        """How many partitions a topic has."""

    async def acknowledged(self, reach: Mapping[Any, int]) -> None:
        """Returns when all of them are."""


class Offsets(Protocol):
    """Where topics end, and how far groups have come."""

    async def start(self) -> None:
        """Must come first."""

    async def stop(self) -> None:
        """Must come last."""

    async def ends(self, tps: Iterable[TopicPartition]) -> Ends:
        """The offset after the last record of each."""

    async def committed(self, group: str) -> Ends:
        """What a group has committed."""
