"""The rules that partitions go by, and how a record takes one over to others."""

from collections.abc import Mapping
from types import MappingProxyType

from adaptive_stream.engine.journey import Rules
from adaptive_stream.engine.message import Arrival
from adaptive_stream.engine.switch import decode_switch
from adaptive_stream.stages.outcome import InForce, Outcome

Library = Mapping[str, Rules]  # by id
EMPTY: Library = MappingProxyType({})


class GoingBy:
    """`first`: the rules of a partition that was told of none. `library`: those that it may be told
    of; it grows while the process lives."""

    def __init__(self, first: Rules, library: Library) -> None:
        self._first = first
        self._library = library

    def rules(self, in_force: InForce) -> Rules:
        """Those that are in force. Raises KeyError for what is not in the library."""
        return self._library[in_force.id] if in_force.id else self._first

    def take(self, arrival: Arrival, outcome: Outcome, swept: str | None = None) -> bool:
        """A `rules` record. False: what it names must be loaded before anything else is worked on.
        Who tells late, or again, tells nothing new."""
        switch = decode_switch(arrival.body)
        if switch.rev > outcome.in_force.rev:
            if switch.id not in self._library:
                outcome.unknown = switch.id
                return False
            outcome.in_force = InForce(switch.id, switch.rev, swept)
        return True
