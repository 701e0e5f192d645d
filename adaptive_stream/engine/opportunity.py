"""What is due, and what is offered in the place of what was stopped; and what is taken back.

Rule 1: an offer rests on the purchase that made it, or else on the stop that it is in place of;
when that is reversed or taken back, it goes.
Rule 2: one open offer of a name at a time: she is not asked twice for one thing.
"""

from collections.abc import Iterator

from adaptive_stream.engine.condition import About, holds, true
from adaptive_stream.engine.customer import Customer, Offer
from adaptive_stream.engine.entity import Cart, Order
from adaptive_stream.engine.instance import Due
from adaptive_stream.engine.journey import Instead
from adaptive_stream.engine.telling import RELEASED_BY, Judgement, Run
from adaptive_stream.engine.verdict import Verdict
from adaptive_stream.engine.view import View

REVERSED = {"refunded": "returned", "cancelled": "order_cancelled"}


def withdrawn(customer: Customer, judgement: Judgement, now_ms: int) -> Iterator[tuple[Offer, str]]:
    """Offers that no longer stand, with the reason; they are closed. Expired ones go in silence."""
    stopped = {
        (one.member, one.instance.journey, one.instance.key): verdict.because
        for one, verdict in judgement.stopped
    }
    for name, offer in sorted(customer.offers.items()):
        if offer.good_until_ms <= now_ms or _sent(offer, judgement.view):
            del customer.offers[name]
            continue
        because = _stale(offer, judgement)
        if offer.kind == "instead" and name != offer.offer:
            because = "superseded"  # Both of the two that she was had been offered it.
        if offer.kind == "step":
            because = stopped.get((offer.member, offer.journey, offer.instance), because)
        if because:
            del customer.offers[name]
            yield offer, because


def _sent(offer: Offer, view: View) -> bool:
    return offer.kind == "step" and (offer.journey, offer.instance, offer.step) in view.sent_steps


def _stale(offer: Offer, judgement: Judgement) -> str:
    taken_back = RELEASED_BY.get(judgement.occasion.trigger, "fact_retracted")
    if offer.rests_on:
        order = judgement.view.order(offer.rests_on)
        return REVERSED.get(order.status, "") if order and order.paid else taken_back
    member = judgement.customer.members.get(offer.member)
    instance = member.instances.get(f"{offer.journey}/{offer.instance}") if member else None
    goes_on = instance is not None and instance.status in ("live", "held")
    return taken_back if goes_on and offer.kind == "instead" else ""


def offers(customer: Customer, judgement: Judgement) -> Iterator[tuple[Offer, str]]:
    """New offers with the reason, opened under a name; who knows the `state_seq` gives the id."""
    for one, verdict in judgement.stopped:
        order = None
        if verdict.hit and verdict.hit.cause.type.startswith("order."):
            order = judgement.view.order(verdict.hit.cause.key)
        for instead in one.journey.instead:
            if instead.after != verdict.because or instead.offer in customer.offers:
                continue
            if _fits(instead, one.about, order, judgement.view, one.now_ms):
                offer = _instead(instead, one, verdict, judgement)
                customer.offers[instead.offer] = offer
                yield offer, verdict.because
    for one, due in judgement.due:
        offer = _step(one, due)
        customer.offers[f"{one.member}/{offer.journey}/{offer.instance}/{offer.step}"] = offer
        yield offer, one.journey.when.condition.name


def _fits(instead: Instead, about: About, order: Order | None, view: View, now_ms: int) -> bool:
    if not true(instead.only_if, about, view, order):
        return False
    return not any(holds(use, about, view, now_ms, order) for use in instead.unless)


def _instead(instead: Instead, one: Run, verdict: Verdict, judgement: Judgement) -> Offer:
    from_ms = verdict.hit.at_ms if verdict.hit else judgement.occasion.at_ms
    rests_on = ""
    if verdict.hit and verdict.hit.cause.type == "order.completed":
        rests_on = verdict.hit.cause.key
    entity = one.about.entity
    return Offer(
        id="",
        kind="instead",
        offer=instead.offer,
        journey=one.journey.name,
        instance=one.instance.key,
        member=one.member,
        step=None,
        channels=instead.channels,
        about=tuple(entity.settled) if isinstance(entity, Cart) else _about(entity),
        purpose=one.journey.purpose,
        worth=one.journey.worth,
        not_before_ms=from_ms,
        good_until_ms=instead.good_for.after(from_ms, judgement.view.zone),
        rests_on=rests_on,
    )


def _step(one: Run, due: Due) -> Offer:
    entity = one.about.entity
    return Offer(
        id="",
        kind="step",
        offer=due.step.offer,
        journey=one.journey.name,
        instance=one.instance.key,
        member=one.member,
        step=due.step.name,
        channels=due.step.by,
        about=tuple(entity.remaining) if isinstance(entity, Cart) else _about(entity),
        purpose=one.journey.purpose,
        worth=one.journey.worth,
        not_before_ms=due.due_ms,
        good_until_ms=due.good_until_ms,
    )


def _about(entity: object) -> tuple[str, ...]:
    return tuple(entity.items) if isinstance(entity, Order) else ()
