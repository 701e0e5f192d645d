"""What is due, and what is offered in the place of what was stopped; and what is taken back.

Rule 1: an offer rests on the purchase that made it, or else on the stop that it is in place of;
when that is reversed or taken back, it goes.
Rule 2: one open offer of a name at a time: she is not asked twice for one thing.
Rule 3: whoever takes an offer first has it: it is withdrawn from all other channels. What she has
bought, used or declined is withdrawn from all.
"""

from collections.abc import Iterator

import msgspec

from adaptive_stream.engine import standing
from adaptive_stream.engine.complete import risk
from adaptive_stream.engine.condition import About, holds, true
from adaptive_stream.engine.customer import Customer, Offer
from adaptive_stream.engine.entity import Cart, Order
from adaptive_stream.engine.instance import Due
from adaptive_stream.engine.journey import Instead, Rules, StandingRule
from adaptive_stream.engine.parts.carts import TOLERANCE_MS
from adaptive_stream.engine.parts.claims import Claim
from adaptive_stream.engine.telling import RELEASED_BY, Broken, Judgement, Run
from adaptive_stream.engine.verdict import Verdict
from adaptive_stream.engine.view import Hit, View

REVERSED = {"refunded": "returned", "cancelled": "order_cancelled"}


def withdrawn(
    customer: Customer, judgement: Judgement, rules: Rules, now_ms: int
) -> Iterator[tuple[Offer, str]]:
    """Offers that no longer stand, with the reason; they are closed. Expired ones go in silence.

    One that a channel has taken is withdrawn from the others, and stays open for that one.
    """
    stopped = {
        (one.member, one.instance.journey, one.instance.key): verdict.because
        for one, verdict in judgement.stopped
    }
    for name, offer in sorted(customer.offers.items()):
        if offer.good_until_ms <= now_ms or _sent(offer, judgement.view):
            del customer.offers[name]
            continue
        because = _settled(offer, judgement.view) or _stale(offer, judgement, rules)
        if offer.kind == "instead" and name != offer.offer:
            because = "superseded"  # Both of the two that she was had been offered it.
        if offer.kind == "step":
            because = stopped.get((offer.member, offer.journey, offer.instance), because)
        if because:
            del customer.offers[name]
            yield offer, because
        elif others := _claimed(offer, judgement.view):
            yield others, "claimed_elsewhere"


def _claimed(offer: Offer, view: View) -> Offer | None:
    """The offer as the channels have it that came too late, None where nobody took it now."""
    taken = [claim for claim in _claims(offer, view) if claim.taken]
    if offer.claimed or not taken:
        return None
    offer.claimed = taken[0].channel
    others = tuple(channel for channel in offer.channels if channel != offer.claimed)
    offer.channels = (offer.claimed,)
    return msgspec.structs.replace(offer, channels=others) if others else None


def _claims(offer: Offer, view: View) -> list[Claim]:
    """What was said of it while it was open, in order."""
    step = f"{offer.journey}/{offer.instance}#{offer.step}"
    names = {offer.id, step if offer.kind == "step" else str(offer.offer)}
    found = [claim for name in names for claim in view.claims.get(name, ())]
    since_ms = offer.not_before_ms - TOLERANCE_MS
    fitting = [claim for claim in found if since_ms <= claim.at_ms < offer.good_until_ms]
    return sorted(fitting, key=lambda claim: (claim.at_ms, claim.channel))


def _settled(offer: Offer, view: View) -> str:
    """What she did with it herself."""
    since_ms = offer.not_before_ms - TOLERANCE_MS
    for order in view.orders if offer.offer else ():
        if order.paid and order.time >= since_ms and order.id != offer.rests_on:
            if offer.offer in order.items:
                return "bought_offer"
            if offer.offer in (order.offer, order.coupon):
                return "offer_used"
    declined = any(not claim.taken for claim in _claims(offer, view))
    return "preference_stated" if declined else ""


def _sent(offer: Offer, view: View) -> bool:
    return offer.kind == "step" and (offer.journey, offer.instance, offer.step) in view.sent_steps


def _stale(offer: Offer, judgement: Judgement, rules: Rules) -> str:
    taken_back = RELEASED_BY.get(judgement.occasion.trigger, "fact_retracted")
    if offer.rule:
        made = (one for one in rules.standing if one.use.condition.name == offer.rule)
        rule = next(made, None)
        stands = (
            rule is None
            or rule.scope == "message"
            or standing.stands(rule, offer.not_before_ms, judgement)
        )
        return "" if stands else taken_back
    if offer.rests_on:
        order = judgement.view.order(offer.rests_on)
        if order is None or not order.paid:
            return taken_back
        came_back = any(item in order.returned for item in offer.about)
        return "returned" if came_back else REVERSED.get(order.status, "")
    member = judgement.customer.members.get(offer.member)
    instance = member.instances.get(f"{offer.journey}/{offer.instance}") if member else None
    goes_on = instance is not None and instance.status in ("live", "held")
    return taken_back if goes_on and offer.kind == "instead" else ""


def offers(
    customer: Customer, judgement: Judgement, rules: Rules, now_ms: int
) -> Iterator[tuple[Offer, str]]:
    """New offers with the reason, opened under a name; who knows the `state_seq` gives the id."""
    for one, verdict in judgement.stopped:
        order = None
        if verdict.hit and verdict.hit.cause.type.startswith("order."):
            order = judgement.view.order(verdict.hit.cause.key)
        # While nothing of a purpose may be said, neither may what is in place of it.
        for instead in one.journey.instead if one.journey.purpose not in judgement.held else ():
            if instead.after != verdict.because or instead.offer in customer.offers:
                continue
            if _fits(instead, one.about, order, judgement.view, one.now_ms):
                offer = _instead(instead, one, verdict, judgement)
                customer.offers[instead.offer] = offer
                yield offer, verdict.because
    heard = not judgement.view.types.isdisjoint(rules.quieting)
    for rule, hit in standing.proposed(judgement, rules, now_ms) if heard else ():
        if rule.offer not in customer.offers:
            offer = _of_rule(rule, hit, judgement)
            customer.offers[str(rule.offer)] = offer
            yield offer, rule.use.condition.name
    for broken in judgement.broken:
        if broken.offer and broken.offer not in customer.offers:
            offer = _aired(broken)
            customer.offers[broken.offer] = offer
            yield offer, broken.because
    for one, due in judgement.due:
        offer = _step(one, due)
        offer.risk = risk(one.journey, due.due_ms, judgement.view, judgement.sources)
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


def _aired(broken: Broken) -> Offer:
    """What is on the air, in the place of a step that would contradict it."""
    offer = _step(broken.one, broken.due)
    offer.kind, offer.offer, offer.step, offer.rule = "instead", broken.offer, None, broken.because
    return offer


def _of_rule(rule: StandingRule, hit: Hit, judgement: Judgement) -> Offer:
    order = judgement.view.order(hit.cause.key) if hit.cause.type.startswith("order.") else None
    return Offer(
        id="",
        kind=rule.kind,
        offer=rule.offer,
        journey="",
        instance="",
        member=min(judgement.customer.members),
        step=None,
        channels=rule.channels,
        about=_about(order),
        purpose=rule.offers_as,
        worth=0.0,  # It competes with nothing: what it is beside is held.
        not_before_ms=hit.at_ms,
        good_until_ms=rule.good_for.after(hit.at_ms, judgement.view.zone),
        rule=rule.use.condition.name,
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
        channels=due.by,
        about=tuple(entity.remaining) if isinstance(entity, Cart) else _about(entity),
        purpose=one.journey.purpose,
        worth=one.journey.worth,
        not_before_ms=due.due_ms,
        good_until_ms=due.good_until_ms,
    )


def _about(entity: object) -> tuple[str, ...]:
    return tuple(entity.items) if isinstance(entity, Order) else ()
