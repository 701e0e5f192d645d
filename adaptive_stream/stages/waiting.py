"""Whose timers are due but wait for a channel that lags: no visit at each tick until it has come
that far. Of ten thousand such customers each tick would take seconds, the ticks would pile up, and
the clock, which waits for them, would stand still.

Rule: only what a visit would not change is left out, so it does not matter to any output whether
this was remembered. It is of one partition, by one set of rules, as long as every record of it
passes here: who begins anywhere else than where the last batch ended begins with nothing.
"""

from typing import Any, NamedTuple

from adaptive_stream.engine.clock import Clock
from adaptive_stream.engine.journey import Rules

SEEN_MAX = 100_000  # Some 20 MB. Whoever is beyond is visited at each tick.


class _Seen(NamedTuple):
    idle_until_ms: int
    moments: tuple[int, ...]


class Waiting:
    """Those of a partition, by the rows' keys. `next_offset`: where the last batch ended."""

    def __init__(self, rules: Rules) -> None:
        self.next_offset: int | None = None
        self.rules = rules
        heeds = {rules.policy.cart_heeds, *(each.heeds for each in rules.journeys)}
        self._heeds = tuple(heeds)
        self._seen: dict[bytes, _Seen] = {}
        self._asked: tuple[Clock, tuple[int, ...]] = Clock(), ()

    def saw(self, key: bytes, idle_until_ms: int | None, clock: Clock) -> None:
        """A visit at this clock left her so (Stepped.idle_until_ms)."""
        if idle_until_ms is None:
            self._seen.pop(key, None)
        elif len(self._seen) < SEEN_MAX:
            self._seen[key] = _Seen(idle_until_ms, self._moments(clock))

    def is_idle(self, key: bytes, wake_ms: int, clock: Clock) -> bool:
        """Whether a visit would change nothing: no channel that she may wait for has reached
        `wake_ms` since the last one, and nothing else is due."""
        seen = self._seen.get(key)
        if seen is None or clock.now_ms >= seen.idle_until_ms:
            return False
        moments = self._moments(clock)
        if len(moments) != len(seen.moments):
            return False
        pairs = zip(seen.moments, moments, strict=True)
        return all(at_ms < wake_ms or at_ms == before_ms for before_ms, at_ms in pairs)

    def changed(self, key: bytes) -> None:
        """Her row is another."""
        self._seen.pop(key, None)

    def clear(self) -> None:
        """What is no customer's is otherwise: anybody may be concerned."""
        self._seen.clear()

    def _moments(self, clock: Clock) -> tuple[int, ...]:
        """Until when timers may fire, by what they heed; the last one heeds all that was told of.
        As long as none was, that one waits for nobody, and its moments are as all others."""
        if self._asked[0] is not clock:
            everything = (clock.channels,) if clock.channels else ()
            self._asked = clock, tuple(map(clock.at, (*self._heeds, *everything)))
        return self._asked[1]


def waiting_from(waiting: dict[Any, Waiting], tp: Any, first_offset: int, rules: Rules) -> Waiting:
    """That of a partition, for a batch that begins here; it counts as broken off until somebody
    says where the batch ended."""
    found = waiting.get(tp)
    if found is None or found.next_offset != first_offset or found.rules is not rules:
        found = waiting[tp] = Waiting(rules)
    found.next_offset = None
    return found
