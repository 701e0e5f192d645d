"""Which journeys run for her, and whether each may go on: live, held or stopped.

Rule 1: an instance is judged from the whole view, every time; what is told is the difference to
what was told before. So a late fact, a merge and a retraction need no case of their own.
Rule 2: stop rules win over holds; of several holds the one that ends last counts.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from adaptive_stream.engine import instance as run
from adaptive_stream.engine.clock import Clock
from adaptive_stream.engine.condition import About, Hit, hits, holds, true
from adaptive_stream.engine.customer import Customer, Instance
from adaptive_stream.engine.decision import Cause, Transition
from adaptive_stream.engine.journey import Hold, Journey, Rules
from adaptive_stream.engine.parts.carts import TOLERANCE_MS
from adaptive_stream.engine.view import Entity, View

PART_OF_KIND = {"cart": "carts", "order": "orders", "contract": "contracts", "case": "cases"}
RELEASED_BY = {
    "order.voided": "fact_retracted",
    "fact.retracted": "fact_retracted",
    "order.payment_failed": "payment_failed",
    "order.cancelled": "order_cancelled",
    "case.closed": "case_closed",
    "customer.unmerge": "unmerged",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """live, held or stopped; why, since when, and until when (None: no end known)."""

    status: str
    because: str = ""
    hit: Hit | None = None
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """An instance with all that it is judged by."""

    member: str
    journey: Journey
    instance: Instance
    about: About
    now_ms: int


@dataclass(slots=True)
class Telling:
    """What the channels of an instance have to be told. action: suppress, hold, release."""

    action: str
    run: Run
    rev: int
    because: str
    cause: Cause | None
    event_ms: int
    until_ms: int | None
    channels: dict[str, tuple[str, ...]]


@dataclass(slots=True)
class Judgement:
    """One judging of one customer: what it looks at, and below what it brought about.

    `trigger` is the type of the fact that came ("" for time and merges), `at_ms` its event time.
    `stopped` and `due` carry what opportunities are made of.
    """

    customer: Customer
    view: View
    trigger: str
    at_ms: int
    transitions: list[Transition] = field(default_factory=list)
    tellings: list[Telling] = field(default_factory=list)
    stopped: list[tuple[Run, Verdict]] = field(default_factory=list)
    due: list[tuple[Run, run.Due]] = field(default_factory=list)
    not_started: list[str] = field(default_factory=list)


def judge(
    customer: Customer, view: View, rules: Rules, clock: Clock, *, trigger: str, at_ms: int
) -> Judgement:
    """Start what is to start, judge what runs, do what is due."""
    judgement = Judgement(customer, view, trigger, at_ms)
    by_name = {journey.name: journey for journey in rules.journeys}
    for journey in rules.journeys:
        _start(journey, clock.at(journey.heeds), judgement)
    first: dict[str, str] = {}
    for member, instance in customer.instances():
        journey_of = by_name.get(instance.journey)
        if journey_of is None:
            continue  # Its file was taken away: nobody may judge by rules that are not in force.
        name = f"{instance.journey}/{instance.key}"
        twin = first.setdefault(name, member) != member
        entity = _entity(journey_of.for_each, instance.key, view)
        about = About(journey_of.for_each, instance.key, entity)
        one = Run(member, journey_of, instance, about, clock.at(journey_of.heeds))
        _judge_one(one, judgement, twin=twin)
    return judgement


def abouts(kind: str, customer: Customer, view: View) -> Iterator[tuple[str, About]]:
    """Every thing that a journey of this kind can run for, with the member that brought it."""
    members = sorted(customer.members)
    if kind == "customer":
        yield from ((member, About(kind, member, None)) for member in members[:1])
        return
    part = PART_OF_KIND[kind]
    for key, entity in view.by_kind[kind].items():
        names = getattr(entity, "also_known_as", (key,))
        owners = [
            member
            for member in members
            if any(name in customer.members[member].parts.get(part, {}) for name in names)
        ]
        yield owners[0], About(kind, key, entity)


def _entity(kind: str, key: str, view: View) -> Entity | None:
    if kind == "customer":
        return None
    return view.order(key) if kind == "order" else view.by_kind[kind].get(key)


def _start(journey: Journey, now_ms: int, judgement: Judgement) -> None:
    customer, view = judgement.customer, judgement.view
    for owner, about in abouts(journey.for_each, customer, view):
        hit = holds(journey.when, about, view, now_ms)
        if hit is None:
            continue
        name = f"{journey.name}/{about.key}"
        runs = (member.instances.get(name) for member in customer.members.values())
        before = next((instance for instance in runs if instance), None)
        if before is not None and not _again(before, hit):
            _begin_anew(before, hit, journey, view)
            continue
        if not true(journey.only_if, about, view) or _stop(journey, about, view, hit.at_ms, now_ms):
            continue
        instance = Instance(
            journey=journey.name,
            key=about.key,
            begun_ms=hit.at_ms,
            ends_ms=journey.ends.after(hit.at_ms, view.zone),
            rev=before.rev if before else 0,
        )
        customer.members[owner].instances[name] = instance
        if hit.cause.known_ms > journey.not_older_than.after(hit.at_ms, view.zone):
            instance.status = "too_old"
            judgement.not_started.append(f"{journey.name}:too_old")
            continue
        fields = {"key": name, "journey": journey.name, "instance": about.key}
        judgement.transitions.append(Transition("journey.entered", hit.at_ms, fields, hit.cause))


def _again(before: Instance, hit: Hit) -> bool:
    """A new start: for one that was too old any later moment, else one beyond its whole life."""
    if before.status == "too_old":
        return hit.at_ms > before.begun_ms
    return before.status == "ended" and hit.at_ms > before.ends_ms


def _begin_anew(instance: Instance, hit: Hit, journey: Journey, view: View) -> None:
    """She touched the cart again before the first step was due: the waiting begins anew."""
    running = instance.status in ("live", "held", "stopped")
    if running and not instance.steps and hit.at_ms > instance.begun_ms:
        instance.begun_ms = hit.at_ms
        instance.ends_ms = journey.ends.after(hit.at_ms, view.zone)


def _judge_one(one: Run, judgement: Judgement, *, twin: bool) -> None:
    instance = one.instance
    gone = one.about.entity is None and one.about.kind != "customer"
    if instance.status in ("ended", "too_old"):
        if gone:
            name = f"{instance.journey}/{instance.key}"
            del judgement.customer.members[one.member].instances[name]
        return
    if one.now_ms >= instance.ends_ms:
        _end(one, judgement)
        return
    if gone:
        verdict = Verdict("stopped", "fact_retracted")
    elif twin:
        verdict = Verdict("stopped", "superseded")
    else:
        verdict = _verdict(one, judgement.view)
    _tell(one, verdict, judgement)
    if verdict.status == "stopped" and instance.status != "stopped":
        judgement.stopped.append((one, verdict))
    instance.status, instance.because = verdict.status, verdict.because
    instance.until_ms = verdict.until_ms
    # While what began it no longer holds (she is back in the cart), nothing of it is due.
    if verdict.status == "live" and holds(one.journey.when, one.about, judgement.view, one.now_ms):
        for due in run.advance(one.journey, instance, one.about, judgement.view, one.now_ms):
            judgement.due.append((one, due))


def _end(one: Run, judgement: Judgement) -> None:
    instance = one.instance
    if instance.status == "held":  # Nobody shall wait for a release that cannot come any more.
        _tell(one, Verdict("stopped", "expired"), judgement)
    fields = {
        "key": f"{instance.journey}/{instance.key}",
        "journey": instance.journey,
        "instance": instance.key,
        "because": instance.because or None,
    }
    judgement.transitions.append(Transition("journey.ended", instance.ends_ms, fields))
    instance.status = "ended"


def _verdict(one: Run, view: View) -> Verdict:
    stop = _stop(one.journey, one.about, view, one.instance.begun_ms, one.now_ms)
    if stop is not None:
        return stop
    held = [verdict for hold in one.journey.hold_when for verdict in _hold(hold, one, view)]
    stops = [verdict for verdict in held if verdict.status == "stopped"]
    return stops[0] if stops else max(held, key=_length, default=Verdict("live"))


def _length(verdict: Verdict) -> float:
    return float("inf") if verdict.until_ms is None else verdict.until_ms


def _stop(journey: Journey, about: About, view: View, begun_ms: int, now_ms: int) -> Verdict | None:
    """The first stop rule that holds, by something that happened since this thing came to be."""
    since_ms = _since_ms(about, begun_ms)
    for use in journey.stop_when:
        fitting = [
            hit
            for hit in hits(use, about, view)
            if hit.at_ms >= since_ms and (not hit.by_time or hit.at_ms <= now_ms)
        ]
        if fitting:
            return Verdict("stopped", use.condition.name, fitting[-1])
    return None


def _since_ms(about: About, begun_ms: int) -> int:
    return about.begun_ms(begun_ms) - TOLERANCE_MS


def _hold(hold: Hold, one: Run, view: View) -> Iterator[Verdict]:
    hit = holds(hold.use, one.about, view, one.now_ms)
    if hit is None:
        return
    ends = [span.after(hit.at_ms, view.zone) for span in (hold.lasts, hold.at_most) if span]
    until_ms = min(ends, default=None)
    name = hold.use.condition.name
    if until_ms is None or one.now_ms < until_ms:
        yield Verdict("held", name, hit, until_ms)
    elif hold.then_stop and hit.at_ms >= _since_ms(one.about, one.instance.begun_ms):
        yield Verdict("stopped", name, hit)


def _tell(one: Run, verdict: Verdict, judgement: Judgement) -> None:
    """Say what differs from what was said before; nothing, if nothing does."""
    instance = one.instance
    if verdict.status == "live":
        if instance.status != "live":
            _release(one, judgement)
        return
    same_hold = (instance.because, instance.until_ms) == (verdict.because, verdict.until_ms)
    if instance.status == verdict.status and (verdict.status == "stopped" or same_hold):
        return
    channels = run.remaining(one.journey, instance, judgement.view, one.now_ms)
    instance.told = instance.told | channels
    action = "suppress" if verdict.status == "stopped" else "hold"
    hit = verdict.hit
    event_ms = hit.at_ms if hit else judgement.at_ms
    _say(one, action, verdict.because, hit.cause if hit else None, event_ms, channels, judgement)
    if channels:
        judgement.tellings[-1].until_ms = verdict.until_ms


def _release(one: Run, judgement: Judgement) -> None:
    instance = one.instance
    held = instance.status == "held"
    event_ms, because = judgement.at_ms, RELEASED_BY.get(judgement.trigger, "hold_lapsed")
    if held and instance.until_ms is not None and instance.until_ms <= one.now_ms:
        event_ms, because = instance.until_ms, "hold_lapsed"
    if held:
        following = run.due_ms(one.journey, instance, judgement.view.zone)
        if following is not None and following[1] < event_ms:
            instance.moved_ms = event_ms  # What came due under the hold is due when it ends.
    left = run.remaining(one.journey, instance, judgement.view, one.now_ms)
    # A hold must end for whoever waits; of a stop only what is still good is worth a word.
    channels = {c: left.get(c, ()) for c in instance.told if held or c in left}
    instance.told = {}
    _say(one, "release", because, None, event_ms, channels, judgement)


def _say(
    one: Run,
    action: str,
    because: str,
    cause: Cause | None,
    event_ms: int,
    channels: dict[str, tuple[str, ...]],
    judgement: Judgement,
) -> None:
    if channels:
        one.instance.rev += 1
        judgement.tellings.append(
            Telling(action, one, one.instance.rev, because, cause, event_ms, None, channels)
        )
