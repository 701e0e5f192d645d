"""States as objects, beside the bytes that they were encoded to a moment ago.

Rule: a state is taken out and put back with its new bytes. It is given only to who has these very
bytes, so nothing ever has to be declared invalid: not after a fault, not with a partition.
Rule: when there is no room, a state is kept if its customer came lately. To let go of objects that
have left the processor's cache takes longer than to decode them, so whoever comes once is not kept.
"""

from adaptive_stream.engine.context import NOTHING
from adaptive_stream.engine.customer import Customer, decode_customer
from adaptive_stream.engine.view import View

WARM_BYTES = 64 << 20
OBJECTS = 12  # A state and its view take so many times the bytes that it is encoded to.


class Warm:
    """States that come again and again, as many as fit into `bytes_max` of memory."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._bytes = 0
        self._states: dict[bytes, tuple[bytes, Customer, View | None]] = {}  # By the row's key.
        self._lately: dict[bytes, None] = {}  # Keys of whoever came; as many as states.

    def take(self, key: bytes, value: bytes) -> tuple[Customer, View | None]:
        """The state of these bytes, and its view if that is at hand. They are the caller's now."""
        found = self._pop(key)
        if found is None or found[0] != value:
            return decode_customer(value), None
        self._lately[key] = None
        return found[1], found[2]

    def put(self, key: bytes, value: bytes, customer: Customer, view: View | None) -> None:
        """A state that nobody changes any more, as its bytes say it."""
        self._pop(key)
        if not self._came_lately(key) and self._bytes + OBJECTS * len(value) > self._bytes_max:
            return
        if view is not None:  # What it looked up in belongs to its batch.
            view.context, view.subjects = NOTHING, {}
        self._states[key] = value, customer, view
        self._bytes += OBJECTS * len(value)
        while self._bytes > self._bytes_max:
            self._pop(next(iter(self._states)))

    def _came_lately(self, key: bytes) -> bool:
        if key in self._lately:
            del self._lately[key]
            return True
        self._lately[key] = None
        if len(self._lately) > len(self._states):
            del self._lately[next(iter(self._lately))]
        return False

    def _pop(self, key: bytes) -> tuple[bytes, Customer, View | None] | None:
        found = self._states.pop(key, None)
        if found is not None:
            self._bytes -= OBJECTS * len(found[0])
        return found
