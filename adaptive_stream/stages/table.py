"""A partition in memory: what a stage needs to work on recorded facts, without a shell."""

from heapq import heappop, heappush

from adaptive_stream.engine.clock import Clock
from adaptive_stream.stages.outcome import (
    NEVER,
    NOTHING_SAID,
    Cursor,
    InForce,
    Outcome,
    Place,
    Row,
)

BYTES_MAX = 1 << 20


class Table:
    """A View. `accept` takes what a batch did, as a checkpoint would keep it."""

    def __init__(
        self,
        clock: Clock | None = None,
        in_force: InForce = NOTHING_SAID,
        owner: int = 0,
        bytes_max: int = BYTES_MAX,
    ) -> None:
        self.clock = clock or Clock()
        self.in_force = in_force
        self.cursor: Cursor | None = None
        self.sources: dict[str, Place] = {}
        self.bytes_max = bytes_max
        self.owner = owner
        self.stored: dict[bytes, Row] = {}
        self._wakes: list[tuple[int, bytes]] = []  # A heap; what is no wake any more may stay.

    def rows(self, keys: list[bytes]) -> dict[bytes, Row]:
        """The rows that exist, by key."""
        return {key: self.stored[key] for key in keys if key in self.stored}

    def due(self, until_ms: int, after: tuple[int, bytes], count: int) -> list[tuple[int, bytes]]:
        """(wake_ms, key) of the first rows that are due after that place, in order."""
        found: list[tuple[int, bytes]] = []
        while self._wakes and self._wakes[0][0] <= until_ms:
            wake_ms, key = heappop(self._wakes)
            row = self.stored.get(key)
            if row is not None and row.wake_ms == wake_ms and (wake_ms, key) not in found[-1:]:
                found.append((wake_ms, key))
        for place in found:
            heappush(self._wakes, place)
        return [place for place in found if place > after][:count]

    def following(self, after: bytes, count: int) -> list[bytes]:
        """The keys of the first rows behind `after`, in order."""
        return sorted(key for key in self.stored if key > after)[:count]

    def accept(self, outcome: Outcome) -> None:
        """What a checkpoint would keep."""
        self.clock, self.cursor = outcome.clock, outcome.cursor
        self.in_force = outcome.in_force
        self.sources.update(outcome.sources)
        for key, row in outcome.rows.items():
            if row.value is None:
                self.stored.pop(key, None)
                continue
            self.stored[key] = row
            if row.wake_ms != NEVER:
                heappush(self._wakes, (row.wake_ms, key))
