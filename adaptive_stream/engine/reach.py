"""Where a customer is reached on a channel: the channel's own endpoints of hers."""

from functools import cached_property
from hashlib import blake2b

from adaptive_stream.engine.customer import Customer
from adaptive_stream.engine.journey import Policy
from adaptive_stream.engine.parts.contacts import contacts

MARK_BYTES = 8

Recipients = tuple[tuple[str, str], ...]


class Reach:
    """One customer as of one judging: each channel is looked up once, and most never."""

    def __init__(self, customer: Customer, policy: Policy) -> None:
        self._customer, self._policy = customer, policy
        self._on: dict[str, Recipients] = {}
        self._marks: dict[str, bytes] = {}

    @cached_property
    def _endpoints(self) -> list[tuple[str, str, str]]:
        """By her identifiers, then her contacts."""
        reached = dict.fromkeys((*self._customer.identifiers(), *contacts(self._customer)))
        return [text.partition(":") for text in reached]

    def on(self, channel: str) -> Recipients:
        """((type, value), …) in the channel's order of preference."""
        if channel not in self._on:
            types = self._policy.endpoints.get(channel, ())
            self._on[channel] = tuple(
                (kind, value)
                for type_ in types
                for kind, _, value in self._endpoints
                if kind == type_
            )
        return self._on[channel]

    def mark(self, channel: str) -> bytes:
        """What tells these recipients from any others; b"" for none. A state keeps it of each word
        that was said: fifty cookies beside every stop would be most of it."""
        if channel not in self._marks:
            text = "\n".join(f"{kind}:{value}" for kind, value in self.on(channel))
            mark = blake2b(text.encode(), digest_size=MARK_BYTES).digest() if text else b""
            self._marks[channel] = mark
        return self._marks[channel]
