"""Which partitions are fetched together at a common beat, and which at once.

A fetch costs worker and broker as much as some ten records. Where each record is fetched as it
comes, a thousand a second fill both cores of a laptop with fetching, and then all of them wait.
Rule 1: while records come at many moments, those partitions that have nearly all of them wait for
the beat; a quiet partition beside a busy one does not. A heap of records that came in one moment is
one fetch however large it is, so it is moments that are counted: the milliseconds the broker
stamped.
Rule 2: a machine without a core to spare cannot afford as many fetches. Where our thread has to
wait for one, fewer moments are many; where that does not help, every second beat is left out.
"""

from collections import Counter
from collections.abc import Callable, Iterable

BEAT_S = 0.010
HOP_S = 0.004  # A stage's beat comes so long after that of the stage before: its outputs are there.
MANY_PER_S = 600.0  # Moments: from here on six are within a beat.
MANY_WHEN_SHORT_PER_S = 150.0  # From here on at least one and a half are.
QUIET_SHARE = 1 / 8  # The quietest partitions, with so much of all records, are fetched at once.
# What was counted for so long decides: until enough moments have come to tell the quiet partitions.
LOOK_S, LOOK_LONGEST_S = 0.1, 0.5
LOOK_MOMENTS = MANY_PER_S * LOOK_S
# Of its time our thread waited for a core. On two cores with 1.8 of them in use it is 0.4, with 1.6
# of them 0.2 to 0.25; beats are worth about that difference, and must not end because they helped.
SHORT, SPARE = 0.30, 0.15

Place = tuple[str, int]


class Company:
    """`busy`: the partitions that wait for the beat, as of `since_s`; any clock that only goes on
    will do, if all processes of a machine share it. `hop`: how many stages are before this one.
    `waited_s`: for how long our thread has waited for a core by now."""

    def __init__(
        self, now_s: float, hop: int = 0, waited_s: Callable[[], float] = lambda: 0.0
    ) -> None:
        self._phase_s = hop * HOP_S
        self._waited_s = waited_s
        self._short = 0  # Of cores: 1, and 2 if the beat did not help.
        self._short_since = (now_s, waited_s())
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
        enough = LOOK_S if self._moments >= LOOK_MOMENTS else LOOK_LONGEST_S
        if span_s >= enough:
            self._look_at_cores(now_s)
            self.busy = self._found_busy(span_s)
            self._counts.clear()
            self._moments = 0
            self.since_s = now_s
        return some_busy

    @property
    def beat_s(self) -> float:
        """How far the beats are apart."""
        return BEAT_S * max(1, self._short)

    def next_beat_s(self, now_s: float) -> float:
        """When the next one is. Beats that are further apart carry more, which takes longer."""
        beat_s, phase_s = self.beat_s, self._phase_s * max(1, self._short)
        return now_s + beat_s - (now_s - phase_s) % beat_s

    def _look_at_cores(self, now_s: float) -> None:
        then_s, waited_then_s = self._short_since
        if now_s - then_s < LOOK_LONGEST_S:
            return
        waited_s = self._waited_s()
        share = (waited_s - waited_then_s) / (now_s - then_s)
        if share > SHORT:
            self._short = min(self._short + 1, 2)
        elif share < SPARE:
            self._short = max(self._short - 1, 0)
        self._short_since = now_s, waited_s

    def _found_busy(self, span_s: float) -> frozenset[Place]:
        many_per_s = MANY_WHEN_SHORT_PER_S if self._short else MANY_PER_S
        if self._moments < many_per_s * span_s:
            return frozenset()
        at_once = self._counts.total() * QUIET_SHARE
        quiet = set()
        for place, count in sorted(self._counts.items(), key=lambda each: each[1]):
            at_once -= count
            if at_once < 0:
                break
            quiet.add(place)
        return frozenset(self._counts.keys() - quiet)
