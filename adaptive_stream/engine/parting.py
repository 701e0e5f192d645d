"""Members that leave again: an unmerge, a link that was refused, a card that was a cashier's.

Rule 1: a joining is cut, and what hung on it leaves exactly, with what it did here; whoever holds
the customer's first member stays.
Rule 2: whoever still sends it here is told where it went (`returned`).
"""

from collections.abc import Iterable

import msgspec

from adaptive_stream.engine import standing
from adaptive_stream.engine.allowed import resting_on
from adaptive_stream.engine.customer import Customer, Gone, Joining, Member, Told
from adaptive_stream.engine.guard import DAY_MS
from adaptive_stream.engine.identifier import customer_of, member_id
from adaptive_stream.engine.merge import Absorb, Joined, Remap, encode, remaps
from adaptive_stream.engine.message import Message
from adaptive_stream.engine.parcel import Parcel, bounded, hear, take_in

KEYED = {
    **{name: name for name in ("carts", "orders", "contracts", "cases", "topics", "preferences")},
    "exposures": "orders",
}


class Return(msgspec.Struct, frozen=True, omit_defaults=True):
    """Members on their way back to who they were. `because`: "" when nobody needs to hear of it."""

    parcel: Parcel
    because: str = ""


encode_return = msgspec.msgpack.Encoder().encode
decode_return = msgspec.msgpack.Decoder(Return).decode


def joining_between(customer: Customer, one: str, other: str) -> Joining | None:
    """The latest joining that made these two members one."""
    cuts = []
    for number, joining in enumerate(customer.joinings):
        group = leaves_with(customer, joining)
        if (one in group) != (other in group):
            cuts.append((joining.at_ms, number))
    return customer.joinings[max(cuts)[1]] if cuts else None


def home_of(customer: Customer, identifier: str) -> str:
    """The member that an identifier ("type:value") makes, or ""."""
    homes = (n for n, m in customer.members.items() if identifier in m.identifiers.values())
    return next(homes, "")


def leaves_with(customer: Customer, joining: Joining) -> set[str]:
    """The members that would leave if this joining were cut."""
    near: dict[str, list[str]] = {}
    for other in customer.joinings:
        if other is not joining:
            near.setdefault(other.end, []).append(other.beside)
            near.setdefault(other.beside, []).append(other.end)
    first = member_id(customer.id)
    side = _reached(joining.end, near)
    return (_reached(joining.beside, near) if first in side else side) & customer.members.keys()


def _reached(start: str, near: dict[str, list[str]]) -> set[str]:
    found, new = {start}, [start]
    while new:
        beyond = [name for name in near.get(new.pop(), ()) if name not in found]
        found.update(beyond)
        new += beyond
    return found


def hand_back(
    customer: Customer,
    joining: Joining,
    *,
    because: str,
    apart: tuple[tuple[str, str], ...] = (),
) -> list[Message]:
    """Cut a joining, and send what hung on it back to who it was. `apart`: never again."""
    group = leaves_with(customer, joining)
    if not group:
        return []
    owns = {customer_of(name) for name in group}
    was = owns.intersection(customer.was)
    to = min(was or owns)
    customer.identity_epoch += 1
    customer.apart = bounded([*customer.apart, *apart])
    members = {name: customer.members.pop(name) for name in sorted(group)}
    offers = {k: offer for k, offer in customer.offers.items() if offer.member in members}
    here = dict.fromkeys(customer.members, Gone(customer.id, customer.identity_epoch))
    names = {i for member in members.values() for i in member.identifiers.values()}
    contested = {i: doubt for i, doubt in customer.contested.items() if i in names}
    parcel = Parcel(
        members=members,
        told=_told_of(members, customer.told),
        offers=offers,
        was=sorted(was - {to}),
        joinings=[one for one in customer.joinings if {one.end, one.beside} <= group],
        apart=customer.apart,
        returned=customer.returned | here,
        contested=contested,
        identity_epoch=customer.identity_epoch,
        consent_epoch=customer.consent_epoch,
        quiet=standing.said(customer.quiet),
    )
    customer.offers = {k: offer for k, offer in customer.offers.items() if k not in offers}
    customer.contested = {i: d for i, d in customer.contested.items() if i not in contested}
    customer.was = [name for name in customer.was if name not in was]
    customer.joinings = [one for one in customer.joinings if not group & {one.end, one.beside}]
    _forget_told(customer)
    for name in members:
        is_gone(customer, name, Gone(to, customer.identity_epoch))
    body = encode_return(Return(parcel, because))
    return [Message("customer", to, "return", body), *redirects(customer)]


def send_back(customer: Customer, shipped: Absorb, because: str) -> list[Message]:
    """A loser who cannot be taken in goes back as she came; what follows her here is sent after."""
    epoch = max(customer.identity_epoch, shipped.parcel.identity_epoch) + 1
    customer.identity_epoch = epoch
    gone = dict.fromkeys(shipped.parcel.members, Gone(shipped.customer, epoch))
    hear(customer, shipped.parcel.returned | gone)
    parcel = msgspec.structs.replace(shipped.parcel, identity_epoch=epoch)
    body = encode_return(Return(parcel, because))
    return [Message("customer", shipped.customer, "return", body)]


def redirects(customer: Customer) -> list[Message]:
    """Tell whoever was merged into her where she is: the way may have led through another."""
    here = encode(Remap("", customer.id, customer.identity_epoch))
    return [Message("customer", was, "redirect", here) for was in customer.was]


def is_gone(customer: Customer, member: str, gone: Gone) -> None:
    """Note where a member went; of too many the oldest are forgotten."""
    customer.returned.pop(member, None)
    hear(customer, {member: gone})


def sent_on(customer: Customer, members: Iterable[str], epoch: int) -> None:
    """A redirect notes whom it sent on to the winner: should it live again, what still comes for
    them here goes the same way, and whoever is there knows where they are."""
    hear(customer, dict.fromkeys(members, Gone(customer.merged_into, epoch)))


def hand_back_resting_on(
    customer: Customer, identifier_hash: str, log_ms: int, *, because: str
) -> list[Message]:
    """Cut what an identifier joined within a day: first what hangs on it, then itself."""
    here = {n for n, m in customer.members.items() if identifier_hash in m.identifiers}
    today = [j for j in resting_on(identifier_hash, customer) if j.at_ms > log_ms - DAY_MS]
    messages: list[Message] = []
    for joining in sorted(today, key=lambda j: bool(here & leaves_with(customer, j))):
        if joining in customer.joinings:
            messages += hand_back(customer, joining, because=because)
    return messages


def refuse(customer: Customer, joined: Joined, joining: Joining) -> list[Message]:
    """An identifier that may not join becomes a customer of its own, with what joined it before."""
    member = customer.members.setdefault(joined.side.member, Member())
    member.identifiers[joined.side.hash] = joined.side.identifier
    customer.joinings = [*customer.joinings, joining]
    return hand_back(customer, joining, because="")


def take_back(customer: Customer, back: Return) -> list[Message]:
    """At who they were: live again, and every identifier's row is told."""
    customer.merged_into = ""
    take_in(customer, back.parcel)
    customer.apart = bounded([*customer.apart, *back.parcel.apart], customer.members)
    return [*remaps(customer, back.parcel.members), *redirects(customer)]


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
