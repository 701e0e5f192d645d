"""What makes customers one and what parts them, as steps of their own state.

merge.py and parting.py move members; here is what is told of it, and what is judged again.
"""

import msgspec

from adaptive_stream.engine import allowed, merge, parting
from adaptive_stream.engine.allowed import Known, Side
from adaptive_stream.engine.conclude import Stepped, conclude
from adaptive_stream.engine.context import Given
from adaptive_stream.engine.customer import Contested, Customer, Gone, Joining, Member
from adaptive_stream.engine.decision import Cause, CustomerState, StateChanged, Transition
from adaptive_stream.engine.fact import Fact
from adaptive_stream.engine.guard import has_person, kind_of, over_limit
from adaptive_stream.engine.identifier import customer_of, member_id
from adaptive_stream.engine.journey import Rules
from adaptive_stream.engine.keep import keep_small
from adaptive_stream.engine.message import Arrival, Message
from adaptive_stream.engine.parcel import JOININGS_MAX


def negotiate(customer: Customer, arrival: Arrival, rules: Rules) -> Stepped:
    """merge.proposed, merge.offer, merge.go."""
    if arrival.kind == "merge.proposed":
        return _unchanged(
            customer, merge.proposed(customer, arrival.body, arrival.log_ms, rules.identity)
        )
    if arrival.kind == "merge.offer":
        messages, reason = merge.offered(customer, arrival.body, arrival.log_ms, rules.identity)
        faults = (f"link_refused:{reason}",) if reason else ()
        return msgspec.structs.replace(_unchanged(customer, messages), faults=faults)
    agreed = merge.decode_merge(arrival.body)
    elsewhere = merge.moved(customer, agreed.loser)
    if elsewhere:
        again = merge.propose(elsewhere, agreed.winner, override=agreed.override)
        return _unchanged(customer, again)
    return _ship(customer, agreed, arrival, rules)


def _unchanged(customer: Customer, messages: list[Message]) -> Stepped:
    return Stepped(customer, messages=tuple(messages), wake_ms=customer.wake_ms)


def _ship(customer: Customer, agreed: merge.Merge, arrival: Arrival, rules: Rules) -> Stepped:
    """The winner agreed: ship everything, say the last word, and become a redirect."""
    winner = agreed.winner.customer
    messages = merge.ship(customer, agreed, arrival.log_ms)
    customer.state_seq += 1
    customer.wake_ms = arrival.log_ms + rules.identity.sealed_after_ms
    customer.shown_ms = arrival.log_ms
    changed = StateChanged(
        customer=customer.id,
        state_seq=customer.state_seq,
        transitions=(Transition("customer.merged", arrival.log_ms, {"into": winner}),),
        event_ms=arrival.log_ms,
        known_ms=arrival.log_ms,
        causes=(),
        led_to=(),
        rules=rules.id,
        identity_epoch=customer.identity_epoch,
        consent_epoch=customer.consent_epoch,
    )
    last = CustomerState(customer.id, customer.state_seq, arrival.log_ms, {"merged_into": winner})
    return Stepped(customer, (changed, last), tuple(messages), customer.wake_ms)


def absorb(customer: Customer, arrival: Arrival, rules: Rules, given: Given) -> Stepped:
    """The winner takes a loser in, and everything is judged again."""
    shipped = merge.decode_absorb(arrival.body)
    if customer.merged_into:
        parcel = shipped.parcel
        parting.sent_on(customer, parcel.members, parcel.identity_epoch)
        message = Message("customer", customer.merged_into, arrival.kind, arrival.body)
        return _unchanged(customer, [message])
    winner = merge.moved(customer, shipped.by.winner)
    if winner:  # Whom the loser was linked to is not here any more: she is asked there.
        again = merge.propose(shipped.by.loser, winner, override=shipped.by.override)
        sent_back = parting.send_back(customer, shipped, "moved")
        return _unchanged(customer, [*sent_back, *again, *merge.awaited(customer)])
    reason, told = _refused_now(customer, shipped, arrival.log_ms, rules)
    if reason:
        sent_back = parting.send_back(customer, shipped, reason)
        refused = _unchanged(customer, [*told, *sent_back, *merge.awaited(customer)])
        return msgspec.structs.replace(refused, faults=(f"link_refused:{reason}",))
    remaps = merge.adopt(customer, shipped, arrival.log_ms)
    dropped = tuple(f"dropped:{part}" for part in keep_small(customer, len(arrival.body)))
    was = (shipped.customer, *shipped.parcel.was)
    merged = Transition("customer.merged", arrival.log_ms, {"was": was})
    return conclude(
        customer,
        rules,
        given,
        cause=_cause(arrival, f"merge-{shipped.customer}", merged.name),
        known_ms=arrival.log_ms,
        transitions=(merged,),
        was=was,
        messages=(*remaps, *merge.awaited(customer)),
        faults=dropped,
    )


def _refused_now(
    customer: Customer, shipped: merge.Absorb, log_ms: int, rules: Rules
) -> tuple[str, list[Message]]:
    """Since the guards agreed either side may have grown."""
    by = shipped.by
    if by.override:
        return "", []
    mine = allowed.known(customer, by.winner, log_ms, rules.identity)
    theirs = allowed.known(shipped.parcel, by.loser, log_ms, rules.identity)
    return allowed.refused(mine, theirs, by.winner, by.loser, rules.identity)


def _cause(arrival: Arrival, name: str, type_: str) -> Cause:
    """A link is the cause, but no fact of hers: what it brings to light has causes of its own."""
    return Cause(arrival.log_ms, name, type_, position=arrival.cause)


def joined(customer: Customer, arrival: Arrival, rules: Rules, given: Given) -> Stepped:
    """An identifier becomes a member, if the guards allow it."""
    body = merge.decode_joined(arrival.body)
    side, by = body.side, body.by
    elsewhere = merge.moved(customer, by or side)
    if elsewhere:
        return _pass_on(customer, body, arrival, elsewhere.customer)
    messages: list[Message] = []
    reason = ""
    if by is not None and by.member == member_id(customer.id):
        # A link may be quicker than word of her first member; the guards have to know it.
        first = customer.members.setdefault(by.member, Member())
        first.identifiers[by.hash] = by.identifier
    if by is not None and not customer.has(side.member):
        joining = Joining(
            customer=customer_of(side.member),
            end=side.member,
            beside=by.member,
            at_ms=arrival.log_ms,
            by=by.hash,
            named=side.hash,
        )
        mine = allowed.known(customer, by, arrival.log_ms, rules.identity)
        theirs = Known([side.identifier], [side.member])
        reason, told = allowed.refused(mine, theirs, by, side, rules.identity)
        if reason:
            messages = [*told, *parting.refuse(customer, body, joining)]
        else:
            messages = _make_room(customer, side.identifier, by, rules)
            customer.joinings = [*customer.joinings, joining][-JOININGS_MAX:]
    if not reason:
        member = customer.members.setdefault(side.member, Member())
        member.identifiers[side.hash] = side.identifier
        customer.seen_ms = max(customer.seen_ms, arrival.log_ms)
        if side.customer != customer.id:  # Its row thinks of somebody who was merged or parted.
            customer.identity_epoch = max(customer.identity_epoch, 1)
            messages.append(merge.remap(customer, side.member, side.hash))
    return conclude(
        customer,
        rules,
        given,
        cause=_cause(arrival, f"joined-{side.member}", "identity.linked"),
        known_ms=arrival.log_ms,
        messages=(*messages, *merge.awaited(customer)),
        faults=(f"link_refused:{reason}",) if reason else (),
        shown=not reason,  # Whoever looks her up by this identifier must find her.
    )


def _pass_on(customer: Customer, body: merge.Joined, arrival: Arrival, to: str) -> Stepped:
    """An identifier follows the one that named it, and what it has named itself follows it.

    Its facts come here until its row knows better.
    """
    side, by = body.side, body.by
    messages = [Message("customer", to, arrival.kind, arrival.body, member=arrival.member)]
    if customer.merged_into:
        parting.sent_on(customer, [side.member], 0)  # Any other word of it is newer.
    if customer.merged_into or by is None:
        return _unchanged(customer, messages)
    led = customer.returned.get(by.member) or customer.returned[member_id(by.customer)]
    parting.is_gone(customer, side.member, Gone(to, led.epoch))
    for joining in [j for j in customer.joinings if j.beside == side.member]:
        text = customer.members[joining.end].identifiers[joining.named]
        back = parting.hand_back(customer, joining, because="")
        one = Side(back[0].key, joining.end, joining.named, text)
        messages += [*back, *merge.propose(one, msgspec.structs.replace(side, customer=to))]
    return _unchanged(customer, [*messages, *merge.awaited(customer)])


def _make_room(customer: Customer, identifier: str, by: Side, rules: Rules) -> list[Message]:
    """Of a type that names things, the one that came first leaves for a new one."""
    kind = kind_of(identifier)
    same = [i for i in customer.identifiers() if kind_of(i) == kind]
    if not over_limit([*same, identifier], rules.identity):
        return []
    for joining in customer.joinings:
        group = parting.leaves_with(customer, joining)
        names = [i for name in group for i in customer.members[name].identifiers.values()]
        of_kind = any(kind_of(i) == kind for i in names)
        if of_kind and by.member not in group and not has_person(names, rules.identity):
            return parting.hand_back(customer, joining, because="")
    return []


def contested(customer: Customer, arrival: Arrival, rules: Rules, given: Given) -> Stepped:
    """An identifier of hers has stopped proving who somebody is; what rested on it today leaves."""
    body = merge.decode_contest(arrival.body)
    identifier, reason = body.identifier, body.reason
    messages: list[Message] = []
    customer.seen_ms = max(customer.seen_ms, arrival.log_ms)
    customer.contested[identifier] = Contested(reason, body.until_ms)
    if reason == "pace":
        hashes = [
            h
            for member in customer.members.values()
            for h, text in member.identifiers.items()
            if text == identifier
        ]
        for h in hashes:
            messages += parting.hand_back_resting_on(
                customer, h, arrival.log_ms, because="contested"
            )
    fields = {"key": identifier, "identifier": identifier, "reason": reason}
    return conclude(
        customer,
        rules,
        given,
        cause=_cause(arrival, f"contested-{arrival.member}", "identity.contested"),
        known_ms=arrival.log_ms,
        transitions=(Transition("identity.contested", arrival.log_ms, fields),),
        messages=(*messages, *merge.awaited(customer)),
    )


def unmerge(customer: Customer, fact: Fact, cause: Cause, rules: Rules, given: Given) -> Stepped:
    """Give back what joined two identifiers, and keep them apart."""
    names = (*fact.identifiers, "", "")[:2]
    one, other = (parting.home_of(customer, name) for name in names)
    joining = parting.joining_between(customer, one, other)
    sealed_ms = cause.known_ms - rules.identity.sealed_after_ms
    if joining is None or joining.at_ms <= sealed_ms:
        wake = customer.wake_ms
        return Stepped(customer, wake_ms=wake, faults=("unmerge:sealed_or_never_joined",))
    group = parting.leaves_with(customer, joining)
    sends = parting.sends_since(customer.members, joining.at_ms)
    pairs = ((joining.beside, joining.end), (one, other))
    messages = parting.hand_back(customer, joining, because="unmerged", apart=pairs)
    customer.seen_ms = max(customer.seen_ms, cause.known_ms)  # Others still ask here for the way.
    fields: dict[str, object] = {
        "key": messages[0].key,
        "from": messages[0].key,
        "members": sorted(group),
        "contacts_that_rested_on_it": sends,
    }
    return conclude(
        customer,
        rules,
        given,
        cause=cause,
        known_ms=cause.known_ms,
        transitions=(Transition("customer.unmerged", cause.at_ms, fields),),
        messages=(*messages, *merge.awaited(customer)),
    )


def returned(customer: Customer, arrival: Arrival, rules: Rules, given: Given) -> Stepped:
    """Members are back where they were before a merge."""
    back = parting.decode_return(arrival.body)
    remaps = parting.take_back(customer, back)
    customer.seen_ms = max(customer.seen_ms, arrival.log_ms)
    transitions: tuple[Transition, ...] = ()
    type_ = "customer.unmerge"
    if back.because:
        fields: dict[str, object] = {"key": customer.id, "members": sorted(back.parcel.members)}
        transitions = (Transition("customer.unmerged", arrival.log_ms, fields),)
    return conclude(
        customer,
        rules,
        given,
        cause=_cause(arrival, f"return-{customer.id}", type_),
        known_ms=arrival.log_ms,
        transitions=transitions,
        messages=(*remaps, *merge.awaited(customer)),
        shown=True,
    )


def redirect(customer: Customer, arrival: Arrival) -> Stepped:
    """Whoever she was merged into was two: the one that she is has another id now."""
    now = merge.decode_remap(arrival.body)
    if not customer.merged_into or now.epoch <= customer.identity_epoch:
        return _unchanged(customer, [])
    customer.merged_into, customer.identity_epoch = now.customer, now.epoch
    view: dict[str, object] = {"merged_into": now.customer}
    last = CustomerState(customer.id, customer.state_seq, arrival.log_ms, view)
    return Stepped(customer, (last,), wake_ms=customer.wake_ms)
