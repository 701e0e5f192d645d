"""What the checkpoint generators ask for, and what they are given.

Rule: an effect is a value. Whoever performs it, the shell against Kafka and RocksDB or a simulator
against fakes of both, sends its result back; each class says which.
"""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, Protocol

from adaptive_stream.engine.clock import Clock
from adaptive_stream.stages.outcome import InForce, Row


class Entry(NamedTuple):
    """One record of a changelog. `wake_ms` is a header of it, so that recovery decodes no state."""

    key: bytes
    value: bytes | None
    wake_ms: int = 0


class Logged(NamedTuple):
    """An Entry as it was read. `epoch` is None on a claim."""

    offset: int
    epoch: int | None
    entry: Entry


class Chunk(NamedTuple):
    """Some of a changelog. `next_offset` may be beyond the last record: compaction leaves gaps."""

    records: list[Logged]
    next_offset: int


class Input(NamedTuple):
    """An input partition: what its group committed (None: nothing), where it begins and ends."""

    committed: int | None
    start: int
    end: int


class Span(NamedTuple):
    """Offsets of one record batch: its first, and the one after its last."""

    first: int
    after: int


class Views(NamedTuple):
    """What stands in a partition of views from some offset to its end: (offset, key)."""

    keys: list[tuple[int, bytes]]
    next_offset: int


class ReadInput(NamedTuple):
    """-> Input."""


class ReadEnd(NamedTuple):
    """-> the offset at which the input partition ends now."""


class ReadStore(NamedTuple):
    """-> meta of the local store, {} when it is new."""


class WipeStore(NamedTuple):
    """-> None. The local store is not of this changelog."""


class ReadRows(NamedTuple):
    """-> dict of the rows that exist, by key, as of the last WriteStore."""

    keys: list[bytes]


class ReadClock(NamedTuple):
    """-> seconds, from any beginning; it never goes back and does not stop with the process."""


class Append(NamedTuple):
    """-> the offset of the first entry. All entries in one record batch, each with the epoch."""

    entries: list[Entry]
    epoch: int | None


class ReadLog(NamedTuple):
    """-> Chunk from this offset on, never empty-handed before the end of the log."""

    offset: int


class WriteStore(NamedTuple):
    """-> None. One write batch."""

    rows: Mapping[bytes, Row]
    meta: Mapping[bytes, bytes]


class AwaitOutputs(NamedTuple):
    """-> Spans of our batches in the partition of views that were acknowledged and not yet told,
    once all of these outputs are acknowledged."""

    outputs: Mapping[Any, int]


class ReadViews(NamedTuple):
    """-> Views from this offset on to the end; None: from the end on."""

    offset: int | None


class LoadRules(NamedTuple):
    """-> None, once the rules that the partition goes by are at hand."""

    in_force: InForce


class PutViews(NamedTuple):
    """-> None, once the views of these rows, as last accepted, are written and acknowledged. A row
    that does not exist has a tombstone for its view. `clock`, `in_force`: as of the last
    checkpoint."""

    keys: Collection[bytes]
    clock: Clock
    in_force: InForce


class Commit(NamedTuple):
    """-> None. Offsets below this one need not be read again."""

    offset: int


Effect = (
    ReadInput | ReadEnd | ReadStore | WipeStore | ReadRows | ReadClock | Append | ReadLog
    | WriteStore | AwaitOutputs | ReadViews | LoadRules | PutViews
    | Commit
)  # fmt: skip


class Performer(Protocol):
    """Whoever performs effects."""

    async def perform(self, effect: Effect) -> Any:
        """Its result, as the effect's class says."""
