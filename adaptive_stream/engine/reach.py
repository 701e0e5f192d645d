"""Where a customer can be reached, and where she may be.

Rule 1: a channel is told its own endpoints and no other personal data.
Rule 2: for marketing no consent is a no, and so is her own word that a channel is not to be used.
"""

from hashlib import blake2b

from adaptive_stream.engine.customer import Customer
from adaptive_stream.engine.journey import Policy
from adaptive_stream.engine.parts.consent import ADDRESS_TYPES, ANY_ENDPOINT, status_of, statuses
from adaptive_stream.engine.parts.contacts import contacts
from adaptive_stream.engine.view import View

MARK_BYTES = 8
BY_CONSENT = "marketing"  # Of the other purposes she is told whether or not she asked for it.


Recipients = tuple[tuple[str, str], ...]


class Reach:
    """One customer as of one judging: each channel is looked up once, and most never."""

    def __init__(self, customer: Customer, view: View, policy: Policy) -> None:
        self._customer = customer
        self._identifiers = view.identifiers
        self._policy = policy
        self._endpoints: dict[str, list[tuple[str, str]]] | None = None
        self._on: dict[str, Recipients] = {}
        self._marks: dict[str, bytes] = {}
        self._closed: set[tuple[str, str, str]] = set()

    def _by_type(self) -> dict[str, list[tuple[str, str]]]:
        """(type, value) by type: her identifiers, then her contacts."""
        found: dict[str, list[tuple[str, str]]] = {}
        for text in dict.fromkeys((*self._identifiers, *contacts(self._customer))):
            kind, _, value = text.partition(":")
            found.setdefault(kind, []).append((kind, value))
        return found

    def recipients(self, channel: str, *more: str) -> Recipients:
        """((type, value), …): the channel's own endpoints of this customer, in the channel's order
        of preference, and those of `more` types. Who is told hashes of addresses only is given the
        addresses here."""
        if more:
            return self._of_types(channel, more)
        if channel not in self._on:
            self._on[channel] = self._of_types(channel)
        return self._on[channel]

    def _of_types(self, channel: str, more: tuple[str, ...] = ()) -> Recipients:
        types = [*dict.fromkeys((*self._policy.endpoints.get(channel, ()), *more))]
        if "email_sha256" in types:
            types.append("email")
        if self._endpoints is None:
            self._endpoints = self._by_type()
        endpoints = self._endpoints
        return tuple([pair for type_ in types if type_ in endpoints for pair in endpoints[type_]])

    def mark(self, channel: str) -> bytes:
        """What tells these recipients from any others; b"" for none. A state keeps it of each word
        that was said: fifty cookies beside every stop would be most of it."""
        if channel not in self._marks:
            text = "\n".join(f"{kind}:{value}" for kind, value in self.recipients(channel))
            mark = blake2b(text.encode(), digest_size=MARK_BYTES).digest() if text else b""
            self._marks[channel] = mark
        return self._marks[channel]

    def channels(self) -> list[str]:
        """Every channel on which something could reach her, in order."""
        return [channel for channel in sorted(self._policy.endpoints) if self.recipients(channel)]

    def addresses(self, channel: str) -> list[str]:
        """What the law calls her addresses on a channel, "type:value"."""
        types = ADDRESS_TYPES.get(channel, ())
        return [f"{kind}:{value}" for kind, value in self.recipients(channel) if kind in types]

    def close(self, channel: str, purpose: str, address: str) -> None:
        """A standing rule stops what is of this purpose there; `address` may be ANY_ENDPOINT."""
        self._closed.add((channel, purpose, address))

    def is_closed(self, channel: str, purpose: str) -> bool:
        """Whether the channel was told to send her nothing of this purpose."""
        hers = self.addresses(channel) if self._closed else []
        shut = [each for each in hers if (channel, purpose, each) in self._closed]
        return (channel, purpose, ANY_ENDPOINT) in self._closed or (bool(hers) and shut == hers)

    def first(self, channels: tuple[str, ...], purpose: str, view: View) -> str:
        """The first of these on which she can and may be told something of this purpose, or ""."""
        return next((c for c in channels if self._open(c, purpose, view)), "")

    def _open(self, channel: str, purpose: str, view: View) -> bool:
        hers = self.addresses(channel) or [f"{k}:{v}" for k, v in self.recipients(channel)]
        if not hers or view.refuses(channel) or (channel, purpose, ANY_ENDPOINT) in self._closed:
            return False
        hers = [each for each in hers if (channel, purpose, each) not in self._closed]
        if purpose != BY_CONSENT:
            return bool(hers)
        return status_of(statuses(view.consent, channel, purpose), hers) == "given"
