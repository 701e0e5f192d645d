"""A fake of Kafka's logs: appended to in whole batches, cleaned as a compacted topic is."""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import NamedTuple

Headers = tuple[tuple[str, bytes], ...]


class Stored(NamedTuple):
    """A record as a consumer gets it; `timestamp` is the broker's, in ms."""

    offset: int
    key: bytes
    value: bytes | None
    headers: Headers
    timestamp: int


class Unwritten(NamedTuple):
    """A record as a producer gives it."""

    key: bytes
    value: bytes | None
    headers: Headers = ()


class Log:
    """One partition. `watch` is called with each batch that was appended."""

    def __init__(self, topic: str, partition: int) -> None:
        self.topic = topic
        self.partition = partition
        self.end = 0
        self.records: list[Stored] = []
        self.watch: Callable[[list[Stored]], None] = lambda _: None
        self._waiting: list[Callable[[], None]] = []

    def append(self, batch: Iterable[Unwritten], now_ms: int) -> int:
        """Appends all of it at once; returns the offset of the first."""
        base = self.end
        added = [Stored(base + n, *record, now_ms) for n, record in enumerate(batch)]
        self.records += added
        self.end += len(added)
        self.watch(added)
        waiting, self._waiting = self._waiting, []
        for wake in waiting:
            wake()
        return base

    def read(self, offset: int, count: int) -> tuple[list[Stored], int]:
        """The next records that are still there, and where to go on."""
        at = bisect_left(self.records, offset, key=attrgetter("offset"))
        found = self.records[at : at + count]
        if at + count < len(self.records):
            return found, found[-1].offset + 1
        return found, max(self.end, offset)

    def when_beyond(self, offset: int, wake: Callable[[], None]) -> None:
        """Calls `wake` once there is something at or after this offset."""
        if self.end > offset:
            wake()
        else:
            self._waiting.append(wake)

    def clean(self, before_ms: int) -> None:
        """What the cleaner does to records older than this: the last of each key stays."""
        old = [record for record in self.records if record.timestamp < before_ms]
        last = {record.key: record.offset for record in old}
        kept = [record for record in old if last[record.key] == record.offset]
        self.records = kept + self.records[len(old) :]
