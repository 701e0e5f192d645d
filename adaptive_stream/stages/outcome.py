"""What a stage makes of a batch, before anything of it is sent or kept."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import msgspec

from adaptive_stream.engine.clock import Clock
from adaptive_stream.stages.records import Origin, Output

NEVER = 0  # The wake_ms of a row that waits for nothing.
ROW_OVERHEAD_BYTES = 48
Place = tuple[int, int]  # (offset, idx) of a record within the partition that it was made from
Cursor = tuple[int, int, str]  # wake_ms, idx of the next output, customer: how far a tick has come


class Row(NamedTuple):
    """A state as stored: `wake_ms` is when it must be looked at, `value` None deletes it."""

    wake_ms: int
    value: bytes | None


Rows = Callable[[list[bytes]], Mapping[bytes, Row]]  # keys -> the rows that exist


class InForce(msgspec.Struct, frozen=True, omit_defaults=True):
    """The rules that a partition goes by: their id, and the `rev` of the record that said so (-1:
    none did). `swept`: everybody up to this key was judged by them when they came into force; None
    when all were."""

    id: str = ""
    rev: int = -1
    swept: str | None = None


NOTHING_SAID = InForce()


class View(Protocol):
    """What a stage may ask of its partition; nothing of it changes while a batch is worked on."""

    clock: Clock
    in_force: InForce
    cursor: Cursor | None
    sources: dict[str, Place]
    bytes_max: int  # of the states that one batch may touch

    @property
    def owner(self) -> int:
        """The partition's number."""

    def rows(self, keys: list[bytes]) -> dict[bytes, Row]:
        """The rows that exist, by key."""

    def due(self, until_ms: int, after: tuple[int, bytes], count: int) -> list[tuple[int, bytes]]:
        """(wake_ms, key) of the first rows that are due after that place, in order."""

    def following(self, after: bytes, count: int) -> list[bytes]:
        """The keys of the first rows behind `after`, in order."""


@dataclass
class Outcome:
    """`next_offset` is the first offset that was not worked on, or not to its end. `suppressed`:
    the log time of what made each suppression, in ms. `unknown`: the id of rules that come next,
    and must be loaded before anything else is worked on."""

    clock: Clock
    next_offset: int
    in_force: InForce = NOTHING_SAID
    cursor: Cursor | None = None
    outputs: list[Output] = field(default_factory=list)
    rows: dict[bytes, Row] = field(default_factory=dict)
    sources: dict[str, Place] = field(default_factory=dict)
    counts: dict[tuple[str, ...], int] = field(default_factory=dict)
    records: int = 0
    suppressed: list[int] = field(default_factory=list)
    unknown: str = ""

    def count(self, *labels: str) -> None:
        """Counts something for the metrics."""
        self.counts[labels] = self.counts.get(labels, 0) + 1

    def is_repeat(self, origin: Origin, view: View) -> bool:
        """Whether this partition took the record before; if not, notes that it has now."""
        last = self.sources.get(origin.source) or view.sources.get(origin.source)
        if last is not None and origin.place <= last:
            return True
        self.sources[origin.source] = origin.place
        return False

    @property
    def bytes(self) -> int:
        """What the rows take in a changelog batch, roughly."""
        return sum(
            len(key) + len(row.value or b"") + ROW_OVERHEAD_BYTES for key, row in self.rows.items()
        )

    @property
    def output_bytes(self) -> int:
        """What the outputs take until they are acknowledged, roughly."""
        return sum(len(output.value or b"") + ROW_OVERHEAD_BYTES for output in self.outputs)


class EngineFault(Exception):
    """The engine raised on the record at `offset`: a bug, and not the record's fault."""

    def __init__(self, offset: int, error: Exception) -> None:
        super().__init__(f"{type(error).__name__} at offset {offset}")
        self.offset = offset
        self.error = error


class Stage(Protocol):
    """One of the three. `topics` and `changelog` are the cluster's names."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def topics(self) -> tuple[str, ...]:
        """What it reads."""

    @property
    def changelog(self) -> str | None:
        """Where its state goes, None for a stage without state."""

    @property
    def views(self) -> str | None:
        """The compacted topic that shows each row as it is, None if there is none."""

    def tell(
        self, partition: int, keys: Iterable[bytes], rows: Rows, clock: Clock, in_force: InForce
    ) -> list[Output]:
        """The records of `views` for the rows of these keys; a tombstone for one without a row."""

    def work(self, tp: Any, records: list[Any], view: View) -> Outcome:
        """Works on records in order, perhaps not on all. A pure function of its arguments: the
        same again after a fault, on fewer records. Raises EngineFault."""

    def dead_letter(self, tp: Any, record: Any, fault: EngineFault) -> Output:
        """What is written in the place of a record on which the engine raised."""
