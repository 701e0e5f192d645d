"""One record of customer.facts.v1 on the state of one customer. Read this file first.

Rule 1: the same state, record, rules and clock give the same state and decisions, byte for byte.
Rule 2: a loser of a merge answers nothing itself; what comes for it is forwarded to the winner.
Rule 3: conclusions are made in one place, `_conclude`, whatever it was that came.
"""

import msgspec

from adaptive_stream.engine import merge
from adaptive_stream.engine.clock import Clock
from adaptive_stream.engine.customer import Customer, Member
from adaptive_stream.engine.decide import decide
from adaptive_stream.engine.decision import (
    Cause,
    CustomerState,
    Decision,
    StateChanged,
    Transition,
)
from adaptive_stream.engine.fact import Fact, decode_fact
from adaptive_stream.engine.journey import Rules
from adaptive_stream.engine.keep import PART_OF, forget_old, keep_fact
from adaptive_stream.engine.message import Arrival, Message
from adaptive_stream.engine.public import public
from adaptive_stream.engine.view import fold
from adaptive_stream.engine.wake import wake_ms

AHEAD_MS = 300_000  # Clocks differ by minutes; what claims to be later is cut to log time.


class Stepped(msgspec.Struct, frozen=True):
    """The state afterwards (the argument, changed), and what has to be written and counted."""

    state: Customer
    decisions: tuple[Decision, ...] = ()
    messages: tuple[Message, ...] = ()
    wake_ms: int | None = None
    faults: tuple[str, ...] = ()


def step(state: Customer | None, arrival: Arrival, rules: Rules, clock: Clock) -> Stepped:
    """Apply one record. `state` is changed in place; it belongs to the caller's batch.

    Raises only for what cannot be (a bug): the caller parks the fact and keeps the old state.
    """
    customer = state if state is not None else Customer(id=arrival.key)
    if arrival.kind in ("merge.proposed", "merge.offer"):
        messages = merge.negotiate(customer, arrival.kind, arrival.body)
        return Stepped(customer, messages=tuple(messages), wake_ms=customer.wake_ms)
    if arrival.kind == "merge.go":
        return _go(customer, arrival, rules)
    if customer.merged_into:
        return _forward(customer, arrival)
    if arrival.kind == "fact":
        return _fact(customer, arrival, rules, clock)
    if arrival.kind == "joined":
        return _joined(customer, arrival, rules, clock)
    if arrival.kind == "absorb":
        return _absorb(customer, arrival, rules, clock)
    if arrival.kind == "tick":
        return _conclude(customer, rules, clock, cause=None, known_ms=clock.now_ms)
    raise AssertionError(f"no such record on customer.facts: {arrival.kind}")


def show(customer: Customer, rules: Rules, clock: Clock) -> CustomerState | None:
    """Her public state, to be said again; None of somebody of whom nothing was said yet."""
    if not customer.shown_ms:
        return None
    if customer.merged_into:
        view: dict[str, object] = {"merged_into": customer.merged_into}
    else:
        view = public(customer, fold(customer, clock, rules.policy))
    return CustomerState(customer.id, customer.state_seq, customer.shown_ms, view)


def _fact(customer: Customer, arrival: Arrival, rules: Rules, clock: Clock) -> Stepped:
    fact = decode_fact(arrival.body)
    faults: tuple[str, ...] = ()
    if fact.at_ms > arrival.log_ms + AHEAD_MS:
        fact = msgspec.structs.replace(
            fact, at_ms=arrival.log_ms, claimed_ms=fact.at_ms, time_source="cut"
        )
        faults = ("time_ahead",)
    member = customer.members.setdefault(arrival.member, Member())
    dropped = keep_fact(member, fact, arrival.log_ms)
    forget_old(customer, clock.now_ms)
    if "orders" in dropped:
        _forget_told_orders(customer)
    faults += tuple(f"dropped:{name}" for name in dropped)
    return _conclude(
        customer,
        rules,
        clock,
        cause=_cause(fact, arrival),
        known_ms=arrival.log_ms,
        faults=faults,
        shown=PART_OF.get(fact.type, "seen") != "seen",
    )


def _cause(fact: Fact, arrival: Arrival) -> Cause:
    return Cause(
        at_ms=fact.at_ms,
        id=fact.id,
        type=fact.type,
        channel=fact.channel,
        source=fact.source,
        position=arrival.cause,
        known_ms=arrival.log_ms,
    )


def _forget_told_orders(customer: Customer) -> None:
    kept = {key for member in customer.members.values() for key in member.parts.get("orders", {})}
    customer.told.orders = {k: told for k, told in customer.told.orders.items() if k in kept}


def _joined(customer: Customer, arrival: Arrival, rules: Rules, clock: Clock) -> Stepped:
    """An identifier belongs to a member. If the row thinks of a redirected customer, tell it."""
    joined = merge.decode_joined(arrival.body)
    member = customer.members.setdefault(arrival.member, Member())
    member.identifiers[joined.hash] = joined.identifier
    messages = (merge.remap(customer, joined.hash),) if customer.was else ()
    # Whoever looks her up by this identifier must find her, whether or not a fact follows.
    customer.shown_ms = arrival.log_ms
    state = show(customer, rules, clock)
    return Stepped(customer, (state,) if state else (), messages, customer.wake_ms)


def _go(customer: Customer, arrival: Arrival, rules: Rules) -> Stepped:
    """The winner agreed: ship everything, say the last word, and become a redirect."""
    winner = merge.decode_merge(arrival.body).winner
    if customer.merged_into:
        messages = merge.propose(customer.merged_into, winner)
        return Stepped(customer, messages=tuple(messages))
    messages = merge.ship(customer, winner)
    customer.state_seq += 1
    fields = {"into": winner}
    changed = StateChanged(
        customer=customer.id,
        state_seq=customer.state_seq,
        transitions=(Transition("customer.merged", arrival.log_ms, fields),),
        event_ms=arrival.log_ms,
        known_ms=arrival.log_ms,
        causes=(),
        led_to=(),
        rules=rules.id,
        identity_epoch=customer.identity_epoch,
        consent_epoch=customer.consent_epoch,
    )
    customer.shown_ms = arrival.log_ms
    last = CustomerState(customer.id, customer.state_seq, arrival.log_ms, {"merged_into": winner})
    return Stepped(customer, (changed, last), tuple(messages))


def _forward(customer: Customer, arrival: Arrival) -> Stepped:
    if arrival.kind == "tick":
        return Stepped(customer)  # It was in the index for what it was before it was merged.
    message = Message(
        "customer", customer.merged_into, arrival.kind, arrival.body, member=arrival.member
    )
    return Stepped(customer, messages=(message,))


def _absorb(customer: Customer, arrival: Arrival, rules: Rules, clock: Clock) -> Stepped:
    absorb, remaps = merge.adopt(customer, arrival.body)
    was = (absorb.loser, *absorb.was)
    merged = Transition("customer.merged", arrival.log_ms, {"was": was})
    # The link is the cause, but no fact of hers: what it brings to light has causes of its own.
    cause = Cause(arrival.log_ms, f"merge-{absorb.loser}", merged.name, position=arrival.cause)
    stepped = _conclude(
        customer,
        rules,
        clock,
        cause=cause,
        known_ms=arrival.log_ms,
        transitions=(merged,),
        was=was,
    )
    return msgspec.structs.replace(stepped, messages=tuple(remaps))


def _conclude(
    customer: Customer,
    rules: Rules,
    clock: Clock,
    *,
    cause: Cause | None,
    known_ms: int,
    faults: tuple[str, ...] = (),
    transitions: tuple[Transition, ...] = (),
    was: tuple[str, ...] = (),
    shown: bool = False,
) -> Stepped:
    """Fold the view, judge every journey, say what is new, and note when to look again.

    `shown`: the public state is another, even if nothing of it is worth a transition.
    """
    view = fold(customer, clock, rules.policy)
    clocks = rules.clocks(clock)
    decisions, not_started = decide(
        customer,
        view,
        rules,
        clocks,
        cause=cause,
        known_ms=known_ms,
        transitions=transitions,
        was=was,
        shown=shown,
    )
    customer.wake_ms = wake_ms(customer, view, rules, clock, clocks)
    faults += tuple(f"not_started:{name}" for name in not_started)
    return Stepped(customer, tuple(decisions), (), customer.wake_ms, faults)
