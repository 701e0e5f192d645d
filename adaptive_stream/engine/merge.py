"""Two customers found to be one: the messages between them, at the customers' own partitions.

merge.proposed -> the larger id, which would lose; merge.offer -> the smaller, which judges by the
guards; merge.go -> back; then the loser ships its members in `absorb`, keeps a redirect, and
forwards what still comes.
Rule 1: a redirect points to a smaller id, so no interleaving can make a circle.
Rule 2: nothing is locked: a side that moved meanwhile (merged, or handed back) is followed to where
its member is now, and the question is put again there.
Rule 3: absorb is a join by member, so a repeat is harmless.
"""

import msgspec

from adaptive_stream.engine.customer import Customer, Joining, Member, Offer, Told
from adaptive_stream.engine.guard import DAY_MS, IdentityPolicy, refusal, weaker
from adaptive_stream.engine.message import Message
from adaptive_stream.engine.parts.kept import keep

JOININGS_MAX = 200


class Side(msgspec.Struct, frozen=True):
    """One of two identifiers that a fact named together, and whose it was then."""

    customer: str
    member: str
    hash: str
    identifier: str


class Merge(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of merge.proposed, merge.offer and merge.go: the loser's side and the winner's.

    In an offer, `identifiers`, `members` and `apart` are all that the loser has.
    """

    loser: Side
    winner: Side
    override: bool = False
    identifiers: list[str] = []
    members: list[str] = []
    apart: list[tuple[str, str]] = []


class Absorb(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that a loser ships, and the link that it rests on."""

    customer: str
    by: Merge
    members: dict[str, Member]
    told: Told
    offers: dict[str, Offer]
    was: list[str]
    joinings: list[Joining]
    apart: list[tuple[str, str]]
    returned: dict[str, str]
    identity_epoch: int
    consent_epoch: int


class Remap(msgspec.Struct, frozen=True):
    """Tells the row of an identifier where its customer has gone; in `forget`, who is gone."""

    customer: str
    epoch: int


class Joined(msgspec.Struct, frozen=True):
    """Tells a customer that an identifier is one of its members; `by`: what named it, if any."""

    side: Side
    by: Side | None


encode = msgspec.json.Encoder().encode
encode_absorb = msgspec.msgpack.Encoder().encode
decode_merge = msgspec.json.Decoder(Merge).decode
decode_remap = msgspec.json.Decoder(Remap).decode
decode_joined = msgspec.json.Decoder(Joined).decode
decode_absorb = msgspec.msgpack.Decoder(Absorb).decode


def propose(one: Side, other: Side, *, override: bool = False) -> list[Message]:
    """Ask the younger of two customers to go to the older; nothing if they are one already."""
    if one.customer == other.customer:
        return []
    loser, winner = (one, other) if one.customer > other.customer else (other, one)
    merge = Merge(loser, winner, override)
    return [Message("customer", loser.customer, "merge.proposed", encode(merge))]


def moved(customer: Customer, side: Side) -> Side | None:
    """Where this side's member is now, if it is no longer here."""
    now = customer.merged_into or customer.returned.get(side.member, "")
    return msgspec.structs.replace(side, customer=now) if now else None


def proposed(customer: Customer, body: bytes) -> list[Message]:
    """At the loser: offer all that it has to the winner."""
    merge = decode_merge(body)
    elsewhere = moved(customer, merge.loser)
    if elsewhere:
        return propose(elsewhere, merge.winner, override=merge.override)
    offer = msgspec.structs.replace(
        merge,
        identifiers=customer.identifiers(),
        members=sorted(customer.members),
        apart=customer.apart,
    )
    return [Message("customer", merge.winner.customer, "merge.offer", encode(offer))]


def offered(
    customer: Customer, body: bytes, log_ms: int, policy: IdentityPolicy
) -> tuple[list[Message], str]:
    """At the winner: agree, or refuse with a reason. Returns what to send, and the reason."""
    merge = decode_merge(body)
    elsewhere = moved(customer, merge.winner)
    if elsewhere:
        return propose(merge.loser, elsewhere, override=merge.override), ""
    if merge.override:
        customer.apart = [
            pair for pair in customer.apart if not _parted([pair], customer, merge.members)
        ]
    else:
        reason = refusal(
            customer.identifiers(),
            merge.identifiers,
            between=(merge.loser.identifier, merge.winner.identifier),
            apart=_parted([*customer.apart, *merge.apart], customer, merge.members),
            links_today=links_today(customer, merge.winner, log_ms),
            policy=policy,
        )
        if reason:
            return [contest(merge.winner, merge.loser, reason)], reason
    agreed = Merge(merge.loser, merge.winner, merge.override)
    return [Message("customer", merge.loser.customer, "merge.go", encode(agreed))], ""


def _parted(pairs: list[tuple[str, str]], customer: Customer, members: list[str]) -> bool:
    theirs = set(members)
    return any(
        (one in customer.members and other in theirs)
        or (other in customer.members and one in theirs)
        for one, other in pairs
    )


def links_today(customer: Customer, by: Side, log_ms: int) -> int:
    """How many joinings rest on this identifier within a day."""
    return sum(
        joining.by == by.hash and joining.at_ms > log_ms - DAY_MS for joining in customer.joinings
    )


def contest(one: Side, other: Side, reason: str) -> Message:
    """Tell the row of the identifier that proves less. Of two that were parted, the loser's."""
    weak = other if reason == "apart" else one
    if reason != "apart" and weaker(one.identifier, other.identifier) == other.identifier:
        weak = other
    body = encode({"reason": reason, "identifier": weak.identifier})
    return Message("identity", weak.hash, "contest", body)


def ship(customer: Customer, merge: Merge, log_ms: int) -> list[Message]:
    """Give everything to the winner and become a redirect."""
    winner = merge.winner.customer
    absorb = Absorb(
        customer=customer.id,
        by=merge,
        members=customer.members,
        told=customer.told,
        offers=customer.offers,
        was=customer.was,
        joinings=customer.joinings,
        apart=customer.apart,
        returned=customer.returned,
        identity_epoch=customer.identity_epoch,
        consent_epoch=customer.consent_epoch,
    )
    body = encode_absorb(absorb)
    customer.become_redirect(winner, log_ms)
    return [Message("customer", winner, "absorb", body)]


def adopt(customer: Customer, absorb: Absorb, log_ms: int) -> list[Message]:
    """Take in a loser's members, and tell every identifier of theirs where it belongs now."""
    for name, member in absorb.members.items():
        customer.returned.pop(name, None)
        if name in customer.members:
            _join(customer.members[name], member)
        else:
            customer.members[name] = member
    for field in Told.__struct_fields__:
        setattr(customer.told, field, getattr(absorb.told, field) | getattr(customer.told, field))
    for name, offer in absorb.offers.items():
        customer.offers[name if name not in customer.offers else offer.id] = offer
    customer.was = sorted({*customer.was, *absorb.was, absorb.customer})
    customer.apart = sorted({*customer.apart, *absorb.apart})
    customer.returned = {
        name: to
        for name, to in (absorb.returned | customer.returned).items()
        if name not in customer.members
    }
    joining = Joining(
        customer=absorb.customer,
        members=sorted(absorb.members),
        beside=absorb.by.winner.member,
        at_ms=log_ms,
        by=absorb.by.winner.hash,
        named=absorb.by.loser.hash,
    )
    found: dict[tuple[str, ...], Joining] = {}
    for one in (*customer.joinings, *absorb.joinings, joining):
        # By what it rests on: an absorb that comes twice is one joining, at its first time.
        found.setdefault((one.customer, one.beside, one.by, one.named), one)
    customer.joinings = list(found.values())[-JOININGS_MAX:]
    customer.identity_epoch = max(customer.identity_epoch, absorb.identity_epoch) + 1
    customer.consent_epoch = max(customer.consent_epoch, absorb.consent_epoch)
    hashes = sorted(h for member in absorb.members.values() for h in member.identifiers)
    return [remap(customer, h) for h in hashes]


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
