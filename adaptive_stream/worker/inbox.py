"""What was fetched and waits to be worked on: bounded in bytes, taken in batches."""

from collections import deque
from typing import Any

from faust.types import TP

RECORD_OVERHEAD_BYTES = 200  # What a record costs in memory beyond its key and value.


class Inbox:
    """What was fetched of one partition and not yet taken, in order."""

    def __init__(self, tp: TP, bytes_max: int) -> None:
        self.tp = tp
        self.ready = True  # False while the partition cannot take more work.
        self.paused = False
        self.bytes = 0
        self.bytes_max = bytes_max
        self._records: deque[Any] = deque()

    def __len__(self) -> int:
        return len(self._records)

    @property
    def first_ms(self) -> int | None:
        """The timestamp of the next record, None if there is none."""
        return self._records[0].timestamp if self._records else None

    def put(self, records: list[Any]) -> None:
        """Adds what was fetched."""
        self._records.extend(records)
        self.bytes += sum(map(_size, records))

    def take(self, records_max: int, bytes_max: int) -> list[Any]:
        """The next records, at least one if there is any."""
        taken: list[Any] = []
        size = 0
        while self._records and len(taken) < records_max:
            record_size = _size(self._records[0])
            if taken and size + record_size > bytes_max:
                break
            taken.append(self._records.popleft())
            size += record_size
        self.bytes -= size
        return taken

    def put_back(self, records: list[Any]) -> None:
        """Returns the last of what was taken, in order."""
        self._records.extendleft(reversed(records))
        self.bytes += sum(map(_size, records))


class Inboxes(dict[TP, Inbox]):
    """Those of one assignment. `offered`: the agent was told of work, and has not looked yet."""

    offered = False

    def have_work(self) -> bool:
        """Whether a batch can be taken from any of them."""
        return any(inbox.ready and len(inbox) for inbox in self.values())


def _size(record: Any) -> int:
    return RECORD_OVERHEAD_BYTES + len(record.value or b"") + len(record.key or b"")
