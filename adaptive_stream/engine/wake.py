"""When time alone will next change something: the one moment that the shell's index needs."""

from collections.abc import Iterator
from typing import NamedTuple
from zlib import crc32

from adaptive_stream.engine import instance as run
from adaptive_stream.engine import outbox, restart, standing
from adaptive_stream.engine.clock import Clock
from adaptive_stream.engine.condition import hits
from adaptive_stream.engine.customer import Customer
from adaptive_stream.engine.entity import ViewedItem
from adaptive_stream.engine.fact import WITHOUT_CUSTOMER
from adaptive_stream.engine.heeding import UNDER_WAY
from adaptive_stream.engine.journey import ALL_CHANNELS, Clocks, Journey, Rules
from adaptive_stream.engine.start import abouts
from adaptive_stream.engine.telling import Judgement, Run
from adaptive_stream.engine.view import Entity, View

LOOK_AGAIN_MS = 300_000  # At what nobody is visited for: a price, a stock, a source.
NEVER_MS = 1 << 62
LOOK_FOR_MS = 3_600_000  # For a price or a stock that would begin something.


class Wake(NamedTuple):
    """`at_ms`: the earliest moment still to come (UTC ms), or None. One that has passed, but not
    yet on the channels that its timer heeds, is still to come: `next_ms` is then the earliest that
    has not passed at all. Until then time changes nothing unless those channels come that far."""

    at_ms: int | None
    next_ms: int | None = None


def wake(judgement: Judgement, rules: Rules, clock: Clock, clocks: Clocks) -> Wake:
    """When to look at her again."""
    customer, view = judgement.customer, judgement.view
    moments = [*_of_carts(view, rules, clock)] if view.cart_by_id else []
    for journey in rules.timed:
        if not view.types.isdisjoint(journey.when.condition.hears):
            moments += _of_start(journey, customer, view, clocks[journey.name])
    if customer.quiet:
        now_ms = clocks[ALL_CHANNELS]
        moments += [at_ms for at_ms in standing.moments(judgement) if at_ms > now_ms]
    if view.message_by_id:
        ahead = outbox.moments(customer, view, rules, clock.now_ms)
        moments += [at_ms for at_ms in ahead if at_ms > clock.now_ms]
    for one in judgement.runs:
        if one.instance.status in UNDER_WAY:
            moments += [at_ms for at_ms in _of_run(one, view) if at_ms > one.now_ms]
            if _rests_on_context(one):
                moments.append(clock.now_ms + LOOK_AGAIN_MS)
            if view.now.changes_ms is not None:
                moments.append(view.now.changes_ms)
    soonest_ms = min(moments, default=None)
    if rules.by_context:
        look_ms = next_look_ms(customer.id, clock.now_ms)
        if (soonest_ms is None or look_ms < soonest_ms) and _looks_for(judgement, rules):
            return Wake(look_ms)
        moments.append(look_ms)
    if soonest_ms is None or soonest_ms > clock.now_ms:
        return Wake(soonest_ms)
    return Wake(soonest_ms, min((ms for ms in moments if ms > clock.now_ms), default=NEVER_MS))


def next_look_ms(customer: str, now_ms: int) -> int:
    """When she looks next for what visits nobody: each hour, at a moment of her own."""
    own_ms = crc32(customer.encode()) % LOOK_FOR_MS
    return ((now_ms - own_ms) // LOOK_FOR_MS + 1) * LOOK_FOR_MS + own_ms


def _rests_on_context(one: Run) -> bool:
    """Whether it waits for something that no fact of hers will tell (a source, a stock)."""
    if one.instance.waits_for:
        return True
    if one.instance.status != "held" or one.instance.until_ms is not None:
        return False
    reasons = (hold.use.condition for hold in one.journey.hold_when)
    return any(r.name == one.instance.because and WITHOUT_CUSTOMER & {*r.hears} for r in reasons)


def _of_carts(view: View, rules: Rules, clock: Clock) -> Iterator[int]:
    now_ms, after_ms = clock.at(rules.policy.cart_heeds), rules.policy.cart_abandoned_after_ms
    for cart in view.cart_by_id.values():
        if cart.status == "open" and cart.touched_at + after_ms > now_ms:
            yield cart.touched_at + after_ms


def _looks_for(judgement: Judgement, rules: Rules) -> bool:
    """Whether something of hers could begin a journey that no fact of hers tells of, and she could
    be reached by it."""
    for journey in rules.by_context:
        things = judgement.view.by_kind.get(journey.for_each)
        if not things:
            continue
        begun = {one.about.key for one in judgement.runs if one.journey is journey}
        for key, thing in things.items():
            if key not in begun and _fresh(thing):
                channels = (channel for step in journey.steps for channel in step.by)
                if any(map(judgement.reach.recipients, channels)):
                    return True
                break
    return False


def _fresh(entity: Entity) -> bool:
    """Whether it still says something: what she looked at weeks ago does not."""
    return not isinstance(entity, ViewedItem) or entity.interest > 0


def _of_start(journey: Journey, customer: Customer, view: View, now_ms: int) -> Iterator[int]:
    for about in abouts(journey.for_each, customer, view):
        for hit in hits(journey.when, about, view):
            if hit.at_ms > now_ms:
                yield hit.at_ms


def _of_run(one: Run, view: View) -> list[int]:
    journey, instance = one.journey, one.instance
    moments = [instance.ends_ms]
    if instance.status == "held" and instance.until_ms is not None:
        moments.append(instance.until_ms)
    elif instance.status == "live":
        following = run.due_ms(journey, instance, view.zone)
        if following is not None:
            moments.append(following[1])
    for use in journey.awaits:
        moments += [hit.at_ms for hit in hits(use, one.about, view)]
    if journey.restart_when:
        moments += restart.moments(journey, one.about, [instance], view)
    return moments
