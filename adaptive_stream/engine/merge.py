"""Two customers found to be one: the messages between them, at the customers' own partitions.

merge.proposed -> the larger id, which would lose; merge.offer -> the smaller, which judges by the
guards; merge.go -> back; then the loser ships its members in `absorb`, keeps a redirect, and
forwards what still comes.
Rule 1: a redirect points to a smaller id, so no interleaving can make a circle.
Rule 2: nothing is locked: a side that moved meanwhile (merged, or handed back) is followed to where
its member is now, and the question is put again there. Of a member that is not known yet, it waits
where the first member of whom word was sent to is: a redirect passes on both, or neither.
Rule 3: absorb is a join by member, so a repeat is harmless.
"""

import msgspec

from adaptive_stream.engine import allowed
from adaptive_stream.engine.allowed import Known, Side
from adaptive_stream.engine.customer import Customer, Joining, Member, Waiting
from adaptive_stream.engine.guard import IdentityPolicy
from adaptive_stream.engine.identifier import member_id
from adaptive_stream.engine.message import Message
from adaptive_stream.engine.parcel import Parcel, bounded, everything, note_joinings, take_in

WAITING_MAX = 200


class Merge(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of merge.proposed, merge.offer and merge.go: the loser's side and the winner's.
    `theirs`, in an offer: what the loser knows of herself."""

    loser: Side
    winner: Side
    override: bool = False
    theirs: Known | None = None


class Absorb(msgspec.Struct, frozen=True):
    """All that a loser ships, and the link that it rests on."""

    customer: str
    by: Merge
    parcel: Parcel


class Remap(msgspec.Struct, frozen=True):
    """Tells the row of an identifier where its member has gone."""

    member: str
    customer: str
    epoch: int


class Joined(msgspec.Struct, frozen=True):
    """Tells a customer that an identifier is one of its members; `by`: what named it, if any."""

    side: Side
    by: Side | None


class Contest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of `contest` and `contested`: why an identifier proves nobody; until when."""

    reason: str
    identifier: str
    until_ms: int = 0


class Forget(msgspec.Struct, frozen=True):
    """The body of `forget`: a stranger, and when she was last seen."""

    customer: str
    seen_ms: int


encode = msgspec.json.Encoder().encode
encode_absorb = msgspec.msgpack.Encoder().encode
decode_merge = msgspec.json.Decoder(Merge).decode
decode_remap = msgspec.json.Decoder(Remap).decode
decode_joined = msgspec.json.Decoder(Joined).decode
decode_contest = msgspec.json.Decoder(Contest).decode
decode_forget = msgspec.json.Decoder(Forget).decode
decode_absorb = msgspec.msgpack.Decoder(Absorb).decode


def propose(one: Side, other: Side, *, override: bool = False) -> list[Message]:
    """Ask the younger of two customers to go to the older; nothing if they are one already."""
    if one.customer == other.customer:
        return []
    loser, winner = (one, other) if one.customer > other.customer else (other, one)
    merge = Merge(loser, winner, override)
    return [Message("customer", loser.customer, "merge.proposed", encode(merge))]


def moved(customer: Customer, side: Side) -> Side | None:
    """Where this side's member is now, or where word of it will come, if that is not here."""
    now, word_to = customer.elsewhere(side.member), side.word_to or side.customer
    if side.member in customer.returned:
        word_to = now
    elif not now and side.member not in customer.members:
        now = customer.elsewhere(member_id(word_to))
    return msgspec.structs.replace(side, customer=now, word_to=word_to) if now else None


def waits(customer: Customer, kind: str, side: Side, body: bytes) -> bool:
    """Whether a question has come before a member that it concerns, and is kept until then.

    A link may be quicker than what it links: who has not heard yet who she is cannot be asked.
    """
    needed = (side.member, *(joining.beside for joining in customer.joinings))
    missing = next((m for m in needed if m not in customer.members), None)
    if missing is None:
        return False
    beside = member_id(side.word_to) if missing == side.member and side.word_to else ""
    customer.waiting = [*customer.waiting, Waiting(missing, kind, body, beside)][-WAITING_MAX:]
    return True


def awaited(customer: Customer) -> list[Message]:
    """The questions that need to wait no longer, to be asked again."""
    ready = [one for one in customer.waiting if _is_known(customer, one)]
    if ready:
        customer.waiting = [one for one in customer.waiting if one not in ready]
    return [Message("customer", customer.id, one.kind, one.body) for one in ready]


def _is_known(customer: Customer, one: Waiting) -> bool:
    """Whether it is here, or is to be asked about elsewhere."""
    return one.member in customer.members or not customer.returned.keys().isdisjoint(
        (one.member, one.beside)
    )


def proposed(customer: Customer, body: bytes, log_ms: int, policy: IdentityPolicy) -> list[Message]:
    """At the loser: offer all that it has to the winner."""
    merge = decode_merge(body)
    elsewhere = moved(customer, merge.loser)
    if elsewhere:
        return propose(elsewhere, merge.winner, override=merge.override)
    if waits(customer, "merge.proposed", merge.loser, body):
        return []
    mine = allowed.known(customer, merge.loser, log_ms, policy)
    offer = msgspec.structs.replace(merge, theirs=mine)
    return [Message("customer", merge.winner.customer, "merge.offer", encode(offer))]


def offered(
    customer: Customer, body: bytes, log_ms: int, policy: IdentityPolicy
) -> tuple[list[Message], str]:
    """At the winner: agree, or refuse with a reason. Returns what to send, and the reason."""
    merge = decode_merge(body)
    elsewhere = moved(customer, merge.winner)
    if elsewhere:
        return propose(merge.loser, elsewhere, override=merge.override), ""
    if merge.loser.member in customer.members:
        return [], ""  # Another link was quicker: she is not to be taken for a second person.
    if waits(customer, "merge.offer", merge.winner, body):
        return [], ""
    if not merge.override:
        assert merge.theirs is not None  # An offer says it.
        mine = allowed.known(customer, merge.winner, log_ms, policy)
        reason, told = allowed.refused(mine, merge.theirs, merge.winner, merge.loser, policy)
        if reason:
            return told, reason
    agreed = Merge(merge.loser, merge.winner, merge.override)
    return [Message("customer", merge.loser.customer, "merge.go", encode(agreed))], ""


def ship(customer: Customer, merge: Merge, log_ms: int) -> list[Message]:
    """Give everything to the winner and become a redirect."""
    winner = merge.winner.customer
    body = encode_absorb(Absorb(customer.id, merge, everything(customer)))
    # Whoever still waits here finds the redirect, and asks where she is now.
    waiting = [Message("customer", customer.id, one.kind, one.body) for one in customer.waiting]
    customer.become_redirect(winner, log_ms)
    return [Message("customer", winner, "absorb", body), *waiting]


def adopt(customer: Customer, absorb: Absorb, log_ms: int) -> list[Message]:
    """Take in a loser's members, and tell every identifier of theirs where it belongs now."""
    parcel = absorb.parcel
    mine, theirs = list(customer.members), list(parcel.members)
    apart = [*customer.apart, *parcel.apart]
    if absorb.by.override:
        apart = [pair for pair in apart if not allowed.parted([pair], mine, theirs)]
    customer.apart = bounded(apart, mine, theirs)
    take_in(customer, parcel)
    customer.was = sorted({*customer.was, absorb.customer})
    joining = Joining(
        customer=absorb.customer,
        end=absorb.by.loser.member,
        beside=absorb.by.winner.member,
        at_ms=log_ms,
        by=absorb.by.winner.hash,
        named=absorb.by.loser.hash,
    )
    note_joinings(customer, [joining])
    customer.identity_epoch += 1
    customer.seen_ms = max(customer.seen_ms, log_ms)
    return remaps(customer, parcel.members)


def remaps(customer: Customer, members: dict[str, Member]) -> list[Message]:
    """Send the rows of these members' identifiers here."""
    return [
        remap(customer, name, h)
        for name, member in sorted(members.items())
        for h in sorted(member.identifiers)
    ]


def remap(customer: Customer, member: str, identifier_hash: str) -> Message:
    """Send an identifier's row here."""
    body = encode(Remap(member, customer.id, customer.identity_epoch))
    return Message("identity", identifier_hash, "remap", body)
