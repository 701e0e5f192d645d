"""Where a customer can be reached, and where she may be.

Rule 1: a channel is told its own endpoints and no other personal data.
Rule 2: for marketing no consent is a no, and so is her own word that a channel is not to be used.
"""

from functools import cached_property

from adaptive_stream.engine.customer import Customer
from adaptive_stream.engine.journey import Policy
from adaptive_stream.engine.parts.consent import ANY_ENDPOINT
from adaptive_stream.engine.parts.contacts import contacts
from adaptive_stream.engine.view import View

BY_CONSENT = "marketing"  # Of the other purposes she is told whether or not she asked for it.


class Reach:
    """The endpoints of one customer."""

    def __init__(self, customer: Customer, policy: Policy) -> None:
        self._customer = customer
        self._policy = policy

    @cached_property
    def _endpoints(self) -> list[tuple[str, str, str]]:
        """By her identifiers, then her contacts. Few steps say anything."""
        reached = dict.fromkeys((*self._customer.identifiers(), *contacts(self._customer)))
        return [text.partition(":") for text in reached]

    def recipients(self, channel: str, *more: str) -> tuple[tuple[str, str], ...]:
        """The channel's own endpoints of this customer, in the channel's order of preference, and
        those of `more` types. Who is told hashes of addresses only is given the addresses here."""
        types = list(dict.fromkeys((*self._policy.endpoints.get(channel, ()), *more)))
        if "email_sha256" in types:
            types.append("email")
        return tuple(
            (kind, value) for type_ in types for kind, _, value in self._endpoints if kind == type_
        )

    def channels(self) -> list[str]:
        """Every channel on which something could reach her, in order."""
        return [channel for channel in sorted(self._policy.endpoints) if self.recipients(channel)]

    def first(self, channels: tuple[str, ...], purpose: str, view: View) -> str:
        """The first of these on which she can and may be told something of this purpose, or ""."""
        return next((c for c in channels if self._open(c, purpose, view)), "")

    def _open(self, channel: str, purpose: str, view: View) -> bool:
        hers = {f"{kind}:{value}" for kind, value in self.recipients(channel)}
        if not hers or view.refuses(channel):
            return False
        if purpose != BY_CONSENT:
            return True
        said = {
            str(row["endpoint"]): row["status"]
            for row in view.consent
            if (row["channel"], row["purpose"]) == (channel, purpose)
        }
        if said.get(ANY_ENDPOINT) == "withdrawn":
            return False
        return any(said.get(endpoint) == "given" for endpoint in (*sorted(hers), ANY_ENDPOINT))
