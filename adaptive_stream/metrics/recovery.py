"""How far a takeover has come, for whoever waits while states are rebuilt from their changelogs.

Times are seconds of any clock that does not go back. Counts are of offsets: compaction has left
gaps, so there may be fewer records.
"""

from collections.abc import Mapping

Place = tuple[str, int]  # topic, partition
SAY_EVERY_S = 5.0


class Recovery:
    """Of one assignment. `ways`: by partition, the offset at which its store stands, and the one
    at which its changelog ends."""

    def __init__(self, ways: Mapping[Place, tuple[int, int]], now_s: float) -> None:
        self._left = {tp: max(0, end - begin) for tp, (begin, end) in ways.items()}
        self._anew = sum(begin == 0 < end for begin, end in ways.values())
        self._all = self.left
        self._began_s = self._said_s = now_s

    @property
    def left(self) -> int:
        """What is still to be read, of all partitions together."""
        return sum(self._left.values())

    def plan(self) -> str:
        """A line where stores are empty and changelogs are not: it may take a while. "" if none."""
        if not self._anew:
            return ""
        return f"rebuilds {self._anew} partitions from their changelogs: {self._all:,} records"

    def read(self, tp: Place, left: int, now_s: float) -> str:
        """So many are left of a partition. A line every SAY_EVERY_S, "" in between."""
        self._left[tp] = left
        if now_s - self._said_s < SAY_EVERY_S:
            return ""
        self._said_s = now_s
        per_s = (self._all - self.left) / (now_s - self._began_s)
        if per_s <= 0:
            return f"recovery: {self.left:,} records left, none read yet"
        return (
            f"recovery: {self.left:,} records left of {self._all:,}, {per_s:,.0f} a second, "
            f"{self.left / per_s:,.0f} s to go"
        )
