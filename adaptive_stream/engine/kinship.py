"""What makes customers one and what parts them, as steps of their own state.

merge.py and parting.py move members; here is what is told of it, and what is judged again.
"""

import msgspec

from adaptive_stream.engine import merge, parting
from adaptive_stream.engine.clock import Clock
from adaptive_stream.engine.conclude import Stepped, conclude
from adaptive_stream.engine.customer import Customer, Joining, Member
from adaptive_stream.engine.decision import Cause, CustomerState, StateChanged, Transition
from adaptive_stream.engine.fact import Fact
from adaptive_stream.engine.guard import DAY_MS, kind_of, over_limit
from adaptive_stream.engine.identifier import customer_of
from adaptive_stream.engine.journey import Rules
from adaptive_stream.engine.message import Arrival, Message


def negotiate(customer: Customer, arrival: Arrival, rules: Rules) -> Stepped:
    """merge.proposed, merge.offer, merge.go."""
    if arrival.kind == "merge.proposed":
        return _unchanged(customer, merge.proposed(customer, arrival.body))
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


def absorb(customer: Customer, arrival: Arrival, rules: Rules, clock: Clock) -> Stepped:
    """The winner takes a loser in, and everything is judged again."""
    shipped = merge.decode_absorb(arrival.body)
    remaps = merge.adopt(customer, shipped, arrival.log_ms)
    _seal(customer, arrival.log_ms, rules)
    was = (shipped.customer, *shipped.was)
    merged = Transition("customer.merged", arrival.log_ms, {"was": was})
    return conclude(
        customer,
        rules,
        clock,
        cause=_cause(arrival, f"merge-{shipped.customer}", merged.name),
        known_ms=arrival.log_ms,
        transitions=(merged,),
        was=was,
        messages=tuple(remaps),
    )


def _cause(arrival: Arrival, name: str, type_: str) -> Cause:
    """A link is the cause, but no fact of hers: what it brings to light has causes of its own."""
    return Cause(arrival.log_ms, name, type_, position=arrival.cause)


def _seal(customer: Customer, log_ms: int, rules: Rules) -> None:
    """What joined so long ago stays: what is kept for parting is bounded."""
    oldest_ms = log_ms - rules.identity.sealed_after_ms
    customer.joinings = [j for j in customer.joinings if j.at_ms > oldest_ms]


def joined(customer: Customer, arrival: Arrival, rules: Rules, clock: Clock) -> Stepped:
    """An identifier becomes a member, if the guards allow it."""
    body = merge.decode_joined(arrival.body)
    side, by = body.side, body.by
    messages: list[Message] = []
    faults: tuple[str, ...] = ()
    if by is not None and side.member not in customer.members:
        reason = _refusal(customer, side, by, arrival.log_ms, rules)
        if reason:
            messages = [*parting.refuse(customer, body), merge.contest(side, by, reason)]
            if reason == "pace":
                messages[-1] = merge.contest(by, by, reason)
            refused = _unchanged(customer, messages)
            return msgspec.structs.replace(refused, faults=(f"link_refused:{reason}",))
        messages += _make_room(customer, side.identifier, rules)
        customer.joinings.append(
            Joining(
                customer=customer_of(side.member),
                members=[side.member],
                beside=by.member,
                at_ms=arrival.log_ms,
                by=by.hash,
                named=side.hash,
            )
        )
        customer.joinings = customer.joinings[-merge.JOININGS_MAX :]
    member = customer.members.setdefault(side.member, Member())
    member.identifiers[side.hash] = side.identifier
    customer.seen_ms = max(customer.seen_ms, arrival.log_ms)
    if side.customer != customer.id:  # Its row thinks of somebody who was merged into this one.
        customer.identity_epoch = max(customer.identity_epoch, 1)
        messages.append(merge.remap(customer, side.hash))
    return conclude(
        customer,
        rules,
        clock,
        cause=_cause(arrival, f"joined-{side.member}", "identity.linked"),
        known_ms=arrival.log_ms,
        messages=tuple(messages),
        faults=faults,
        shown=True,  # Whoever looks her up by this identifier must find her.
    )


def _refusal(
    customer: Customer, side: merge.Side, by: merge.Side, log_ms: int, rules: Rules
) -> str:
    policy = rules.identity
    if merge.links_today(customer, by, log_ms) >= policy.links_per_day:
        return "pace"
    kind = kind_of(side.identifier)
    if policy.is_weak(kind):
        return ""  # There is room for it: the one that was not seen for longest goes.
    same = [i for i in customer.identifiers() if kind_of(i) == kind]
    return "limit" if over_limit([*same, side.identifier], policy) else ""


def _make_room(customer: Customer, identifier: str, rules: Rules) -> list[Message]:
    """Of a type that names things, the one that was not seen for longest leaves for a new one."""
    kind = kind_of(identifier)
    same = [i for i in customer.identifiers() if kind_of(i) == kind]
    if not over_limit([*same, identifier], rules.identity):
        return []
    joinings = [
        joining
        for joining in customer.joinings
        if any(kind_of(i) == kind for m in joining.members for i in _named(customer, m))
    ]
    if not joinings:
        return []
    return parting.hand_back(customer, joinings[0], because="", apart=False)


def _named(customer: Customer, member: str) -> list[str]:
    return list(customer.members[member].identifiers.values()) if member in customer.members else []


def contested(customer: Customer, arrival: Arrival, rules: Rules, clock: Clock) -> Stepped:
    """An identifier of hers has stopped proving who somebody is; what rested on it today leaves."""
    body = msgspec.json.decode(arrival.body, type=dict[str, str])
    identifier, reason = body["identifier"], body["reason"]
    messages: list[Message] = []
    if reason == "pace":
        hashes = {
            h
            for m in customer.members.values()
            for h, i in m.identifiers.items()
            if i == identifier
        }
        for joining in list(customer.joinings):
            if joining.by in hashes and joining.at_ms > arrival.log_ms - DAY_MS:
                messages += parting.hand_back(customer, joining, because="contested", apart=False)
    customer.contested[identifier] = reason
    fields = {"key": identifier, "identifier": identifier, "reason": reason}
    return conclude(
        customer,
        rules,
        clock,
        cause=_cause(arrival, f"contested-{arrival.member}", "identity.contested"),
        known_ms=arrival.log_ms,
        transitions=(Transition("identity.contested", arrival.log_ms, fields),),
        messages=tuple(messages),
    )


def unmerge(customer: Customer, fact: Fact, cause: Cause, rules: Rules, clock: Clock) -> Stepped:
    """Give back what joined two identifiers, and keep them apart."""
    one, other = (*fact.identifiers, "", "")[:2]
    _seal(customer, cause.known_ms, rules)
    joining = parting.joining_between(customer, one, other)
    if joining is None:
        wake = customer.wake_ms
        return Stepped(customer, wake_ms=wake, faults=("unmerge:sealed_or_never_joined",))
    group = parting.group_of(customer, joining)
    sends = parting.sends_since(customer.members, joining.at_ms)
    messages = parting.hand_back(customer, joining, because="unmerged", apart=True)
    fields: dict[str, object] = {
        "key": joining.customer,
        "from": joining.customer,
        "members": group,
        "contacts_that_rested_on_it": sends,
    }
    return conclude(
        customer,
        rules,
        clock,
        cause=cause,
        known_ms=cause.known_ms,
        transitions=(Transition("customer.unmerged", cause.at_ms, fields),),
        messages=tuple(messages),
    )


def returned(customer: Customer, arrival: Arrival, rules: Rules, clock: Clock) -> Stepped:
    """Members are back where they were before a merge."""
    back = parting.decode_return(arrival.body)
    remaps = parting.take_back(customer, back)
    customer.seen_ms = max(customer.seen_ms, arrival.log_ms)
    transitions: tuple[Transition, ...] = ()
    type_ = "customer.unmerge"
    if back.because:
        fields: dict[str, object] = {"key": customer.id, "members": sorted(back.members)}
        transitions = (Transition("customer.unmerged", arrival.log_ms, fields),)
    return conclude(
        customer,
        rules,
        clock,
        cause=_cause(arrival, f"return-{customer.id}", type_),
        known_ms=arrival.log_ms,
        transitions=transitions,
        messages=tuple(remaps),
        shown=True,
    )
