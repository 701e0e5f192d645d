"""When time alone will next change something: the one moment that the shell's index needs."""

from collections.abc import Iterator

from adaptive_stream.engine import instance as run
from adaptive_stream.engine.clock import Clock
from adaptive_stream.engine.condition import hits
from adaptive_stream.engine.customer import Customer
from adaptive_stream.engine.journey import Rules
from adaptive_stream.engine.judge import abouts
from adaptive_stream.engine.view import View


def wake_ms(customer: Customer, view: View, rules: Rules, clock: Clock) -> int | None:
    """The earliest moment still to come (UTC ms), or None."""
    return min(
        (at_ms for at_ms, done_ms in _moments(customer, view, rules, clock) if at_ms > done_ms),
        default=None,
    )


def _moments(
    customer: Customer, view: View, rules: Rules, clock: Clock
) -> Iterator[tuple[int, int]]:
    """(moment, until when its timers have been served)."""
    cart_now_ms = clock.at(rules.policy.cart_heeds)
    for cart in view.carts:
        if cart.status == "open":
            yield cart.touched_at + rules.policy.cart_abandoned_after_ms, cart_now_ms
    by_name = {journey.name: journey for journey in rules.journeys}
    for journey in rules.journeys:
        now_ms = clock.at(journey.heeds)
        for _, about in abouts(journey.for_each, customer, view):
            for hit in hits(journey.when, about, view):
                if hit.by_time:
                    yield hit.at_ms, now_ms
    for _, instance in customer.instances():
        journey_of = by_name.get(instance.journey)
        if journey_of is None or instance.status in ("ended", "too_old"):
            continue
        now_ms = clock.at(journey_of.heeds)
        yield instance.ends_ms, now_ms
        if instance.status == "held" and instance.until_ms is not None:
            yield instance.until_ms, now_ms
        following = run.due_ms(journey_of, instance, view.zone)
        if following is not None and instance.status == "live":
            yield following[1], now_ms
