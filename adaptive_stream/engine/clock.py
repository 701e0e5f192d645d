"""The time that a partition may rely on, as told by the ticks in its own log.

Rule 1: no wall clock. `now_ms` is the newest tick; `known` says, per channel, until when all that
Kafka had acknowledged is in front of that tick (PROTOCOL (c)).
Rule 2: ticks from two coordinators are both true: the maximum wins, so a clock never goes back.
"""

from functools import cached_property

import msgspec

HOLD_AT_MOST_MS = 3_600_000  # A channel that is dead for an hour no longer stops anybody's timers.


class Clock(msgspec.Struct, frozen=True, omit_defaults=True, dict=True):
    """`now_ms` and `known` (channel -> ms), UTC; 0 and absent before the first tick."""

    now_ms: int = 0
    known: dict[str, int] = {}

    def at(self, heeds: frozenset[str]) -> int:
        """The moment until which timers that heed these channels may fire, in ms."""
        at_ms = self._moments.get(heeds)
        if at_ms is None:
            known_ms = min((self.known.get(channel, 0) for channel in heeds), default=self.now_ms)
            at_ms = max(min(self.now_ms, known_ms), self.now_ms - HOLD_AT_MOST_MS)
            self._moments[heeds] = at_ms
        return at_ms

    @cached_property
    def channels(self) -> frozenset[str]:
        """Every channel that a tick has told of."""
        return frozenset(self.known)

    @cached_property
    def _moments(self) -> dict[frozenset[str], int]:
        """What `at` was asked: it stands still between two ticks."""
        return {}

    def ticked(self, tick: "Clock") -> "Clock":
        """This clock after one more tick."""
        known = dict(self.known)
        for channel, known_ms in tick.known.items():
            known[channel] = max(known_ms, known.get(channel, 0))
        return Clock(now_ms=max(self.now_ms, tick.now_ms), known=known)


encode_clock = msgspec.json.Encoder().encode  # the body of a tick: {"now_ms":…, "known":{…}}
decode_clock = msgspec.json.Decoder(Clock).decode
