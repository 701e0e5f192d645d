"""The end of every step: fold the view, judge every journey, say what is new, and note when to
look again.
"""

import msgspec

from adaptive_stream.engine.clock import Clock
from adaptive_stream.engine.context import Given
from adaptive_stream.engine.customer import Customer
from adaptive_stream.engine.decide import decide
from adaptive_stream.engine.decision import Cause, CustomerState, Decision, Transition
from adaptive_stream.engine.fold import fold
from adaptive_stream.engine.guard import DAY_MS, IdentityPolicy, has_person
from adaptive_stream.engine.journey import Rules
from adaptive_stream.engine.keep import forget_old, forgets_ms
from adaptive_stream.engine.message import Message
from adaptive_stream.engine.occasion import Occasion
from adaptive_stream.engine.public import public
from adaptive_stream.engine.view import View
from adaptive_stream.engine.wake import wake


class Stepped(msgspec.Struct, frozen=True):
    """The state afterwards (the argument, changed; None: forgotten), and what has to be written
    and counted. `view`: what was folded of this state, for the next fact; None: fold it.
    `idle_until_ms`: a timer of hers waits for channels, and until then nothing but these channels
    or a record can change anything; None: nothing waits."""

    state: Customer | None
    decisions: tuple[Decision, ...] = ()
    messages: tuple[Message, ...] = ()
    wake_ms: int | None = None
    faults: tuple[str, ...] = ()
    view: View | None = None
    idle_until_ms: int | None = None


def conclude(
    customer: Customer,
    rules: Rules,
    given: Given,
    *,
    cause: Cause | None,
    known_ms: int,
    faults: tuple[str, ...] = (),
    transitions: tuple[Transition, ...] = (),
    was: tuple[str, ...] = (),
    messages: tuple[Message, ...] = (),
    shown: bool = False,
    touched: frozenset[str] | None = None,
    known: View | None = None,
) -> Stepped:
    """`shown`: the public state is another, even if nothing of it is worth a transition. `touched`:
    the parts that alone can be new since she was judged last, None for everything. `known`: what
    was folded of her before, if all that has changed since is in `known.stale`.

    A customer without a single identifier is what a mute one brought: it is kept, and says nothing.
    """
    if not is_named(customer):
        customer.wake_ms = forget_ms(customer, rules.identity)
        return Stepped(customer, (), messages, customer.wake_ms, faults)
    if forget_old(customer, given.clock.now_ms):
        known = touched = None
    view = fold(customer, given, rules.policy, known)
    if touched is not None and customer.judged_by == rules.id and asleep(customer, given.clock):
        view.fresh = touched
    customer.judged_by = rules.id
    clocks = rules.clocks(given.clock)
    occasion = Occasion(known_ms, cause, transitions, was, shown)
    decisions, judgement = decide(customer, view, rules, clocks, occasion)
    strangers_ms = forget_ms(customer, rules.identity, view.identifiers)
    customer.wake_ms, idle_until_ms = wake(judgement, rules, given.clock, clocks)
    if strangers_ms is not None:
        customer.wake_ms = min(strangers_ms, customer.wake_ms or strangers_ms)
    if idle_until_ms is not None:
        others_ms = (strangers_ms, forgets_ms(customer))
        idle_until_ms = min([idle_until_ms, *(ms for ms in others_ms if ms is not None)])
    faults += judgement.would
    if judgement.not_started:
        faults += tuple(f"not_started:{name}" for name in judgement.not_started)
    told = tuple(decisions)
    return Stepped(customer, told, messages, customer.wake_ms, faults, view, idle_until_ms)


def is_named(customer: Customer) -> bool:
    """Whether she has an identifier."""
    return any(member.identifiers for member in customer.members.values())


def asleep(customer: Customer, clock: Clock) -> bool:
    """Whether time alone changes nothing yet."""
    return customer.wake_ms is None or customer.wake_ms > clock.now_ms


def forget_ms(
    customer: Customer, policy: IdentityPolicy, identifiers: list[str] | None = None
) -> int | None:
    """When a stranger is forgotten: whom no identifier names, and who has not been seen since.
    Her rows are asked once a day. `identifiers`: hers, where they are at hand."""
    if has_person(customer.identifiers() if identifiers is None else identifiers, policy):
        return None
    due_ms = customer.seen_ms + policy.forgotten_after_ms
    return due_ms if customer.asked_ms < due_ms else customer.asked_ms + DAY_MS


def show(customer: Customer, rules: Rules, given: Given) -> CustomerState | None:
    """Her public state, to be said again; None of somebody of whom nothing was said yet."""
    if not customer.shown_ms:
        return None
    if customer.merged_into:
        view: dict[str, object] = {"merged_into": customer.merged_into}
    else:
        view = public(customer, fold(customer, given, rules.policy))
    return CustomerState(customer.id, customer.state_seq, customer.shown_ms, view)


def unseen(customer: Customer, known_ms: int) -> CustomerState:
    """The tombstone of a customer: whoever kept her state may drop it."""
    customer.shown_ms = 0
    return CustomerState(customer.id, customer.state_seq, known_ms, None)
