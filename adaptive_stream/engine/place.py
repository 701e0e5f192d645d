"""What a standing rule stops or holds, where that is more than one message.

Rule: a word that speaks of a message means here any message: of a purpose on a channel, or to one
address.
"""

from dataclasses import dataclass

from adaptive_stream.engine.condition import About
from adaptive_stream.engine.entity import Heard, Message
from adaptive_stream.engine.journey import PURPOSES
from adaptive_stream.engine.parts.consent import ANY_ENDPOINT, statuses
from adaptive_stream.engine.parts.kept import latest_by_type
from adaptive_stream.engine.reach import BY_CONSENT, Reach
from adaptive_stream.engine.view import View

ALL = "all"


@dataclass(frozen=True, slots=True)
class Place:
    """`scope`: purpose, all or endpoint. `channel` and `address` are an endpoint's."""

    scope: str
    purpose: str = ""
    channel: str = ""
    address: str = ""

    @classmethod
    def named(cls, name: str) -> "Place":
        """The place under this name in a customer's state."""
        purpose, channel, address = (*name.split("/", 2), "", "")[:3]
        if address:
            return cls("endpoint", purpose, channel, address)
        return cls(ALL) if purpose == ALL else cls("purpose", purpose)

    @property
    def name(self) -> str:
        """`marketing`, `all`, `marketing/email/email:ana@example.com`."""
        return "/".join(each for each in (self.purpose or ALL, self.channel, self.address) if each)

    @property
    def purposes(self) -> tuple[str, ...]:
        """The purposes of which nothing may be said."""
        return (self.purpose,) if self.purpose else PURPOSES

    def channels(self, reach: Reach) -> list[str]:
        """The channels of hers that have to hear of it."""
        if not self.address:
            return reach.channels()
        return [self.channel] if self.address in reach.addresses(self.channel) else []

    def recipients(self, channel: str, reach: Reach) -> tuple[tuple[str, str], ...]:
        """Whom it concerns on a channel."""
        if not self.address:
            return reach.recipients(channel)
        kind, _, value = self.address.partition(":")
        return ((kind, value),)


def any_message(place: Place, channel: str, view: View, reach: Reach) -> About:
    """Whatever could be sent to her there, as conditions see a message."""
    consent, refused, heard = _said(place, channel, view, reach)
    message = Message(
        id=f"{channel}/{place.name}",
        status="",
        channel=channel,
        sender="",
        handle="",
        campaign="",
        purpose=place.purpose,
        about=[],
        offer="",
        price_minor=None,
        standing=False,
        journey="",
        instance="",
        step="",
        begun_ms=0,
        due=None,
        revocable_until=None,
        sent_at=None,
        heard=heard,
        consent=consent if place.purpose == BY_CONSENT else "given",
        refused=refused,
    )
    return About("message", f"~{message.id}", message)


def _said(place: Place, channel: str, view: View, reach: Reach) -> tuple[str, bool, Heard]:
    """Consent, whether it refused, and the facts that say so: of an address its own word, of a
    channel what she said of all her addresses there."""
    said = statuses(view.consent, channel, place.purpose)
    own = place.address or ANY_ENDPOINT
    key = f"{channel}|{place.purpose}|{own}"
    facts = [*view.kept.get("consent", {}).get(key, ())]
    if not place.address:
        agreed = any(said.get(address) == "given" for address in reach.addresses(channel))
        status = said.get(ANY_ENDPOINT, "missing")
        return ("given" if agreed else status), False, latest_by_type(facts, key)
    refused = view.refusals.get(place.address, {})
    heard = latest_by_type(facts, key) | refused
    own_word = facts[-1].type == "consent.withdrawn" if facts else False
    return said.get(own, "missing"), bool(refused) or own_word, heard
