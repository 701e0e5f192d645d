"""Rows as they are stored, of keys that were asked for lately: a state changes many times a minute.

RocksDB finds a key in its write buffer by a walk through memory that no cache of the processor
holds, some microseconds each; here it is one look. What is written without having been asked for,
as by a takeover, is not kept.
"""

from collections.abc import Iterable

from adaptive_stream.stages.outcome import NEVER, Row

ABSENT = Row(NEVER, None)
OBJECTS_BYTES = 300  # What Python takes for a key and a row beside their bytes.


class Room:
    """How many bytes all stores of a process may keep of rows; they share it evenly."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        self.stores = 0


class Recent:
    """Those of one store. `rows`: by key, ABSENT for one that is not stored; only to be read."""

    def __init__(self, room: Room) -> None:
        self.rows: dict[bytes, Row] = {}
        self._room = room
        self._bytes = 0
        room.stores += 1

    def keep(self, key: bytes, row: Row) -> None:
        """It is stored so. The oldest give way."""
        before = self.rows.pop(key, None)
        self.rows[key] = row
        self._bytes += _bytes(key, row) - (0 if before is None else _bytes(key, before))
        while self._bytes > self._room.bytes_max // self._room.stores:
            oldest = next(iter(self.rows))
            self._bytes -= _bytes(oldest, self.rows.pop(oldest))

    def written(self, rows: Iterable[tuple[bytes, Row]]) -> None:
        """Of these, those that are here are stored anew."""
        for key, row in rows:
            if key in self.rows:
                self.keep(key, ABSENT if row.value is None else row)

    def clear(self) -> None:
        """Nothing is known."""
        self.rows.clear()
        self._bytes = 0

    def leave(self) -> None:
        """Gives its share to the others. Not usable afterwards."""
        self.clear()
        self._room.stores -= 1


def _bytes(key: bytes, row: Row) -> int:
    return OBJECTS_BYTES + len(key) + len(row.value or b"")
