"""Who has to be woken, and when; the earliest first."""

from collections.abc import Iterator
from heapq import heappop, heappush


class Wakes:
    """Customer -> the earliest time that changes something (UTC ms)."""

    def __init__(self) -> None:
        self._at: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []  # with entries that hold no more, until they surface

    def set(self, customer: str, at_ms: int | None) -> None:
        """From now on this counts for her; None: nothing that time alone would change."""
        if at_ms is None:
            self._at.pop(customer, None)
        elif self._at.get(customer) != at_ms:
            self._at[customer] = at_ms
            heappush(self._heap, (at_ms, customer))

    def earliest(self) -> int | None:
        """When the next one is due."""
        while self._heap and self._at.get(self._heap[0][1]) != self._heap[0][0]:
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def due(self, now_ms: int) -> Iterator[str]:
        """Whoever is due, in the order of (due, customer), also who becomes so meanwhile; whose
        turn is over by then waits for the next time."""
        woken = (0, "")
        waiting: list[tuple[int, str]] = []
        while (at_ms := self.earliest()) is not None and at_ms <= now_ms:
            first = heappop(self._heap)
            del self._at[first[1]]
            if first > woken:
                woken = first
                yield first[1]
            else:
                waiting.append(first)
        for at_ms, customer in waiting:
            self.set(customer, at_ms)
