"""Whose is it? One row for each identifier: the member that it makes, and her customer.

Rule 1: an identifier's member never changes; its customer changes only by a remap of a later epoch.
Rule 2: an identifier that nobody knows joins the customer of the fact that names it, as a member
of its own, so that it can leave again; one that somebody else has proposes a merge, at the
customers' partitions, never here.
Rule 3: a mute identifier speaks for nobody: a fact goes by the next identifier that it names, or to
a customer without a name.
Rule 4: the body of a fact is passed on undecoded, but for receipts of a card whose pace is watched.
"""

import msgspec

from adaptive_stream.engine import endpoint, merge
from adaptive_stream.engine.allowed import Side
from adaptive_stream.engine.fact import decode_fact
from adaptive_stream.engine.guard import DAY_MS, MUTE_REASONS, IdentityPolicy, kind_of
from adaptive_stream.engine.identifier import customer_id, member_id
from adaptive_stream.engine.message import Arrival, Message
from adaptive_stream.engine.row import Row, decode_row, encode_row

LINKS_MAX = 64  # A device that meets more people than this pays a little more for each link again.
REQUESTS = frozenset(("customer.merge", "customer.unmerge", "identity.unlinked"))
PACED_FACT = "order.completed"
DEFAULTS = IdentityPolicy()

__all__ = ("Resolved", "Row", "decode_row", "encode_row", "resolve")


class Link(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of a `link`: the identifier that was named with this one (its side), and this one
    in plain text. `override`: a person insists (customer.merge)."""

    identifier: str
    by: Side
    override: bool = False


class Resolved(msgspec.Struct, frozen=True):
    """The row afterwards (None: forgotten), and what has to be written. `changed`: store it."""

    row: Row | None
    messages: tuple[Message, ...]
    changed: bool


decode_link = msgspec.json.Decoder(Link).decode


def resolve(row: Row | None, arrival: Arrival, policy: IdentityPolicy = DEFAULTS) -> Resolved:
    """One record of identity.facts.v1 on the row of its key (an identifier hash)."""
    if arrival.kind == "fact":
        return _fact(row, arrival, policy)
    if arrival.kind == "link":
        return _link(row, arrival, policy)
    if arrival.kind == "unlink":
        return _unlink(row, policy)
    if arrival.kind == "remap":
        return _remap(row, arrival)
    if arrival.kind == "contest":
        return _contest(row, arrival, policy)
    if arrival.kind == "forget":
        return _forget(row, arrival)
    if arrival.kind == "hold":
        return _hold(row, arrival)
    if arrival.kind == "endpoint":
        return _endpoint(row, arrival)
    raise AssertionError(f"no such record on identity.facts: {arrival.kind}")


def _fact(row: Row | None, arrival: Arrival, policy: IdentityPolicy) -> Resolved:
    messages: list[Message] = []
    # Behind the links: an address that is linked is a name by then, and answers for itself.
    others = endpoint.tell_others(arrival) if arrival.type in endpoint.FACTS else []
    if arrival.type in endpoint.FACTS and row is not None and not row.member:
        return _of_nobody(row, arrival, others)
    changed = row is None or not row.member
    if row is None or not row.member:
        named = decode_fact(arrival.body).identifiers
        # A mute one hands a fact on with the identifiers behind it: the routed one is not always
        # the first, but always the one before those.
        row = _made(row, arrival, named[-1 - len(arrival.ids)])
        messages += _joined(row, arrival.key, None)
    if arrival.type in endpoint.FACTS:
        told, said = endpoint.say(row, arrival.body)
        messages += told
        changed |= said
    changed |= _seen(row, arrival, policy)
    if arrival.type == PACED_FACT and kind_of(row.identifier) in policy.pace:
        changed |= _receipt(row, arrival, policy, messages)
    if _is_mute(row, arrival):
        if arrival.type in endpoint.FACTS and kind_of(row.identifier) in endpoint.KINDS:
            messages.append(_to_own(row, arrival))  # Her refusal counts, whoever she may be.
            if not arrival.ids:
                return Resolved(row, tuple(messages), changed)
        return _mute_fact(row, arrival, [*messages, *others], changed=changed)
    messages.append(_to_own(row, arrival))
    messages += endpoint.hold(arrival, row.customer, row.member)
    changed |= _tell_others(row, arrival, policy, messages)
    return Resolved(row, (*messages, *others), changed)


def _made(row: Row | None, arrival: Arrival, identifier: str, customer: str = "") -> Row:
    """An identifier's first sight as a name: from now on it is a member. `customer`: of whom."""
    own = customer_id(arrival.log_ms, arrival.key)
    row = row or Row(identifier, "", "")
    row.member, row.customer = member_id(own), customer or own
    return row


def _to_own(row: Row, arrival: Arrival) -> Message:
    return Message("customer", row.customer, "fact", arrival.body, member=row.member)


def _of_nobody(row: Row, arrival: Arrival, messages: list[Message]) -> Resolved:
    """An answer from an address that names nobody: to all who hold it, and by the next name."""
    told, changed = endpoint.say(row, arrival.body)
    messages += told
    if arrival.ids:
        messages.append(_handed_on(arrival))
    return Resolved(row, tuple(messages), changed)


def _handed_on(arrival: Arrival) -> Message:
    """A fact by the next identifier that it names."""
    (next_hash, _), *rest = arrival.ids
    return Message(
        "identity",
        next_hash,
        "fact",
        arrival.body,
        ids=tuple(rest),
        type=arrival.type,
        contacts=arrival.contacts,
    )


def _is_mute(row: Row, arrival: Arrival) -> bool:
    return row.loose or (row.mute and arrival.log_ms < row.contested_until_ms)


def _receipt(row: Row, arrival: Arrival, policy: IdentityPolicy, messages: list[Message]) -> bool:
    """Count an order of a card; one too many in a day, and the card is a cashier's."""
    kind, day = kind_of(row.identifier), arrival.log_ms // DAY_MS
    fact = decode_fact(arrival.body)
    order = str(fact.data.get("order") or fact.id)
    if row.day != day:
        row.day, row.receipts = day, []
    if order not in row.receipts:
        row.receipts = [*row.receipts, order][: policy.pace[kind] + 1]
    if len(row.receipts) > policy.pace[kind] and arrival.log_ms >= row.contested_until_ms:
        messages.append(_contested(row, arrival, "pace", policy))
    return True


def _mute_fact(row: Row, arrival: Arrival, messages: list[Message], *, changed: bool) -> Resolved:
    """By the next identifier that the fact names, or to nobody."""
    if arrival.ids:
        return Resolved(row, (*messages, _handed_on(arrival)), changed)
    if not row.stray:
        row.stray = customer_id(arrival.log_ms, arrival.key[::-1])
        changed = True
    fact = Message("customer", row.stray, "fact", arrival.body, member=member_id(row.stray))
    return Resolved(row, (*messages, fact), changed)


def _tell_others(
    row: Row, arrival: Arrival, policy: IdentityPolicy, messages: list[Message]
) -> bool:
    """Links to the other identifiers of the fact, once each. Returns whether the row changed."""
    others = [(h, text) for h, text in arrival.ids if h != arrival.key]
    by = row.side(arrival.key)
    if arrival.type == "identity.unlinked":
        messages += [Message("identity", h, "unlink", merge.encode(by)) for h, _ in others]
        return _forget_links(row, {h for h, _ in others})
    if arrival.type == "customer.unmerge":  # To be linked again is news, and has to be refused.
        return _forget_links(row, {h for h, _ in others})
    override = arrival.type == "customer.merge"
    again_ms = (
        arrival.log_ms - policy.contested_for_ms
    )  # It may have been refused, and be good now.
    new = [(h, text) for h, text in others if override or row.links.get(h, again_ms) <= again_ms]
    for identifier_hash, text in new:
        body = merge.encode(Link(text, by, override))
        messages.append(Message("identity", identifier_hash, "link", body))
        row.links.pop(identifier_hash, None)
        row.links[identifier_hash] = arrival.log_ms
    while len(row.links) > LINKS_MAX:
        del row.links[next(iter(row.links))]
    return bool(new)


def _seen(row: Row, arrival: Arrival, policy: IdentityPolicy) -> bool:
    """Note the day on which a thing was last seen: it may be all that is known of a stranger."""
    day = arrival.log_ms // DAY_MS
    if day <= row.seen_day or not policy.is_weak(kind_of(row.identifier)):
        return False
    row.seen_day = day
    return True


def _forget_links(row: Row, hashes: set[str]) -> bool:
    before, row.links = row.links, {h: at for h, at in row.links.items() if h not in hashes}
    return before != row.links


def _link(row: Row | None, arrival: Arrival, policy: IdentityPolicy) -> Resolved:
    link = decode_link(arrival.body)
    if row is None or not row.member:
        row = _made(row, arrival, link.identifier, link.by.customer)
        return Resolved(row, tuple(_joined(row, arrival.key, link.by)), True)
    changed = _seen(row, arrival, policy) or row.loose
    row.loose = False
    if row.customer == link.by.customer:
        return Resolved(row, (), changed)
    if row.mute and arrival.log_ms < row.contested_until_ms and not link.override:
        return Resolved(row, (), changed)
    proposal = merge.propose(row.side(arrival.key), link.by, override=link.override)
    return Resolved(row, tuple(proposal), changed)


def _unlink(row: Row | None, policy: IdentityPolicy) -> Resolved:
    """She has logged out of it: who uses it next is not known. Her address stays hers."""
    if row is None or row.loose or not policy.is_weak(kind_of(row.identifier)):
        return Resolved(row, (), False)
    row.loose = True
    return Resolved(row, (), True)


def _remap(row: Row | None, arrival: Arrival) -> Resolved:
    remap = merge.decode_remap(arrival.body)
    # Each time that a member moves, its epoch grows: the highest is the newest word.
    if row is None or remap.member != row.member or remap.epoch <= row.epoch:
        return Resolved(row, (), False)
    row.customer, row.epoch = remap.customer, remap.epoch
    row.links = {}  # What it was linked to need not be hers any more.
    return Resolved(row, (), True)


def _contest(row: Row | None, arrival: Arrival, policy: IdentityPolicy) -> Resolved:
    contest = merge.decode_contest(arrival.body)
    worse = contest.reason in MUTE_REASONS
    if row is None or (arrival.log_ms < row.contested_until_ms and (row.mute or not worse)):
        return Resolved(row, (), False)  # It is contested already, and everybody was told.
    return Resolved(row, (_contested(row, arrival, contest.reason, policy),), True)


def _contested(row: Row, arrival: Arrival, reason: str, policy: IdentityPolicy) -> Message:
    row.contested_until_ms = arrival.log_ms + policy.contested_for_ms
    row.mute = reason in MUTE_REASONS
    body = merge.encode(merge.Contest(reason, row.identifier, row.contested_until_ms))
    return Message("customer", row.customer, "contested", body, member=row.member)


def _forget(row: Row | None, arrival: Arrival) -> Resolved:
    """Its customer is to be forgotten; unless it belongs to another by now, or was seen since:
    she will hear of that."""
    asked = merge.decode_forget(arrival.body)
    if row is None or row.customer != asked.customer or row.seen_day > asked.seen_ms // DAY_MS:
        return Resolved(row, (), False)
    body = arrival.key.encode()
    done = Message("customer", row.customer, "forgotten", body, member=row.member)
    return Resolved(None, (done,), True)


def _hold(row: Row | None, arrival: Arrival) -> Resolved:
    """Somebody says that she can be reached here."""
    holder = endpoint.decode_holder(arrival.body)
    row = row or Row(holder.identifier, "", "")
    if holder.member == row.member:
        return Resolved(row, (), False)
    messages, changed = endpoint.held(row, holder)
    return Resolved(row, tuple(messages), changed)


def _endpoint(row: Row | None, arrival: Arrival) -> Resolved:
    """What a fact that goes by another identifier says of this address."""
    ((_, text),) = arrival.ids
    row = row or Row(text, "", "")
    messages, changed = endpoint.say(row, arrival.body)
    if row.member:  # It is somebody's name as well: whatever becomes of the link, it binds her.
        messages.append(_to_own(row, arrival))
    return Resolved(row, tuple(messages), changed)


def _joined(row: Row, identifier_hash: str, by: Side | None) -> list[Message]:
    joined = merge.encode(merge.Joined(row.side(identifier_hash), by))
    return [
        Message("customer", row.customer, "joined", joined, member=row.member),
        *endpoint.known_to(row, row.customer, row.member),
    ]
