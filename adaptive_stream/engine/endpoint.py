"""An address or a number at which people are reached, whether or not it names one of them.

Rule 1: consent, bounce and complaint belong to the endpoint: whoever can be reached there is told,
whoever it was that answered.
Rule 2: an address that somebody only gave as her contact names nobody: no row of it is a customer
until a fact of its own comes, and no two people are ever made one by sharing it.
"""

from typing import Protocol

import msgspec

from adaptive_stream.engine.fact import CONSENT, Fact, decode_fact
from adaptive_stream.engine.guard import kind_of
from adaptive_stream.engine.message import Arrival, Message

KINDS = frozenset(("email", "phone"))
FACTS = frozenset((*CONSENT, "message.bounced", "message.complained")) - {"preference.stated"}
HOLDERS_MAX = 50  # An address of more people is a front desk's.
SAID_MAX = 10  # The newest facts of an endpoint, for whoever gives it as hers later.


class Holder(msgspec.Struct, frozen=True):
    """The body of `hold`: the member of a customer who can be reached at this identifier."""

    identifier: str
    customer: str
    member: str


class Endpoint(Protocol):
    """What of an identifier's row is the endpoint's: `holders` (member -> customer), who gave it
    as a contact, and `said`, what it said: (at_ms, the fact as it came)."""

    identifier: str
    holders: dict[str, str]
    said: list[tuple[int, bytes]]


encode_holder = msgspec.json.Encoder().encode
decode_holder = msgspec.json.Decoder(Holder).decode


def contacts_of(fact: Fact) -> list[str]:
    """The endpoints that a fact gives as contacts, "type:value"."""
    said = fact.data.get("contact")
    if not isinstance(said, list):
        return []
    return [text for text in map(str, said) if not text.endswith(":")]


def hold(arrival: Arrival, customer: str, member: str) -> list[Message]:
    """Tell every contact in a fact who can be reached there."""
    return [
        Message("identity", h, "hold", encode_holder(Holder(text, customer, member)))
        for h, text in arrival.contacts
    ]


def held(row: Endpoint, holder: Holder) -> tuple[list[Message], bool]:
    """One more can be reached here. Returns what she has to know, and whether the row changed.

    A merge moves her member; the customer that is noted here knows where to.
    """
    if row.holders.get(holder.member) == holder.customer:
        return [], False
    if holder.member not in row.holders and len(row.holders) >= HOLDERS_MAX:
        return [], False
    row.holders = {**row.holders, holder.member: holder.customer}
    return known_to(row, holder.customer, holder.member), True


def known_to(row: Endpoint, customer: str, member: str) -> list[Message]:
    """What an endpoint has said, for whom it names from now on."""
    return [_to(customer, member, body) for _, body in row.said]


def tell_others(arrival: Arrival) -> list[Message]:
    """The endpoints that a fact names beside the one that it goes by."""
    return [
        Message("identity", h, "endpoint", arrival.body, ids=((h, text),), type=arrival.type)
        for h, text in arrival.ids
        if kind_of(text) in KINDS
    ]


def say(row: Endpoint, body: bytes) -> tuple[list[Message], bool]:
    """What an endpoint says, to all who hold it. Returns whether the row changed too."""
    if kind_of(row.identifier) not in KINDS:
        return [], False
    messages = [_to(customer, member, body) for member, customer in row.holders.items()]
    said = (decode_fact(body).at_ms, body)
    if said in row.said:
        return messages, False
    row.said = sorted([*row.said, said])[-SAID_MAX:]
    return messages, True


def _to(customer: str, member: str, body: bytes) -> Message:
    return Message("customer", customer, "fact", body, member=member)
