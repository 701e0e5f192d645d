"""Two customers found to be one: the messages between them, at the customers' own partitions.

merge.proposed -> the larger id, which would lose; merge.offer -> the smaller, which judges by the
guards; merge.go -> back; then the loser ships its members in `absorb`, keeps a redirect, and
forwards what still comes.
Rule 1: a redirect points to a smaller id, so no interleaving can make a circle.
Rule 2: nothing is locked: a side that moved meanwhile (merged, or handed back) is followed to where
its member is now, and the question is put again there.
Rule 3: absorb is a join by member, so a repeat is harmless.
"""

from collections.abc import Iterable

import msgspec

from adaptive_stream.engine import allowed, standing
from adaptive_stream.engine.allowed import Known, Side
from adaptive_stream.engine.customer import (
    Contested,
    Customer,
    Gone,
    Joining,
    Member,
    Offer,
    Quiet,
    Told,
    Waiting,
)
from adaptive_stream.engine.guard import IdentityPolicy
from adaptive_stream.engine.message import Message
from adaptive_stream.engine.parts.kept import keep

JOININGS_MAX = 200
APART_MAX = 500
WAITING_MAX = 200
RETURNED_MAX = 500


class Merge(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of merge.proposed, merge.offer and merge.go: the loser's side and the winner's.
    `theirs`, in an offer: what the loser knows of herself."""

    loser: Side
    winner: Side
    override: bool = False
    theirs: Known | None = None


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
    returned: dict[str, Gone]
    contested: dict[str, Contested]
    identity_epoch: int
    consent_epoch: int
    quiet: dict[str, Quiet] = {}


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
    """Where this side's member is now, if it is no longer here."""
    now = customer.elsewhere(side.member)
    return msgspec.structs.replace(side, customer=now) if now else None


def waits(customer: Customer, kind: str, side: Side, body: bytes) -> bool:
    """Whether a question has come before a member that it concerns, and is kept until then.

    A link may be quicker than what it links: who has not heard yet who she is cannot be asked.
    """
    needed = (side.member, *(joining.beside for joining in customer.joinings))
    missing = next((m for m in needed if m not in customer.members), None)
    if missing is None:
        return False
    customer.waiting = [*customer.waiting, Waiting(missing, kind, body)][-WAITING_MAX:]
    return True


def awaited(customer: Customer) -> list[Message]:
    """The questions that need to wait no longer, to be asked again."""
    come = {one.member for one in customer.waiting if _is_known(customer, one.member)}
    ready = [one for one in customer.waiting if one.member in come]
    if ready:
        customer.waiting = [one for one in customer.waiting if one.member not in come]
    return [Message("customer", customer.id, one.kind, one.body) for one in ready]


def _is_known(customer: Customer, member: str) -> bool:
    return member in customer.members or member in customer.returned


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
        contested=customer.contested,
        identity_epoch=customer.identity_epoch,
        consent_epoch=customer.consent_epoch,
        quiet=customer.quiet,
    )
    body = encode_absorb(absorb)
    # Whoever still waits here finds the redirect, and asks where she is now.
    waiting = [Message("customer", customer.id, one.kind, one.body) for one in customer.waiting]
    customer.become_redirect(winner, log_ms)
    return [Message("customer", winner, "absorb", body), *waiting]


def adopt(customer: Customer, absorb: Absorb, log_ms: int) -> list[Message]:
    """Take in a loser's members, and tell every identifier of theirs where it belongs now."""
    mine, theirs = list(customer.members), list(absorb.members)
    apart = [*customer.apart, *absorb.apart]
    if absorb.by.override:
        apart = [pair for pair in apart if not allowed.parted([pair], mine, theirs)]
    for name, member in absorb.members.items():
        if name in customer.members:
            join(customer.members[name], member)
        else:
            customer.members[name] = member
    for field in Told.__struct_fields__:
        setattr(customer.told, field, getattr(absorb.told, field) | getattr(customer.told, field))
    for name, offer in absorb.offers.items():
        customer.offers[name if name not in customer.offers else offer.id] = offer
    standing.join(customer.quiet, absorb.quiet)
    customer.was = sorted({*customer.was, *absorb.was, absorb.customer})
    customer.apart = bounded(apart, mine, theirs)
    customer.contested = absorb.contested | customer.contested
    hear(customer, absorb.returned)
    joining = Joining(
        customer=absorb.customer,
        end=absorb.by.loser.member,
        beside=absorb.by.winner.member,
        at_ms=log_ms,
        by=absorb.by.winner.hash,
        named=absorb.by.loser.hash,
    )
    found: dict[tuple[str, ...], Joining] = {}
    for one in (*customer.joinings, *absorb.joinings, joining):
        # By what it rests on: an absorb that comes twice is one joining, at its first time.
        found.setdefault((one.customer, one.end, one.beside, one.by, one.named), one)
    customer.joinings = list(found.values())[-JOININGS_MAX:]
    customer.identity_epoch = max(customer.identity_epoch, absorb.identity_epoch) + 1
    customer.consent_epoch = max(customer.consent_epoch, absorb.consent_epoch)
    customer.seen_ms = max(customer.seen_ms, log_ms)
    return remaps(customer, absorb.members)


def hear(customer: Customer, returned: dict[str, Gone]) -> None:
    """Where members went that are not here: of two words the newer; of too many the newest."""
    newest: dict[str, Gone] = {}
    for name, gone in sorted(
        (*returned.items(), *customer.returned.items()), key=lambda one: (one[1].epoch, one[0])
    ):
        if name not in customer.members and gone.customer != customer.id:
            newest.pop(name, None)
            newest[name] = gone
    customer.returned = dict(list(newest.items())[-RETURNED_MAX:])


def bounded(pairs: list[tuple[str, str]], *together: Iterable[str]) -> list[tuple[str, str]]:
    """Each pair once, the newest last; the oldest go when there are too many, and so does a pair
    that somebody has insisted to be one since."""
    kept = (pair for pair in pairs if not any(set(pair) <= set(whole) for whole in together))
    return list(dict.fromkeys(kept))[-APART_MAX:]


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


def join(mine: Member, shipped: Member) -> None:
    """A member of which facts came here before it did: both sets are one set."""
    mine.identifiers |= shipped.identifiers
    mine.retracted = shipped.retracted | mine.retracted
    mine.instances = mine.instances | shipped.instances
    for part, by_key in shipped.parts.items():
        for key, facts in by_key.items():
            for kept in facts:
                keep(mine, part, key, kept)
