"""What begins: for which things of hers a journey starts to run, or runs again.

Rule: one thing has one run of a journey at a time, under whatever name and in whichever member.
"""

from collections.abc import Iterator

from adaptive_stream.engine.condition import About, holds, true
from adaptive_stream.engine.customer import Customer, Instance
from adaptive_stream.engine.decision import Transition
from adaptive_stream.engine.fact import Fact
from adaptive_stream.engine.heeding import PART_OF_KIND, UNDER_WAY
from adaptive_stream.engine.journey import Clocks, Journey, Rules
from adaptive_stream.engine.parts.carts import CART_MS
from adaptive_stream.engine.restart import free_name, restarted, same_run
from adaptive_stream.engine.telling import Judgement
from adaptive_stream.engine.verdict import stopped
from adaptive_stream.engine.view import Hit, View

INSTANCE_BYTES = 512  # What a run can take in the state, roughly.


def start(
    journey: Journey, clocks: Clocks, before: dict[str, list[Instance]], judgement: Judgement
) -> int:
    """How many runs began. `before`: what ran or runs, by `name_of`."""
    view, begun = judgement.view, 0
    if view.types.isdisjoint(journey.when.condition.hears) and not (
        before and journey.restart_when
    ):
        return 0
    now_ms = clocks[journey.name]
    for about in _things(journey.for_each, judgement):
        runs = before.get(name_of(journey, about.key, view)) if before else None
        hit = holds(journey.when, about, view, now_ms)
        if runs:
            begun += _restart(journey, about, runs, judgement, now_ms)
        if hit is None or (runs and _goes_on(journey, about, runs, hit, view, now_ms)):
            continue
        if (
            true(journey.only_if, about, view)
            and stopped(journey, about, hit.at_ms, view, now_ms) is None
        ):
            _begin(journey, about, hit.at_ms, hit, judgement)
            begun += 1
    return begun


def of_history(fact: Fact, rules: Rules, now_ms: int) -> Iterator[str]:
    """The journeys that a cart begins, if the cart of this fact is so old that it is forgotten the
    moment that it comes: who loads two years of history reads how many starts came to nothing."""
    if fact.type == "cart.item_added" and fact.at_ms < now_ms - CART_MS:
        for journey in rules.journeys:
            if "cart.abandoned" in journey.when.condition.hears and not journey.shadow:
                yield journey.name


def _restart(
    journey: Journey, about: About, runs: list[Instance], judgement: Judgement, now_ms: int
) -> bool:
    """Whether another run began, for what is left of the thing."""
    if not journey.restart_when:
        return False
    rest = restarted(journey, about, runs, judgement.view, now_ms)
    if rest is not None:
        further = [instance for instance in runs if instance.after_ms]
        _begin(journey, about, *rest, judgement, number=len(further) + 2)
    return rest is not None


def _goes_on(
    journey: Journey, about: About, runs: list[Instance], hit: Hit, view: View, now_ms: int
) -> bool:
    """Whether one of its runs is what the hit would begin."""
    firsts = [instance for instance in runs if not instance.after_ms]
    for instance in firsts:
        go_on(instance, about, journey, view, now_ms)
    if all(_over(instance, hit, journey, view) for instance in runs):
        return False
    for instance in firsts:
        _begin_anew(instance, hit, journey, view)
    return True


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


def go_on(instance: Instance, about: About, journey: Journey, view: View, now_ms: int) -> None:
    """A run that ended because its cart was filled again, by a fact that is not hers after all,
    never ended. If its channels were told to stop, they are released if it is still good."""
    if instance.status != "ended":
        return
    ends_ms = journey.ends.after(instance.begun_ms, view.zone)
    early = instance.ends_ms < ends_ms
    if early and now_ms < ends_ms and not about.refilled(instance.begun_ms):
        instance.status, instance.ends_ms = "stopped" if instance.told else "live", ends_ms


def _begin_anew(instance: Instance, hit: Hit, journey: Journey, view: View) -> None:
    """Before its first step a run begins when its thing did: with the latest touch of a cart, or
    with a late report of an order."""
    if instance.status in UNDER_WAY and not instance.steps:
        instance.begun_ms, instance.rests_on = hit.at_ms, hit.cause.id
        instance.ends_ms = journey.ends.after(hit.at_ms, view.zone)


def abouts(kind: str, customer: Customer, view: View) -> Iterator[About]:
    """Everything that a journey of this kind can run for."""
    if kind == "customer":
        if customer.members:
            yield About(kind, min(customer.members), None)
        return
    for key, entity in view.by_kind[kind].items():
        yield About(kind, key, entity)


def _things(kind: str, judgement: Judgement) -> list[About]:
    """`abouts`, made once for all the journeys that ask."""
    found = judgement.things.get(kind)
    if found is None:
        found = judgement.things[kind] = list(abouts(kind, judgement.customer, judgement.view))
    return found


def name_of(journey: Journey, key: str, view: View) -> str:
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
