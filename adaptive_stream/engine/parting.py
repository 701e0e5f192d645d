"""Members that leave again: an unmerge, a link that was refused, a card that was a cashier's.

Rule 1: what goes is what came, and all that has joined it since; exactly, with what it did here.
Rule 2: whoever still sends it here is told where it went (`returned`).
"""

import msgspec

from adaptive_stream.engine.customer import Customer, Joining, Member, Offer, Told
from adaptive_stream.engine.identifier import customer_of
from adaptive_stream.engine.merge import Joined, remap
from adaptive_stream.engine.message import Message

RETURNED_MAX = 500
KEYED = {"carts": "carts", "orders": "orders", "contracts": "contracts", "cases": "cases"}


class Return(msgspec.Struct, frozen=True, omit_defaults=True):
    """Members on their way back to who they were. `because`: "" when nobody needs to hear of it."""

    members: dict[str, Member]
    told: Told
    offers: dict[str, Offer]
    joinings: list[Joining]
    apart: list[tuple[str, str]]
    epoch: int
    consent_epoch: int
    because: str = ""


encode_return = msgspec.msgpack.Encoder().encode
decode_return = msgspec.msgpack.Decoder(Return).decode


def joining_between(customer: Customer, one: str, other: str) -> Joining | None:
    """The latest joining that brought one of two identifiers ("type:value") to the other."""
    homes = [
        {name for name, m in customer.members.items() if identifier in m.identifiers.values()}
        for identifier in (one, other)
    ]
    for joining in reversed(customer.joinings):
        group = set(group_of(customer, joining))
        if bool(homes[0] & group) != bool(homes[1] & group):
            return joining
    return None


def group_of(customer: Customer, joining: Joining) -> list[str]:
    """The members that would leave with a joining: its own, and those that joined them since."""
    group = [name for name in joining.members if name in customer.members]
    later = customer.joinings[customer.joinings.index(joining) + 1 :]
    for other in later:
        if other.beside in group:
            group += [m for m in other.members if m in customer.members and m not in group]
    return group


def hand_back(customer: Customer, joining: Joining, *, because: str, apart: bool) -> list[Message]:
    """Send a joining's members back to who they were."""
    group = group_of(customer, joining)
    if not group:
        return []
    pair = [(joining.beside, name) for name in joining.members] if apart else []
    leaving = [
        other for other in customer.joinings if other is not joining and other.beside in group
    ]
    customer.identity_epoch += 1
    members = {name: customer.members.pop(name) for name in group}
    offers = {k: offer for k, offer in customer.offers.items() if offer.member in members}
    body = encode_return(
        Return(
            members=members,
            told=_told_of(members, customer.told),
            offers=offers,
            joinings=leaving,
            apart=sorted({*customer.apart, *pair}),
            epoch=customer.identity_epoch,
            consent_epoch=customer.consent_epoch,
            because=because,
        )
    )
    customer.apart = sorted({*customer.apart, *pair})
    customer.offers = {k: offer for k, offer in customer.offers.items() if k not in offers}
    gone = {joining.customer, *(other.customer for other in leaving)}
    customer.was = [name for name in customer.was if name not in gone]
    customer.joinings = [j for j in customer.joinings if j is not joining and j not in leaving]
    _forget_told(customer)
    for name in group:
        customer.returned[name] = joining.customer
    while len(customer.returned) > RETURNED_MAX:
        del customer.returned[next(iter(customer.returned))]
    return [Message("customer", joining.customer, "return", body)]


def refuse(customer: Customer, joined: Joined) -> list[Message]:
    """An identifier that may not join becomes a customer of its own."""
    side = joined.side
    own = customer_of(side.member)
    customer.identity_epoch += 1
    customer.returned[side.member] = own
    back = Return(
        members={side.member: Member(identifiers={side.hash: side.identifier})},
        told=Told(),
        offers={},
        joinings=[],
        apart=[],
        epoch=customer.identity_epoch,
        consent_epoch=0,
    )
    return [Message("customer", own, "return", encode_return(back))]


def take_back(customer: Customer, back: Return) -> list[Message]:
    """At who they were: live again, and every identifier's row is told."""
    customer.merged_into = ""
    customer.members |= back.members
    for field in Told.__struct_fields__:
        setattr(customer.told, field, getattr(back.told, field) | getattr(customer.told, field))
    customer.offers |= back.offers
    customer.joinings = [*customer.joinings, *back.joinings]
    customer.was = sorted({*customer.was, *(joining.customer for joining in back.joinings)})
    customer.apart = sorted({*customer.apart, *back.apart})
    for name in back.members:
        customer.returned.pop(name, None)
    customer.identity_epoch = max(customer.identity_epoch, back.epoch)
    customer.consent_epoch = max(customer.consent_epoch, back.consent_epoch)
    hashes = sorted(h for member in back.members.values() for h in member.identifiers)
    return [remap(customer, h) for h in hashes]


def sends_since(members: dict[str, Member], since_ms: int) -> list[str]:
    """The messages that senders report as sent after the log knew of a joining."""
    return sorted(
        message
        for member in members.values()
        for message, facts in member.parts.get("messages", {}).items()
        if any(k.type == "message.sent" and k.known_ms >= since_ms for k in facts)
    )


def _told_of(members: dict[str, Member], told: Told) -> Told:
    """What was told of things that these members brought."""
    of = Told(profile=_profile(members))
    for field, part in (*KEYED.items(), ("consent", "consent")):
        keys = {key for member in members.values() for key in member.parts.get(part, {})}
        before: dict[str, str] = getattr(told, field)
        setattr(of, field, {key: status for key, status in before.items() if key in keys})
    return of


def _profile(members: dict[str, Member]) -> dict[str, str]:
    facts = sorted(
        kept
        for member in members.values()
        for by_key in member.parts.get("profile", {}).values()
        for kept in [(k.at_ms, k.id, k.data) for k in by_key]
    )
    return {name: str(value) for _, _, data in facts for name, value in data.items()}


def _forget_told(customer: Customer) -> None:
    """What nobody here brought was not told of her."""
    for field, part in (*KEYED.items(), ("consent", "consent")):
        keys = {key for member in customer.members.values() for key in member.parts.get(part, {})}
        told: dict[str, str] = getattr(customer.told, field)
        setattr(customer.told, field, {key: told[key] for key in told if key in keys})
