"""Two customers found to be one: the messages between them, at the customers' own partitions.

merge.proposed -> the larger id, which would lose; merge.offer -> the smaller; merge.go -> back;
then the loser ships its members in `absorb`, keeps a redirect, and forwards what still comes.
Rule 1: a redirect points to a smaller id, so no interleaving can make a circle.
Rule 2: nothing is locked: a customer that was redirected meanwhile passes a message on to its root.
Rule 3: absorb is a join by member, so a repeat is harmless.
"""

import msgspec

from adaptive_stream.engine.customer import Customer, Member, Offer, Told
from adaptive_stream.engine.message import Message
from adaptive_stream.engine.parts.kept import keep


class Merge(msgspec.Struct, frozen=True):
    """The body of merge.proposed, merge.offer, merge.go and merge.refused."""

    loser: str
    winner: str


class Absorb(msgspec.Struct, frozen=True):
    """All that a loser ships."""

    loser: str
    members: dict[str, Member]
    told: Told
    offers: dict[str, Offer]
    was: list[str]
    identity_epoch: int
    consent_epoch: int


class Remap(msgspec.Struct, frozen=True):
    """Tells the row of an identifier where its customer has gone."""

    customer: str
    epoch: int


class Joined(msgspec.Struct, frozen=True):
    """Tells a customer that an identifier belongs to one of its members, for good."""

    hash: str
    identifier: str


encode = msgspec.json.Encoder().encode
encode_absorb = msgspec.msgpack.Encoder().encode
decode_merge = msgspec.json.Decoder(Merge).decode
decode_remap = msgspec.json.Decoder(Remap).decode
decode_joined = msgspec.json.Decoder(Joined).decode
decode_absorb = msgspec.msgpack.Decoder(Absorb).decode


def propose(one: str, other: str) -> list[Message]:
    """Ask the younger of two customers to go to the older; nothing if they are one already."""
    if one == other:
        return []
    merge = Merge(loser=max(one, other), winner=min(one, other))
    return [Message("customer", merge.loser, "merge.proposed", encode(merge))]


def negotiate(customer: Customer, kind: str, body: bytes) -> list[Message]:
    """Answer a message of the protocol that changes nothing yet."""
    merge = decode_merge(body)
    if kind == "merge.proposed":
        if customer.merged_into:
            return propose(customer.merged_into, merge.winner)
        return [Message("customer", merge.winner, "merge.offer", encode(merge))]
    if kind == "merge.offer":
        if customer.merged_into:
            return propose(customer.merged_into, merge.loser)
        return [Message("customer", merge.loser, "merge.go", encode(merge))]
    raise AssertionError(f"no such message of the merge protocol: {kind}")


def ship(customer: Customer, winner: str) -> list[Message]:
    """Give everything to the winner and become a redirect."""
    absorb = Absorb(
        loser=customer.id,
        members=customer.members,
        told=customer.told,
        offers=customer.offers,
        was=customer.was,
        identity_epoch=customer.identity_epoch,
        consent_epoch=customer.consent_epoch,
    )
    body = encode_absorb(absorb)
    customer.members, customer.offers, customer.was = {}, {}, []
    customer.told, customer.wake_ms, customer.merged_into = Told(), None, winner
    return [Message("customer", winner, "absorb", body)]


def adopt(customer: Customer, body: bytes) -> tuple[Absorb, list[Message]]:
    """Take in a loser's members, and tell every identifier of theirs where it belongs now."""
    absorb = decode_absorb(body)
    for name, member in absorb.members.items():
        if name in customer.members:
            _join(customer.members[name], member)
        else:
            customer.members[name] = member
    for field in Told.__struct_fields__:
        setattr(customer.told, field, getattr(absorb.told, field) | getattr(customer.told, field))
    for name, offer in absorb.offers.items():
        customer.offers[name if name not in customer.offers else offer.id] = offer
    customer.was = sorted({*customer.was, *absorb.was, absorb.loser})
    customer.identity_epoch = max(customer.identity_epoch, absorb.identity_epoch) + 1
    customer.consent_epoch = max(customer.consent_epoch, absorb.consent_epoch)
    hashes = sorted(h for member in absorb.members.values() for h in member.identifiers)
    return absorb, [remap(customer, h) for h in hashes]


def remap(customer: Customer, identifier_hash: str) -> Message:
    """Send an identifier's row here."""
    body = encode(Remap(customer.id, customer.identity_epoch))
    return Message("identity", identifier_hash, "remap", body)


def _join(mine: Member, shipped: Member) -> None:
    """A member of which facts came here before it did: both sets are one set."""
    mine.identifiers |= shipped.identifiers
    mine.retracted = shipped.retracted | mine.retracted
    mine.instances = mine.instances | shipped.instances
    for part, by_key in shipped.parts.items():
        for key, facts in by_key.items():
            for kept in facts:
                keep(mine, part, key, kept)
