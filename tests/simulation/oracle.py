"""What must be so: the invariants 1 to 5 of the protocol, judged from the logs alone.

Rule 1: a Refold works through a log once, first copies only, one record at a time. It has the
stages' pure functions, and nothing of how the shell keeps state or tells repeats.
Rule 2: an Accepted is how anybody reads a changelog: what carries a smaller epoch than the highest
claim before it does not count.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from adaptive_stream.checkpoint.progress import CHECKPOINT, CLAIM, SOURCE, decode_mark
from adaptive_stream.engine.clock import Clock
from adaptive_stream.engine.journey import Rules
from adaptive_stream.stages.outcome import NOTHING_SAID, InForce, Row
from adaptive_stream.stages.records import Output
from tests.simulation.hops import Hop
from tests.simulation.log import Headers, Log, Stored, Unwritten
from tests.simulation.world import Broken


class Tp(NamedTuple):
    """A topic's partition."""

    topic: str
    partition: int


def header(headers: Headers, name: str) -> bytes | None:
    """The value of the first header of that name."""
    return next((value for each, value in headers if each == name), None)


class AllRules(dict[str, Rules]):
    """Whoever works through a log with time has all rules at hand."""

    def __missing__(self, id_: str) -> Rules:
        return Rules(id_)

    def __contains__(self, id_: object) -> bool:
        return True


ALL_RULES = AllRules()


class Refold:
    """A partition's log, worked through once. `outputs` holds all that come of it, in order."""

    def __init__(self, stage: Hop, log: Log) -> None:
        self.stage = stage
        self.clock = Clock()
        self.in_force = NOTHING_SAID
        self.library = ALL_RULES
        self.cursor = None
        self.sources: dict[str, Any] = {}  # Never filled: first copies are told by their `src`.
        self.bytes_max = 1 << 20
        self.owner = log.partition
        self.state: dict[bytes, Row] = {}
        self.outputs: list[Output] = []
        self.next_offset = 0
        self._log = log
        self._seen: set[bytes] = set()

    def rows(self, keys: list[bytes]) -> dict[bytes, Row]:
        """The rows that exist."""
        return {key: self.state[key] for key in keys if key in self.state}

    def due(self, until_ms: int, after: Any, count: int) -> list[Any]:  # noqa: ARG002
        """Nobody waits for anything here."""
        return []

    def to(self, next_offset: int) -> list[Output]:
        """Works on up to that offset; returns what newly came of it."""
        tp = Tp(self._log.topic, self._log.partition)
        before = len(self.outputs)
        while self.next_offset < next_offset:
            (record,), self.next_offset = self._log.read(self.next_offset, 1)
            src = header(record.headers, "src")
            if src is not None and src in self._seen:
                continue
            self._seen.add(src or b"")
            outcome = self.stage.work(tp, [record], self)
            self.outputs += outcome.outputs
            self.in_force = outcome.in_force
            for key, row in outcome.rows.items():
                if row.value is None:
                    self.state.pop(key, None)
                else:
                    self.state[key] = row
        return self.outputs[before:]


@dataclass
class Accepted:
    """What a changelog says. `token` is the epoch that a claim gives."""

    token: Callable[[Stored], int] = lambda claim: claim.offset
    epoch: int = -1
    position: int | None = None
    in_force: InForce = NOTHING_SAID
    rows: dict[bytes, bytes] = field(default_factory=dict)

    def take(self, batch: list[Stored]) -> bool:
        """True: a checkpoint ends here."""
        marked = False
        for record in batch:
            if record.key == CLAIM:
                self.epoch = max(self.epoch, self.token(record))
                continue
            epoch = int(header(record.headers, "e") or b"-1")
            if epoch < self.epoch:
                continue
            self.epoch = epoch
            if record.key == CHECKPOINT:
                mark = decode_mark(record.value or b"")
                self.position, self.in_force = mark.next_offset, mark.in_force
                marked = True
            elif record.key.startswith(SOURCE):
                continue
            elif record.value is None:
                self.rows.pop(record.key, None)
            else:
                self.rows[record.key] = record.value
        return marked


class Outputs:
    """All that was written to a partition, first copies first."""

    def __init__(self, log: Log, counts: bool) -> None:
        self.log = log
        self.firsts: dict[bytes, Unwritten] = {}
        self._counts = counts
        self._seq: Counter[bytes] = Counter()

    def take(self, batch: list[Stored]) -> None:
        """Equal ids have equal bytes, and a customer's numbers have no gap (invariant 5)."""
        for record in batch:
            content = Unwritten(record.key, record.value, record.headers)
            name = self.name_of(content)
            if not name:
                continue
            first = self.firsts.setdefault(name, content)
            if first != content:
                raise Broken(f"5: {name.decode()} is {first} and {content}")
            if first is content and self._counts:
                self._next(record.key, name)

    def name_of(self, record: Unwritten) -> bytes:
        """What tells a copy of it: its `src`, or its id; nothing of a channel's record."""
        return header(record.headers, "src") or header(record.headers, "ce_id") or b""

    def _next(self, key: bytes, name: bytes) -> None:
        seq = int(name.rpartition(b".")[2])
        if seq != self._seq[key] + 1:
            raise Broken(f"5: {name.decode()} comes after number {self._seq[key]}")
        self._seq[key] = seq
