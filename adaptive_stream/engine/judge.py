"""Which journeys run for her, and what of each is due.

Rule 1: an instance is judged from the whole view, every time; what is told is the difference to
what was told before. So a late fact, a merge and a retraction need no case of their own.
Rule 2: what begins is start.py's; here is what goes on.
"""

from adaptive_stream.engine import instance as run
from adaptive_stream.engine.arbitrate import arbitrate
from adaptive_stream.engine.complete import waiting
from adaptive_stream.engine.condition import About, holds
from adaptive_stream.engine.customer import Customer, Instance
from adaptive_stream.engine.decision import Transition
from adaptive_stream.engine.heeding import PART_OF_KIND, UNDER_WAY, concerned
from adaptive_stream.engine.journey import ALL_CHANNELS, Clocks, Rules
from adaptive_stream.engine.occasion import Occasion
from adaptive_stream.engine.promise import keep_promises
from adaptive_stream.engine.reach import Reach
from adaptive_stream.engine.restart import goes_on
from adaptive_stream.engine.standing import judge_purposes
from adaptive_stream.engine.start import go_on, name_of, start
from adaptive_stream.engine.telling import Judgement, Run, tell
from adaptive_stream.engine.verdict import Verdict, verdict
from adaptive_stream.engine.view import EVERY_PART, Entity, View


def judge(
    customer: Customer, view: View, rules: Rules, clocks: Clocks, occasion: Occasion
) -> Judgement:
    """End what is over, start what is to start, judge what runs, do what is due."""
    judgement = Judgement(
        customer, view, occasion, Reach(customer, view, rules.policy), sources=rules.sources
    )
    if customer.quiet or not view.types.isdisjoint(rules.quieting):
        judge_purposes(judgement, rules, clocks[ALL_CHANNELS])
    before: dict[str, list[Instance]] = {}
    # Whatever a purpose that is held, or free again, may hold back is looked at as a whole.
    by_purpose = judgement.held or judgement.regained
    again = concerned(rules, EVERY_PART if by_purpose else view.fresh)
    judgement.runs = _runs(customer, view, rules, clocks)
    for one in judgement.runs:
        if one.journey.name in again.names:
            if one.instance.status in UNDER_WAY:
                _end_if_over(one, judgement)
            before.setdefault(name_of(one.journey, one.about.key, view), []).append(one.instance)
    begun = [start(journey, clocks, before, judgement) for journey in again.journeys]
    if any(begun):
        judgement.runs = _runs(customer, view, rules, clocks)
    first: dict[str, Instance] = {}
    for one in judgement.runs:
        if one.journey.name not in again.names:
            continue  # It stands as it was judged last.
        name = f"{name_of(one.journey, one.about.key, view)}#{one.instance.after_ms}"
        earlier = first.get(name)
        twin = earlier is not None and one.instance.begun_ms <= earlier.ends_ms
        if not twin and one.instance.status != "too_old":
            first[name] = one.instance
        _judge_one(one, judgement, twin=twin)
    keep_promises(judgement, rules)
    arbitrate(judgement, rules.policy.outranked_for)
    return judgement


def _runs(customer: Customer, view: View, rules: Rules, clocks: Clocks) -> list[Run]:
    """Every run of a journey that is in force: by other rules nobody may judge."""
    runs = []
    for member, instance in customer.instances():
        journey = rules.of_run(instance.journey, instance.version)
        if journey is not None:
            kind, key, name = journey.for_each, instance.thing or instance.key, journey.name
            about = About(kind, key, _entity(kind, key, view), (name, instance.key))
            runs.append(Run(member, journey, instance, about, clocks[name]))
    return runs


def _entity(kind: str, key: str, view: View) -> Entity | None:
    if kind == "customer":
        return None
    return view.order(key) if kind == "order" else view.by_kind[kind].get(key)


def _judge_one(one: Run, judgement: Judgement, *, twin: bool) -> None:
    instance, view = one.instance, judgement.view
    gone = one.about.entity is None and one.about.kind != "customer"
    if gone and instance.told:  # Somebody keeps a stop of it; so do we, until nobody needs to.
        go_on(instance, one.about, one.journey, view, one.now_ms)
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
