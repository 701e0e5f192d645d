"""A partition's local store: what was written last may be lost, but only from the end."""

from collections.abc import Mapping
from random import Random

from adaptive_stream.stages.outcome import Row

Written = tuple[dict[bytes, Row], dict[bytes, bytes]]


class Disk:
    """A directory. A kill takes some of the write batches since the last flush."""

    def __init__(self) -> None:
        self.state: dict[bytes, Row] = {}
        self.meta: dict[bytes, bytes] = {}
        self._flushed: Written = ({}, {})
        self._unflushed: list[Written] = []

    def rows(self, keys: list[bytes]) -> dict[bytes, Row]:
        """The rows that exist."""
        return {key: self.state[key] for key in keys if key in self.state}

    def write(self, rows: Mapping[bytes, Row], meta: Mapping[bytes, bytes]) -> None:
        """One write batch."""
        self._unflushed.append((dict(rows), dict(meta)))
        self._apply(rows, meta)

    def _apply(self, rows: Mapping[bytes, Row], meta: Mapping[bytes, bytes]) -> None:
        for key, row in rows.items():
            if row.value is None:
                self.state.pop(key, None)
            else:
                self.state[key] = row
        self.meta.update(meta)

    def flush(self) -> None:
        """Nothing of what was written can be lost any more."""
        self._flushed = (dict(self.state), dict(self.meta))
        self._unflushed = []

    def wipe(self) -> None:
        """Forgets everything."""
        self.state, self.meta = {}, {}
        self.flush()

    def crash(self, random: Random) -> None:
        """Kill -9 of who had it open."""
        kept = self._unflushed[: random.randint(0, len(self._unflushed))]
        self.state, self.meta = dict(self._flushed[0]), dict(self._flushed[1])
        for rows, meta in kept:
            self._apply(rows, meta)
        self.flush()

    def copy(self) -> "Disk":
        """A backup of the directory."""
        other = Disk()
        other.state, other.meta = dict(self.state), dict(self.meta)
        other.flush()
        return other
