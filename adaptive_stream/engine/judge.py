"""Which journeys run for her, and what of each is due.

Rule 1: an instance is judged from the whole view, every time; what is told is the difference to
what was told before. So a late fact, a merge and a retraction need no case of their own.
Rule 2: one thing has one run of a journey at a time, under whatever name and in whichever member.
"""

from collections.abc import Iterator

from adaptive_stream.engine import instance as run
from adaptive_stream.engine.arbitrate import arbitrate
from adaptive_stream.engine.complete import waiting
from adaptive_stream.engine.condition import About, holds, true
from adaptive_stream.engine.customer import Customer, Instance
from adaptive_stream.engine.decision import Transition
from adaptive_stream.engine.heeding import PART_OF_KIND, UNDER_WAY, concerned
from adaptive_stream.engine.journey import ALL_CHANNELS, Clocks, Journey, Rules
from adaptive_stream.engine.occasion import Occasion
from adaptive_stream.engine.promise import keep_promises
from adaptive_stream.engine.reach import Reach
from adaptive_stream.engine.restart import free_name, goes_on, restarted, same_run
from adaptive_stream.engine.standing import judge_purposes
from adaptive_stream.engine.telling import Judgement, Run, tell
from adaptive_stream.engine.verdict import Verdict, stopped, verdict
from adaptive_stream.engine.view import EVERY_PART, Entity, Hit, View

INSTANCE_BYTES = 512  # What a run can take in the state, roughly.


def judge(
    customer: Customer, view: View, rules: Rules, clocks: Clocks, occasion: Occasion
) -> Judgement:
    """End what is over, start what is to start, judge what runs, do what is due."""
    judgement = Judgement(
        customer, view, occasion, Reach(customer, view, rules.policy), sources=rules.sources
    )
    judge_purposes(judgement, rules, clocks[ALL_CHANNELS])
    before: dict[str, list[Instance]] = {}
    # Whatever a purpose that is held, or free again, may hold back is looked at as a whole.
    by_purpose = judgement.held or judgement.freed
    again = concerned(rules, EVERY_PART if by_purpose else view.fresh)
    judgement.runs = _runs(customer, view, rules, clocks)
    for one in judgement.runs:
        if one.journey.name in again.names:
            if one.instance.status in UNDER_WAY:
                _end_if_over(one, judgement)
            before.setdefault(_name(one.journey, one.about.key, view), []).append(one.instance)
    begun = [_start(journey, clocks, before, judgement) for journey in again.journeys]
    if any(begun):
        judgement.runs = _runs(customer, view, rules, clocks)
    first: dict[str, Instance] = {}
    for one in judgement.runs:
        if one.journey.name not in again.names:
            continue  # It stands as it was judged last.
        name = f"{_name(one.journey, one.about.key, view)}#{one.instance.after_ms}"
        earlier = first.get(name)
        twin = earlier is not None and one.instance.begun_ms <= earlier.ends_ms
        if not twin and one.instance.status != "too_old":
            first[name] = one.instance
        _judge_one(one, judgement, twin=twin)
    keep_promises(judgement, rules)
    arbitrate(judgement, rules.policy.outranked_for)
    return judgement


def abouts(kind: str, customer: Customer, view: View) -> Iterator[About]:
    """Everything that a journey of this kind can run for."""
    if kind == "customer":
        if customer.members:
            yield About(kind, min(customer.members), None)
        return
    for key, entity in view.by_kind[kind].items():
        yield About(kind, key, entity)


def _runs(customer: Customer, view: View, rules: Rules, clocks: Clocks) -> list[Run]:
    """Every run of a journey that is in force: by other rules nobody may judge."""
    runs = []
    for member, instance in customer.instances():
        journey = rules.of_run(instance.journey, instance.version)
        if journey is not None:
            entity = _entity(journey.for_each, instance.about, view)
            run_name = (journey.name, instance.key)
            about = About(journey.for_each, instance.about, entity, run_name)
            runs.append(Run(member, journey, instance, about, clocks[journey.name]))
    return runs


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


def _start(
    journey: Journey, clocks: Clocks, before: dict[str, list[Instance]], judgement: Judgement
) -> int:
    """How many runs began. `before`: what ran or runs, by `_name`."""
    customer, view, begun = judgement.customer, judgement.view, 0
    if not journey.restart_when and view.types.isdisjoint(journey.when.condition.hears):
        return 0
    now_ms = clocks[journey.name]
    for about in abouts(journey.for_each, customer, view):
        runs = before.get(_name(journey, about.key, view), [])
        rest = restarted(journey, about, runs, view, now_ms)
        if rest is not None:
            further = [instance for instance in runs if instance.after_ms]
            _begin(journey, about, *rest, judgement, number=len(further) + 2)
            begun += 1
        hit = holds(journey.when, about, view, now_ms)
        if hit is None:
            continue
        firsts = [instance for instance in runs if not instance.after_ms]
        for instance in firsts:
            _go_on(instance, about, journey, view, now_ms)
        if not all(_over(instance, hit, journey, view) for instance in runs):
            for instance in firsts:
                _begin_anew(instance, hit, journey, view)
        elif (
            true(journey.only_if, about, view)
            and stopped(journey, about, hit.at_ms, view, now_ms) is None
        ):
            _begin(journey, about, hit.at_ms, hit, judgement)
            begun += 1
    return begun


def _begin(
    journey: Journey, about: About, at_ms: int, hit: Hit, judgement: Judgement, number: int = 1
) -> None:
    """Run number 1 of a thing or, for what is left of it, a further one: then in spite of `hit`."""
    customer, zone = judgement.customer, judgement.view.zone
    instances = customer.members[_owner(about, customer)].instances
    earlier = same_run(journey.name, about.key, instances.values()) if number == 1 else None
    key = earlier.key if earlier else free_name(journey.name, about.key, instances, number)
    instance = Instance(journey.name, key, at_ms, journey.ends.after(at_ms, zone), hit.cause.id)
    instance.version = journey.version
    instance.thing = about.key if key != about.key else ""
    instance.after_ms = hit.at_ms if number > 1 else 0
    name = f"{journey.name}/{key}"
    if earlier:  # For a sender it is the same run: the highest `rev` is the last word.
        instance.rev, instance.told = earlier.rev, earlier.told
        instance.told_to = earlier.told_to
    instances[name] = instance
    customer.bytes_at_most += INSTANCE_BYTES
    youngest_ms = journey.not_older_than.after(at_ms, zone)
    if max(hit.cause.known_ms, journey.since_ms) > youngest_ms:
        instance.status = "too_old"
        judgement.not_started.append(f"{journey.name}:too_old")
        return
    fields = {"key": name, "journey": journey.name, "instance": key}
    judgement.transitions.append(Transition("journey.entered", at_ms, fields, hit.cause))


def _over(before: Instance, hit: Hit, journey: Journey, view: View) -> bool:
    """Whether it makes room: one that was too old for any later moment, else one whose whole life
    lies before, if there may be another."""
    if before.status == "too_old":
        return hit.at_ms > before.begun_ms
    if before.status != "ended" or hit.at_ms <= before.ends_ms or journey.once:
        return False
    again = journey.again_after
    return again is None or hit.at_ms >= again.after(before.begun_ms, view.zone)


def _go_on(instance: Instance, about: About, journey: Journey, view: View, now_ms: int) -> None:
    """A run that ended because its cart was filled again, by a fact that is not hers after all,
    never ended. Its channels were told to stop: they are released if it is still good."""
    ends_ms = journey.ends.after(instance.begun_ms, view.zone)
    early = instance.status == "ended" and instance.ends_ms < ends_ms
    if early and now_ms < ends_ms and not about.refilled(instance.begun_ms):
        instance.status, instance.ends_ms = "stopped", ends_ms


def _begin_anew(instance: Instance, hit: Hit, journey: Journey, view: View) -> None:
    """Before its first step a run begins when its thing did: with the latest touch of a cart, or
    with a late report of an order."""
    if instance.status in UNDER_WAY and not instance.steps:
        instance.begun_ms, instance.rests_on = hit.at_ms, hit.cause.id
        instance.ends_ms = journey.ends.after(hit.at_ms, view.zone)


def _judge_one(one: Run, judgement: Judgement, *, twin: bool) -> None:
    instance, view = one.instance, judgement.view
    gone = one.about.entity is None and one.about.kind != "customer"
    if gone and (instance.status not in UNDER_WAY or _forgotten(one, judgement.customer)):
        _forget(one, judgement)
        return
    if instance.status not in UNDER_WAY:
        return
    began = holds(one.journey.when, one.about, view, one.now_ms) is not None
    holds_still = goes_on(one, view) if instance.after_ms else began
    if twin and not gone:
        now = Verdict("stopped", "superseded")
    else:
        begun_ms, after_ms = instance.begun_ms, instance.after_ms
        now = verdict(one.journey, one.about, begun_ms, view, one.now_ms, after_ms)
        taken_back = instance.rests_on in view.retracted or after_ms > 0
        baseless = gone or (taken_back and not holds_still)
        if baseless and now.status != "stopped":
            now = Verdict("stopped", "fact_retracted")
    instance.waits_for = ""
    if now.status == "live" and holds_still:
        next_ms = (run.due_ms(one.journey, instance, view.zone) or (None, None))[1]
        waits = waiting(one.journey, next_ms, view, judgement.sources, one.now_ms)
        now, instance.waits_for = waits or (now, "")
    tell(one, now, judgement)
    if now.status == "stopped" and instance.status != "stopped":
        judgement.stopped.append((one, now))
    before = (instance.status, instance.because, instance.until_ms)
    instance.status, instance.because = now.status, now.because
    instance.until_ms = now.until_ms
    after = (now.status, now.because, now.until_ms)
    judgement.changed |= before != after and not one.journey.shadow
    purpose = one.journey.purpose
    if now.status == "live" and purpose in judgement.freed:
        run.move(one.journey, instance, view.zone, judgement.freed[purpose])
    # While what began it no longer holds (she is back in the cart), nothing of it is due.
    if now.status == "live" and holds_still and purpose not in judgement.held:
        done, reach = len(instance.steps), judgement.reach
        for due in run.advance(one.journey, instance, one.about, view, reach, one.now_ms):
            judgement.due.append((one, due))
        judgement.changed |= len(instance.steps) > done and not one.journey.shadow


def _forgotten(one: Run, customer: Customer) -> bool:
    """Whether its thing was dropped for its size: not taken back, but known to nobody any more."""
    part = PART_OF_KIND[one.about.kind]
    members = customer.members.values()
    return not any(one.about.key in member.parts.get(part, ()) for member in members)


def _forget(one: Run, judgement: Judgement) -> None:
    if one.instance.status in UNDER_WAY:
        tell(one, Verdict("stopped", "expired"), judgement)
        one.instance.status = "stopped"
        _end(one, one.now_ms, judgement)
    name = f"{one.instance.journey}/{one.instance.key}"
    del judgement.customer.members[one.member].instances[name]


def _end_if_over(one: Run, judgement: Judgement) -> None:
    instance = one.instance
    if one.now_ms >= instance.ends_ms:
        _end(one, instance.ends_ms, judgement)
        # Senders have forgotten it too: `releasable_until` has passed.
        instance.told, instance.told_to = {}, {}
        return
    refilled = one.about.refilled(instance.begun_ms)
    if refilled and holds(one.journey.when, one.about, judgement.view, one.now_ms):
        # She has left a cart that was filled again: that is another run, from the beginning.
        instance.ends_ms = one.about.since_ms(instance.begun_ms)
        _end(one, instance.ends_ms, judgement)


def _end(one: Run, at_ms: int, judgement: Judgement) -> None:
    instance = one.instance
    if instance.status == "held":  # Nobody shall wait for a release that cannot come any more.
        tell(one, Verdict("stopped", "expired"), judgement)
    fields = {
        "key": f"{instance.journey}/{instance.key}",
        "journey": instance.journey,
        "instance": instance.key,
        "because": instance.because or None,
    }
    judgement.transitions.append(Transition("journey.ended", at_ms, fields))
    instance.status = "ended"
