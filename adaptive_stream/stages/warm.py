"""States as objects, found by the bytes that they were encoded to a moment ago.

Rule: a state is taken out and put back under its new bytes. What is found is what these bytes say,
so nothing ever has to be declared invalid: not after a fault, not with a partition.
"""

from adaptive_stream.engine.context import NOTHING
from adaptive_stream.engine.customer import Customer, decode_customer
from adaptive_stream.engine.view import View

WARM_BYTES = 64 << 20
OBJECTS = 12  # A state and its view take so many times the bytes that it is encoded to.


class Warm:
    """The states that came last, as many as fit into `bytes_max` of memory."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._bytes = 0
        self._states: dict[bytes, tuple[Customer, View | None]] = {}

    def take(self, value: bytes) -> tuple[Customer, View | None]:
        """The state of these bytes, and its view if that is at hand. They are the caller's now."""
        found = self._states.pop(value, None)
        if found is None:
            return decode_customer(value), None
        self._bytes -= OBJECTS * len(value)
        return found

    def put(self, value: bytes, customer: Customer, view: View | None) -> None:
        """A state that nobody changes any more, as its bytes say it."""
        if view is not None:  # What it looked up in belongs to its batch.
            view.context, view.subjects = NOTHING, {}
        if value not in self._states:
            self._bytes += OBJECTS * len(value)
        self._states[value] = customer, view
        while self._bytes > self._bytes_max:
            oldest = next(iter(self._states))
            self._bytes -= OBJECTS * len(oldest)
            del self._states[oldest]
