"""One record of customer.facts.v1 on the state of one customer. Read this file first.

Rule 1: the same state, record, rules, clock and context give the same state and decisions, byte
for byte.
Rule 2: a loser of a merge answers nothing itself; what comes for it is forwarded to the winner.
Rule 3: conclusions are made in one place, conclude.py, whatever it was that came.
"""

import msgspec

from adaptive_stream.engine import forgetting, kinship
from adaptive_stream.engine.clock import Clock
from adaptive_stream.engine.conclude import (
    Stepped,
    asleep,
    conclude,
    forget_ms,
    is_named,
    show,
    unseen,
)
from adaptive_stream.engine.context import NOTHING, Context, Given
from adaptive_stream.engine.customer import Customer, Member
from adaptive_stream.engine.decision import Cause
from adaptive_stream.engine.fact import Fact, decode_fact
from adaptive_stream.engine.guard import DAY_MS
from adaptive_stream.engine.heeding import is_heard
from adaptive_stream.engine.journey import Rules
from adaptive_stream.engine.keep import PART_OF, UNSHOWN, keep_fact, keep_small
from adaptive_stream.engine.message import Arrival, Message
from adaptive_stream.engine.parts.registrations import FACTS as JOINED
from adaptive_stream.engine.start import of_history
from adaptive_stream.engine.view import View
from adaptive_stream.engine.wake import next_look_ms

# Part -> what is folded from it as well.
ALSO = {"orders": ("carts",), "cases": ("topics",)}
# Fact type -> the parts that a fact of it can change. What is not here can change anything.
TOUCHED = {
    type_: frozenset((part, *ALSO.get(part, ()), *(("registrations",) if type_ in JOINED else ())))
    for type_, part in PART_OF.items()
}
# What changes her public state the moment that it comes.
SHOWN = {type_ for type_, part in PART_OF.items() if part not in UNSHOWN} | {"fact.retracted"}
AHEAD_MS = 300_000  # Clocks differ by minutes; what claims to be later is cut to log time.

__all__ = ("Stepped", "show", "step")


def step(
    state: Customer | None,
    arrival: Arrival,
    rules: Rules,
    clock: Clock,
    context: Context = NOTHING,
    known: View | None = None,
) -> Stepped:
    """Apply one record. `state` is changed in place; it belongs to the caller's batch, and so does
    `known`, the view that came of the record before (Stepped.view).

    Raises only for what cannot be (a bug): the caller parks the fact and keeps the old state.
    """
    customer = state if state is not None else Customer(id=arrival.key)
    given = Given(clock, context)
    if arrival.kind in ("merge.proposed", "merge.offer", "merge.go"):
        return kinship.negotiate(customer, arrival, rules)
    if arrival.kind == "return":
        return kinship.returned(customer, arrival, rules, given)
    if arrival.kind == "tick":
        return _tick(customer, rules, given)
    if arrival.kind == "joined":
        return kinship.joined(customer, arrival, rules, given)
    if arrival.kind == "absorb":
        return kinship.absorb(customer, arrival, rules, given)
    if arrival.kind == "redirect":
        return kinship.redirect(customer, arrival)
    elsewhere = customer.elsewhere(arrival.member)
    if elsewhere and arrival.kind == "forgotten" and not arrival.member:
        return Stepped(None)  # Whom this redirect led to is gone, and with her whoever she was.
    if elsewhere:
        return _forward(customer, arrival, elsewhere)
    if arrival.kind == "fact":
        return _fact(customer, arrival, rules, given, known)
    if arrival.kind == "contested":
        return kinship.contested(customer, arrival, rules, given)
    if arrival.kind == "forgotten":
        return forgetting.forgotten(customer, arrival, rules, given)
    raise AssertionError(f"no such record on customer.facts: {arrival.kind}")


def _forward(customer: Customer, arrival: Arrival, to: str) -> Stepped:
    message = Message("customer", to, arrival.kind, arrival.body, member=arrival.member)
    return Stepped(customer, messages=(message,), wake_ms=customer.wake_ms)


def _tick(customer: Customer, rules: Rules, given: Given) -> Stepped:
    """Time has come for something. Strangers are forgotten, and redirects that nobody needs."""
    if customer.merged_into:
        sealed_ms = customer.merged_ms + rules.identity.sealed_after_ms
        if given.clock.now_ms < sealed_ms:
            return Stepped(customer, wake_ms=customer.wake_ms)
        customer.wake_ms = None  # The redirect stays: it is small, and a straggler may yet come.
        return Stepped(customer, (unseen(customer, given.clock.now_ms),))
    due_ms = forget_ms(customer, rules.identity)
    if due_ms is not None and due_ms <= given.clock.now_ms:
        return forgetting.ask_rows(customer, rules, given)
    return conclude(customer, rules, given, cause=None, known_ms=given.clock.now_ms)


def _fact(
    customer: Customer, arrival: Arrival, rules: Rules, given: Given, known: View | None
) -> Stepped:
    fact = decode_fact(arrival.body)
    faults: tuple[str, ...] = ()
    if fact.at_ms > arrival.log_ms + AHEAD_MS:
        fact = msgspec.structs.replace(
            fact, at_ms=arrival.log_ms, claimed_ms=fact.at_ms, time_source="cut"
        )
        faults = ("time_ahead",)
    if fact.type == "customer.unmerge":
        return kinship.unmerge(customer, fact, _cause(fact, arrival), rules, given)
    flagged = _count(customer, arrival.log_ms, rules)
    members = len(customer.members)
    member = customer.members.setdefault(arrival.member, Member())
    dropped = keep_fact(member, fact, arrival.log_ms)
    dropped += keep_small(customer, len(arrival.body))
    if dropped:
        faults += tuple(f"dropped:{name}" for name in dropped)
    too_old = of_history(fact, rules, given.clock.now_ms)
    faults += tuple(f"not_started:{name}:too_old" for name in too_old)
    touched = TOUCHED.get(fact.type)
    if touched is None or dropped or len(customer.members) > members:
        known = touched = None
    elif known is not None:
        known.stale.update(touched)
    public_part = fact.type in SHOWN
    heard = public_part or flagged or is_heard(fact.type, customer, rules)
    if not heard and asleep(customer, given.clock) and _is_known(customer):
        if fact.type in rules.looked_at:
            look_ms = next_look_ms(customer.id, max(given.clock.now_ms, arrival.log_ms))
            customer.wake_ms = min(look_ms, customer.wake_ms or look_ms)
        # Nobody listens for it.
        return Stepped(customer, wake_ms=customer.wake_ms, faults=faults, view=known)
    return conclude(
        customer,
        rules,
        given,
        cause=_cause(fact, arrival),
        known_ms=arrival.log_ms,
        faults=faults,
        shown=flagged or public_part,
        touched=touched,
        known=known,
    )


def _is_known(customer: Customer) -> bool:
    """Whether she has been looked at, or will be."""
    return customer.wake_ms is not None or is_named(customer)


def _count(customer: Customer, log_ms: int, rules: Rules) -> bool:
    """Whoever does a thousand things a day is no shopper. Returns whether this is seen now."""
    customer.seen_ms = max(customer.seen_ms, log_ms)
    if customer.busy_day != log_ms // DAY_MS:
        customer.busy_day, customer.busy_facts = log_ms // DAY_MS, 0
    customer.busy_facts += 1
    was_too_busy = customer.too_busy
    customer.too_busy |= customer.busy_facts > rules.identity.busy_facts_per_day
    return customer.too_busy and not was_too_busy


def _cause(fact: Fact, arrival: Arrival) -> Cause:
    of = (fact.at_ms, fact.id, fact.type, fact.channel, fact.source)
    return Cause(*of, "", arrival.cause, arrival.log_ms)
