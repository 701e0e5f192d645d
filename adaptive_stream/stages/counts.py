"""What the step stage counts of what the engine tells, as (name, labels...) of metrics/listed.py.

Rule: only words of closed lists: stories count by this too, and read what an operator reads.
"""

from collections.abc import Iterator

from adaptive_stream.engine.decision import (
    Decision,
    Opportunity,
    StateChanged,
    Suppression,
    Transition,
)
from adaptive_stream.engine.guard import OTHER, kind_of
from adaptive_stream.engine.identifier import STRENGTH

COUNTED_APART = {
    "not_started": "journeys_not_started",  # `not_started:journey:because`
    "link_refused": "links_refused",
    "forgotten": "customers_forgotten",
    "too_late": "messages_too_late",
    "shadow_would_have_sent": "shadow_would_have_sent",
    "shadow_would_have_stopped": "shadow_would_have_stopped",
}


def of_fault(fault: str) -> tuple[str, ...]:
    """Of a fault, which is `kind` or `kind:label:label`."""
    kind, _, because = fault.partition(":")
    if kind in COUNTED_APART:
        return COUNTED_APART[kind], *because.split(":")
    return "faults", fault.replace(":", "_")


def of_decision(decision: Decision) -> Iterator[tuple[str, ...]]:
    """What a decision counts as, and each transition in it."""
    if isinstance(decision, Suppression):
        yield "suppressions", decision.channel, decision.action, decision.because
    elif isinstance(decision, Opportunity):
        yield "opportunities", decision.action, decision.kind
    elif isinstance(decision, StateChanged):
        for transition in decision.transitions:
            yield from of_transition(transition)


def of_transition(transition: Transition) -> Iterator[tuple[str, ...]]:
    """Both sides tell of a merge and of its end: one of them counts."""
    yield "transitions", transition.name
    if transition.name == "identity.contested":
        kind = kind_of(str(transition.fields["identifier"]))
        kind = kind if kind in STRENGTH else OTHER  # A label is of a closed list.
        yield "identifiers_contested", kind, str(transition.fields["reason"])
    elif transition.name == "customer.merged" and "was" in transition.fields:
        yield ("merges",)
    elif transition.name == "customer.unmerged" and "from" in transition.fields:
        yield ("unmerges",)
