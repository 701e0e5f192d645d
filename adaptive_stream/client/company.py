"""Which partitions are fetched together at a common beat, and which at once.

A fetch costs worker and broker as much as some ten records. Where each record is fetched as it
comes, a thousand a second fill both cores of a laptop with fetching, and then all of them wait.
Rule: while records come at many moments, those partitions that have nearly all of them wait for the
beat; a quiet partition beside a busy one does not. A heap of records that came in one moment is one
fetch however large it is, so it is moments that are counted: the milliseconds the broker stamped.
"""

from collections import Counter
from collections.abc import Iterable

BEAT_S = 0.010
HOP_S = 0.004  # A stage's beat comes so long after that of the stage before: its outputs are there.
MANY_PER_S = 600.0  # Moments: from here on six are within a beat.
QUIET_SHARE = 1 / 8  # The quietest partitions, with so much of all records, are fetched at once.
LOOK_S = 0.1  # What was counted for so long decides.

Place = tuple[str, int]


class Company:
    """`busy`: the partitions that wait for the beat, as of `since_s`; any clock that only goes on
    will do, if all processes of a machine share it. `hop`: how many stages are before this one."""

    def __init__(self, now_s: float, hop: int = 0) -> None:
        self._phase_s = hop * HOP_S
        self.busy: frozenset[Place] = frozenset()
        self._counts: Counter[Place] = Counter()
        self._moments = 0
        self.since_s = now_s

    def came(self, records: Iterable[tuple[Place, int]], moments: int, now_s: float) -> bool:
        """So many came of each, which had come at so many moments. -> whether any was of a busy
        partition"""
        some_busy = False
        for place, count in records:
            self._counts[place] += count
            some_busy = some_busy or place in self.busy
        self._moments += moments
        span_s = now_s - self.since_s
        if span_s >= LOOK_S:
            self.busy = self._found_busy(span_s)
            self._counts.clear()
            self._moments = 0
            self.since_s = now_s
        return some_busy

    def next_beat_s(self, now_s: float) -> float:
        """When the next one is."""
        return now_s + BEAT_S - (now_s - self._phase_s) % BEAT_S

    def _found_busy(self, span_s: float) -> frozenset[Place]:
        if self._moments < MANY_PER_S * span_s:
            return frozenset()
        at_once = self._counts.total() * QUIET_SHARE
        quiet = set()
        for place, count in sorted(self._counts.items(), key=lambda each: each[1]):
            at_once -= count
            if at_once < 0:
                break
            quiet.add(place)
        return frozenset(self._counts.keys() - quiet)
