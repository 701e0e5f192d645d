"""When time alone will next change something: the one moment that the shell's index needs."""

from collections.abc import Iterator

from adaptive_stream.engine import instance as run
from adaptive_stream.engine.clock import Clock
from adaptive_stream.engine.condition import About, hits
from adaptive_stream.engine.customer import Customer, Instance
from adaptive_stream.engine.journey import Clocks, Journey, Rules
from adaptive_stream.engine.judge import RUNNING, abouts
from adaptive_stream.engine.telling import Judgement
from adaptive_stream.engine.view import View


def wake_ms(judgement: Judgement, rules: Rules, clock: Clock, clocks: Clocks) -> int | None:
    """The earliest moment still to come (UTC ms), or None.

    A moment that has passed, but not yet on the channels that its timer heeds, is still to come.
    """
    view = judgement.view
    moments = [
        *_of_carts(view, rules, clock),
        *_of_starts(judgement.customer, view, rules, clocks),
    ]
    for one in judgement.runs:
        if one.instance.status in RUNNING:
            ahead = _of_run(one.journey, one.instance, one.about, view)
            moments += [at_ms for at_ms in ahead if at_ms > one.now_ms]
    return min(moments, default=None)


def _of_carts(view: View, rules: Rules, clock: Clock) -> Iterator[int]:
    now_ms = clock.at(rules.policy.cart_heeds)
    for cart in view.carts:
        at_ms = cart.touched_at + rules.policy.cart_abandoned_after_ms
        if cart.status == "open" and at_ms > now_ms:
            yield at_ms


def _of_starts(customer: Customer, view: View, rules: Rules, clocks: Clocks) -> Iterator[int]:
    for journey in rules.timed:
        for about in abouts(journey.for_each, customer, view):
            for hit in hits(journey.when, about, view):
                if hit.at_ms > clocks[journey.name]:
                    yield hit.at_ms


def _of_run(journey: Journey, instance: Instance, about: About, view: View) -> Iterator[int]:
    yield instance.ends_ms
    if instance.status == "held" and instance.until_ms is not None:
        yield instance.until_ms
    following = run.due_ms(journey, instance, view.zone)
    if following is not None and instance.status == "live":
        yield following[1]
    for use in journey.awaits:
        yield from (hit.at_ms for hit in hits(use, about, view))
