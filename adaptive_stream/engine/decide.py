"""From what was judged to what is said: numbers, ids, recipients; the last thing that a step does.

Rule 1: ids are derived: the same arrival on the same state gives the same ids and bytes.
Rule 2: a channel is told its own endpoints and no other personal data.
"""

from adaptive_stream.engine import opportunity
from adaptive_stream.engine.customer import Customer, Offer
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
from adaptive_stream.engine.public import public
from adaptive_stream.engine.telling import Judgement, Telling
from adaptive_stream.engine.view import View


def decide(
    customer: Customer, view: View, rules: Rules, clocks: Clocks, occasion: Occasion
) -> tuple[list[Decision], Judgement]:
    """Judge the customer and say what is new: the decisions, the state change first."""
    judgement = judge(customer, view, rules, clocks, occasion)
    told = [
        *occasion.transitions,
        *news(customer, view, occasion.at_ms),
        *judgement.transitions,
    ]
    customer.consent_epoch += sum(t.name == "consent.changed" for t in told)
    if told:
        customer.state_seq += 1
    said = _said(customer, rules, judgement)
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
    if told or said or occasion.shown or judgement.changed:
        customer.shown_ms = occasion.known_ms
        state = public(customer, view)
        decisions.append(CustomerState(customer.id, customer.state_seq, occasion.known_ms, state))
    return decisions + said, judgement


def _said(
    customer: Customer, rules: Rules, judgement: Judgement
) -> list[Suppression | Opportunity]:
    if not (judgement.tellings or judgement.stopped or judgement.due or customer.offers):
        return []
    known_ms = judgement.occasion.known_ms
    speaker = _Speaker(rules, judgement)
    gone = list(opportunity.withdrawn(customer, judgement, known_ms))
    said: list[Suppression | Opportunity] = [
        suppression for telling in judgement.tellings for suppression in speaker.suppress(telling)
    ]
    said += [speaker.opportunity(offer, "withdraw", because) for offer, because in gone]
    for offer, because in opportunity.offers(customer, judgement):
        offer.id = _offer_id(customer, offer)
        said.append(speaker.opportunity(offer, "offer", because))
    return said


def _causes(cause: Cause | None, told: list[Transition]) -> tuple[Cause, ...]:
    """The fact that came; for what time brought about, the facts that it rests on."""
    if cause:
        return (cause,)
    return tuple({t.by.id: t.by for t in told if t.by}.values())


def _offer_id(customer: Customer, offer: Offer) -> str:
    prefix = f"{customer.id}.{customer.state_seq}"
    if offer.kind == "instead":
        return f"{prefix}.{offer.offer}"
    foreign = _foreign(customer, offer.member)
    return f"{prefix}.{offer.journey}.{offer.instance}.{offer.step}{foreign}"


def _foreign(customer: Customer, member: str) -> str:
    """Keeps ids apart where two members of a customer hold an instance of one name."""
    return "" if member[2:] == customer.id[2:] else f".{member}"


class _Speaker:
    """Turns tellings and offers of one customer into records for their channels."""

    def __init__(self, rules: Rules, judgement: Judgement) -> None:
        self.rules, self.customer, self.reach = rules, judgement.customer, judgement.reach
        self.known_ms = judgement.occasion.known_ms

    def suppress(self, telling: Telling) -> list[Suppression]:
        """One record for each channel of the telling, in order of channel."""
        customer, one = self.customer, telling.run
        repeat = "" if telling.rev == 1 else f".r{telling.rev}"
        foreign = _foreign(customer, one.member)
        return [
            Suppression(
                id=(
                    f"{customer.id}.{customer.state_seq}.{channel}"
                    f".{one.journey.name}.{one.instance.key}{foreign}{repeat}"
                ),
                action=telling.action,
                channel=channel,
                customer=customer.id,
                member=one.member,
                state_seq=customer.state_seq,
                rev=telling.rev,
                recipients=self.reach.on(channel),
                journey=one.journey.name,
                instance=one.instance.key,
                steps=steps,
                because=telling.because,
                cause=telling.cause,
                event_ms=telling.event_ms,
                known_ms=self.known_ms,
                until_ms=telling.until_ms,
                releasable_until_ms=one.instance.ends_ms if telling.action == "suppress" else None,
                rules=self.rules.id,
            )
            for channel, steps in sorted(telling.channels.items())
        ]

    def opportunity(self, offer: Offer, action: str, because: str) -> Opportunity:
        """An offer, or its withdrawal with the same id."""
        reachable = (self.reach.on(channel) for channel in offer.channels)
        return Opportunity(
            id=offer.id,
            action=action,
            kind=offer.kind,
            customer=self.customer.id,
            member=offer.member,
            state_seq=self.customer.state_seq,
            recipients=next((r for r in reachable if r), ()),
            offer=offer.offer,
            about=offer.about,
            journey=offer.journey if offer.kind == "step" else None,
            instance=offer.instance if offer.kind == "step" else None,
            step=offer.step,
            replaces=(offer.journey, offer.instance) if offer.kind == "instead" else None,
            channels=offer.channels,
            purpose=offer.purpose,
            worth=offer.worth,
            not_before_ms=offer.not_before_ms,
            good_until_ms=offer.good_until_ms,
            because=because,
            known_ms=self.known_ms,
            rules=self.rules.id,
        )
