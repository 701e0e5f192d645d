"""Which journeys run for her, and what of each is due.

Rule 1: an instance is judged from the whole view, every time; what is told is the difference to
what was told before. So a late fact, a merge and a retraction need no case of their own.
Rule 2: one thing has one run of a journey at a time, under whatever name and in whichever member.
"""

from collections.abc import Iterator

from adaptive_stream.engine import instance as run
from adaptive_stream.engine.condition import About, holds, true
from adaptive_stream.engine.customer import Customer, Instance
from adaptive_stream.engine.decision import Transition
from adaptive_stream.engine.journey import Clocks, Journey, Rules
from adaptive_stream.engine.telling import Judgement, Run, tell
from adaptive_stream.engine.verdict import Verdict, stopped, verdict
from adaptive_stream.engine.view import Entity, Hit, View

PART_OF_KIND = {"cart": "carts", "order": "orders", "contract": "contracts", "case": "cases"}
RUNNING = frozenset(("live", "held", "stopped"))


def judge(
    customer: Customer,
    view: View,
    rules: Rules,
    clocks: Clocks,
    *,
    trigger: str,
    at_ms: int,
) -> Judgement:
    """End what is over, start what is to start, judge what runs, do what is due."""
    judgement = Judgement(customer, view, trigger, at_ms)
    for one in runs(customer, view, rules, clocks):
        if one.instance.status in RUNNING and one.now_ms >= one.instance.ends_ms:
            _end(one, judgement)
    for journey in rules.journeys:
        _start(journey, clocks[journey.name], judgement)
    first: dict[str, Instance] = {}
    for one in runs(customer, view, rules, clocks):
        name = _name(one.journey, one.instance.key, view)
        before = first.get(name)
        twin = before is not None and one.instance.begun_ms <= before.ends_ms
        if not twin and one.instance.status != "too_old":
            first[name] = one.instance
        _judge_one(one, judgement, twin=twin)
    return judgement


def abouts(kind: str, customer: Customer, view: View) -> Iterator[About]:
    """Everything that a journey of this kind can run for."""
    if kind == "customer":
        if customer.members:
            yield About(kind, min(customer.members), None)
        return
    for key, entity in view.by_kind[kind].items():
        yield About(kind, key, entity)


def runs(customer: Customer, view: View, rules: Rules, clocks: Clocks) -> Iterator[Run]:
    """Every run of a journey that is in force: by other rules nobody may judge."""
    for member, instance in customer.instances():
        journey = rules.by_name.get(instance.journey)
        if journey is not None:
            entity = _entity(journey.for_each, instance.key, view)
            about = About(journey.for_each, instance.key, entity)
            yield Run(member, journey, instance, about, clocks[journey.name])


def _entity(kind: str, key: str, view: View) -> Entity | None:
    if kind == "customer":
        return None
    return view.order(key) if kind == "order" else view.by_kind[kind].get(key)


def _name(journey: Journey, key: str, view: View) -> str:
    """What the runs for one thing have in common: an order may have had another number, and a
    customer was two before she was one."""
    if journey.for_each == "customer":
        return journey.name
    if journey.for_each == "order":
        key = view.order_names.get(key, key)
    return f"{journey.name}/{key}"


def _owner(about: About, customer: Customer) -> str:
    """The member that brought the thing; of several the oldest."""
    names = getattr(about.entity, "also_known_as", (about.key,))
    part = PART_OF_KIND.get(about.kind, "")
    owners = (
        member
        for member, kept in sorted(customer.members.items())
        if any(name in kept.parts.get(part, ()) for name in names)
    )
    return next(owners, min(customer.members))


def _start(journey: Journey, now_ms: int, judgement: Judgement) -> None:
    customer, view = judgement.customer, judgement.view
    before: dict[str, list[Instance]] = {}
    for _, instance in customer.instances():
        if instance.journey == journey.name:
            before.setdefault(_name(journey, instance.key, view), []).append(instance)
    for about in abouts(journey.for_each, customer, view):
        hit = holds(journey.when, about, view, now_ms)
        if hit is None:
            continue
        runs = before.get(_name(journey, about.key, view), [])
        if not all(_over(instance, hit) for instance in runs):
            for instance in runs:
                _begin_anew(instance, hit, journey, about, view)
        elif (
            true(journey.only_if, about, view)
            and stopped(journey, about, hit.at_ms, view, now_ms) is None
        ):
            rev = max((instance.rev for instance in runs), default=0)
            _begin(journey, about, hit, rev, judgement)


def _begin(journey: Journey, about: About, hit: Hit, rev: int, judgement: Judgement) -> None:
    customer, zone = judgement.customer, judgement.view.zone
    ends_ms = journey.ends.after(hit.at_ms, zone)
    instance = Instance(journey.name, about.key, hit.at_ms, ends_ms, rev=rev)
    name = f"{journey.name}/{about.key}"
    customer.members[_owner(about, customer)].instances[name] = instance
    if hit.cause.known_ms > journey.not_older_than.after(hit.at_ms, zone):
        instance.status = "too_old"
        judgement.not_started.append(f"{journey.name}:too_old")
        return
    fields = {"key": name, "journey": journey.name, "instance": about.key}
    judgement.transitions.append(Transition("journey.entered", hit.at_ms, fields, hit.cause))


def _over(before: Instance, hit: Hit) -> bool:
    """Whether it makes room: one that was too old for any later moment, else one whose whole life
    lies before."""
    if before.status == "too_old":
        return hit.at_ms > before.begun_ms
    return before.status == "ended" and hit.at_ms > before.ends_ms


def _begin_anew(instance: Instance, hit: Hit, journey: Journey, about: About, view: View) -> None:
    """She touched the cart again before the first step was due, or filled it again after all of it
    was bought: the waiting begins anew. Until a step was due it also goes back to when it began,
    if what came since is taken back, or was another's."""
    if instance.status not in RUNNING or hit.at_ms == instance.begun_ms:
        return
    later = hit.at_ms > instance.begun_ms
    if not instance.steps or (later and about.refilled(instance.begun_ms)):
        instance.begun_ms = hit.at_ms
        instance.ends_ms = journey.ends.after(hit.at_ms, view.zone)
        instance.steps = {}


def _judge_one(one: Run, judgement: Judgement, *, twin: bool) -> None:
    instance, view = one.instance, judgement.view
    gone = one.about.entity is None and one.about.kind != "customer"
    if instance.status not in RUNNING:
        if gone:
            name = f"{instance.journey}/{instance.key}"
            del judgement.customer.members[one.member].instances[name]
        return
    if gone:
        now = Verdict("stopped", "fact_retracted")
    elif twin:
        now = Verdict("stopped", "superseded")
    else:
        now = verdict(one.journey, one.about, instance.begun_ms, view, one.now_ms)
    tell(one, now, judgement)
    if now.status == "stopped" and instance.status != "stopped":
        judgement.stopped.append((one, now))
    instance.status, instance.because = now.status, now.because
    instance.until_ms = now.until_ms
    # While what began it no longer holds (she is back in the cart), nothing of it is due.
    if now.status == "live" and holds(one.journey.when, one.about, view, one.now_ms):
        for due in run.advance(one.journey, instance, one.about, view, one.now_ms):
            judgement.due.append((one, due))


def _end(one: Run, judgement: Judgement) -> None:
    instance = one.instance
    if instance.status == "held":  # Nobody shall wait for a release that cannot come any more.
        tell(one, Verdict("stopped", "expired"), judgement)
    fields = {
        "key": f"{instance.journey}/{instance.key}",
        "journey": instance.journey,
        "instance": instance.key,
        "because": instance.because or None,
    }
    judgement.transitions.append(Transition("journey.ended", instance.ends_ms, fields))
    instance.status = "ended"
