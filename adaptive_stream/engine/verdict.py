"""May this run of a journey go on? Live, held or stopped; why, since when, and until when.

Stop rules win over holds; of several holds the one that ends last counts.
"""

import msgspec

from adaptive_stream.engine.condition import About, hits, holds
from adaptive_stream.engine.entity import Order
from adaptive_stream.engine.journey import Hold, Journey
from adaptive_stream.engine.parts.carts import TOLERANCE_MS
from adaptive_stream.engine.view import Hit, View


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """live, held or stopped; why, since when, and until when (None: no end known)."""

    status: str
    because: str = ""
    hit: Hit | None = None
    until_ms: int | None = None


def verdict(
    journey: Journey, about: About, begun_ms: int, view: View, now_ms: int, after_ms: int = 0
) -> Verdict:
    """Of a run that began at `begun_ms`, in spite of all that happened up to `after_ms`, as of
    now."""
    if about.refilled(begun_ms):
        return Verdict("stopped", "superseded")
    unpaid = isinstance(about.entity, Order) and not about.entity.paid
    if unpaid and holds(journey.when, about, view, now_ms) is None:
        return Verdict("stopped", "payment_failed")  # It never was what the run began for.
    stop = stopped(journey, about, begun_ms, view, now_ms, after_ms)
    if stop is not None:
        return stop
    longest = Verdict("live")
    for hold in journey.hold_when:
        if view.types.isdisjoint(hold.use.condition.hears):
            continue
        held = _held(hold, about, about.since_ms(begun_ms), view, now_ms)
        if held is not None and held.status == "stopped":
            return held
        if held is not None and (longest.status == "live" or _length(held) > _length(longest)):
            longest = held
    return longest


def stopped(
    journey: Journey, about: About, begun_ms: int, view: View, now_ms: int, after_ms: int = 0
) -> Verdict | None:
    """The first stop rule that holds: by what became of the thing itself, or by something else
    that happened since it came to be."""
    since_ms = about.since_ms(begun_ms) - TOLERANCE_MS
    for use in journey.stop_when:
        if view.types.isdisjoint(use.condition.hears):
            continue
        found = hits(use, about, view)
        if not found:
            continue
        # A refund stops the review of its order, even when the till's clock is hours behind.
        its_own = use.condition.where is not None and use.condition.kinds == (about.kind,)
        for hit in reversed(found):
            fits = (its_own or hit.at_ms >= since_ms) and hit.at_ms > after_ms
            if fits and (not hit.by_time or hit.at_ms <= now_ms):
                return Verdict("stopped", use.condition.name, hit)
    return None


def _held(hold: Hold, about: About, since_ms: int, view: View, now_ms: int) -> Verdict | None:
    hit = holds(hold.use, about, view, now_ms)
    if hit is None:
        return None
    ends = [span.after(hit.at_ms, view.zone) for span in (hold.lasts, hold.at_most) if span]
    until_ms = min(ends, default=None)
    name = hold.use.condition.name
    if until_ms is None or now_ms < until_ms:
        return Verdict("held", name, hit, until_ms)
    if hold.then_stop and hit.at_ms >= since_ms - TOLERANCE_MS:
        return Verdict("stopped", name, hit)
    return None


def _length(verdict: Verdict) -> float:
    return float("inf") if verdict.until_ms is None else verdict.until_ms
