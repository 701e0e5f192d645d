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
from adaptive_stream.engine.keep import (
    MEMBERS_MAX,
    PART_OF,
    forget_old,
    keep_fact,
    keep_identifier,
    keep_small,
)
from adaptive_stream.engine.message import Arrival, Message
from adaptive_stream.engine.occasion import Occasion
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
        if len(customer.members) >= MEMBERS_MAX:
            return Stepped(customer, wake_ms=customer.wake_ms, faults=("not_merged:members",))
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
        return _conclude(customer, Occasion(clock.now_ms), rules, clock)
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
    dropped += keep_small(customer, len(arrival.body))
    faults += tuple(f"dropped:{name}" for name in dropped)
    public_part = PART_OF.get(fact.type, "seen") != "seen" or fact.type == "fact.retracted"
    asleep = customer.wake_ms is None or customer.wake_ms > clock.now_ms
    if asleep and not public_part and fact.type not in rules.hears:
        return Stepped(customer, wake_ms=customer.wake_ms, faults=faults)  # Nobody listens for it.
    occasion = Occasion(arrival.log_ms, _cause(fact, arrival), shown=public_part)
    return _conclude(customer, occasion, rules, clock, faults)


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


def _joined(customer: Customer, arrival: Arrival, rules: Rules, clock: Clock) -> Stepped:
    """An identifier belongs to a member. If the row thinks of a redirected customer, tell it."""
    joined = merge.decode_joined(arrival.body)
    member = customer.members.setdefault(arrival.member, Member())
    dropped = keep_identifier(customer, member, joined.hash, joined.identifier)
    messages = (merge.remap(customer, joined.hash),) if customer.was else ()
    # Whoever looks her up by this identifier must find her, whether or not a fact follows.
    customer.shown_ms = arrival.log_ms
    shown = show(customer, rules, clock)
    faults = ("dropped:identifiers",) if dropped else ()
    return Stepped(customer, (shown,) if shown else (), messages, customer.wake_ms, faults)


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
    dropped = keep_small(customer, len(arrival.body))
    # The link is the cause, but no fact of hers: what it brings to light has causes of its own.
    name = f"merge-{absorb.loser}"
    cause = Cause(arrival.log_ms, name, "customer.merged", position=arrival.cause)
    occasion = Occasion(arrival.log_ms, cause, absorbed=(absorb.loser, *absorb.was))
    faults = tuple(f"dropped:{part}" for part in dropped)
    stepped = _conclude(customer, occasion, rules, clock, faults)
    return msgspec.structs.replace(stepped, messages=tuple(remaps))


def _conclude(
    customer: Customer,
    occasion: Occasion,
    rules: Rules,
    clock: Clock,
    faults: tuple[str, ...] = (),
) -> Stepped:
    """Fold the view, judge every journey, say what is new, and note when to look again."""
    forget_old(customer, clock.now_ms)
    view = fold(customer, clock, rules.policy)
    clocks = rules.clocks(clock)
    decisions, judgement = decide(customer, view, rules, clocks, occasion)
    customer.wake_ms = wake_ms(judgement, rules, clock, clocks)
    faults += tuple(f"not_started:{name}" for name in judgement.not_started)
    return Stepped(customer, tuple(decisions), (), customer.wake_ms, faults)
