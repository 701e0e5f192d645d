"""From what was judged to what is said: the order of it, and its numbers.

Rule: ids are derived: the same arrival on the same state gives the same ids and bytes.
"""

from adaptive_stream.engine import opportunity
from adaptive_stream.engine.customer import Customer
from adaptive_stream.engine.decision import (
    Cause,
    CustomerState,
    Decision,
    Opportunity,
    StateChanged,
    Suppression,
    Transition,
)
from adaptive_stream.engine.journey import Clocks, Rules
from adaptive_stream.engine.judge import judge
from adaptive_stream.engine.news import news
from adaptive_stream.engine.occasion import Occasion
from adaptive_stream.engine.outbox import Judged, judge_messages
from adaptive_stream.engine.public import public
from adaptive_stream.engine.shadow import withhold
from adaptive_stream.engine.speaker import Speaker
from adaptive_stream.engine.telling import Judgement
from adaptive_stream.engine.view import View


def decide(
    customer: Customer, view: View, rules: Rules, clocks: Clocks, occasion: Occasion
) -> tuple[list[Decision], Judgement]:
    """Judge the customer and say what is new: the decisions, the state change first."""
    judgement = judge(customer, view, rules, clocks, occasion)
    judgement.would = withhold(judgement)
    judged = judge_messages(customer, view, rules, occasion, judgement.reach)
    told = [
        *occasion.transitions,
        *news(customer, view, occasion.at_ms),
        *judgement.transitions,
    ]
    customer.consent_epoch += sum(t.name == "consent.changed" for t in told)
    if told:
        customer.state_seq += 1
    said = _said(customer, rules, judgement, judged)
    decisions: list[Decision] = []
    if told:
        decisions.append(
            StateChanged(
                customer=customer.id,
                state_seq=customer.state_seq,
                transitions=tuple(told),
                event_ms=occasion.at_ms if occasion.cause else min(t.at_ms for t in told),
                known_ms=occasion.known_ms,
                causes=_causes(occasion.cause, told),
                led_to=tuple(dict.fromkeys(decision.id for decision in said)),
                rules=rules.id,
                identity_epoch=customer.identity_epoch,
                consent_epoch=customer.consent_epoch,
                was=occasion.absorbed,
            )
        )
    if told or said or occasion.shown or judgement.changed or judged.changed:
        customer.shown_ms = occasion.known_ms
        state = public(customer, view)
        decisions.append(CustomerState(customer.id, customer.state_seq, occasion.known_ms, state))
    judgement.would += tuple(f"too_late:{channel}" for channel in judged.late)
    return decisions + said, judgement


def _said(
    customer: Customer, rules: Rules, judgement: Judgement, judged: Judged
) -> list[Suppression | Opportunity]:
    known_ms = judgement.occasion.known_ms
    speaker = Speaker(judgement, rules)
    gone = list(opportunity.withdrawn(customer, judgement, rules, known_ms))
    said: list[Suppression | Opportunity] = [*map(speaker.hush, judgement.hushes)]
    for telling in judgement.tellings:
        said += speaker.suppress(telling)
    said += map(speaker.recall, judged.recalls)
    said += [speaker.opportunity(offer, "withdraw", because) for offer, because in gone]
    for offer, because in opportunity.offers(customer, judgement, rules, known_ms):
        offer.id = speaker.offer_id(offer)
        said.append(speaker.opportunity(offer, "offer", because))
    return said


def _causes(cause: Cause | None, told: list[Transition]) -> tuple[Cause, ...]:
    """The fact that came; for what time brought about, the facts that it rests on."""
    if cause:
        return (cause,)
    return tuple({t.by.id: t.by for t in told if t.by}.values())
