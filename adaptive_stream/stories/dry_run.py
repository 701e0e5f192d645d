"""What a change of the rules would say to everybody who is amid something, before it is made.

Rule 1: each customer is judged by the real step as of her partition's clock, by the rules in force
and by those to come; what is told only by one of them is the change's doing.
Rule 2: only who has a run under way or a message planned: everybody else hears of the change with
her next fact, if at all.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from adaptive_stream.catalog.published import start_version
from adaptive_stream.engine.clock import Clock
from adaptive_stream.engine.context import Context
from adaptive_stream.engine.customer import Customer, Instance, decode_customer
from adaptive_stream.engine.decision import Opportunity, Suppression
from adaptive_stream.engine.journey import Rules
from adaptive_stream.engine.message import Arrival
from adaptive_stream.engine.step import step
from adaptive_stream.engine.switch import Switch, switched

UNDER_WAY = ("live", "held")
DUE, NOT_DUE = "due", "not due"


class Telling(NamedTuple):
    """What is told of a run, whatever the channel: suppress, hold, release, due or not due."""

    action: str
    because: str


@dataclass(slots=True)
class Change:
    """What is otherwise for one journey ("" for messages of other tools). `runs` are under way, of
    which `keep_steps` go on with those that they entered with; `told`: how many runs hear what;
    `channels`: what is said once to everybody (channel, action, because)."""

    runs: int = 0
    keep_steps: int = 0
    begins_otherwise: bool = False
    told: Counter[Telling] = field(default_factory=Counter)
    channels: list[tuple[str, str, str]] = field(default_factory=list)


def dry_run(
    customers: Iterable[tuple[bytes, Clock]], context: Context, now: Rules, then: Rules
) -> dict[str, Change]:
    """By name of a journey that differs or has runs that would. `customers`: each state as stored,
    and the clock of its partition."""
    changes: dict[str, Change] = {}
    for name in {*now.by_name, *then.by_name}:
        old, new = now.by_name.get(name), then.by_name.get(name)
        if old != new and not (new or old).shadow:  # type: ignore[union-attr]
            begins = old is None or (new is not None and start_version(old) != start_version(new))
            changes[name] = Change(begins_otherwise=begins)
    for said in switched(now, then, Switch(0, then.id, 0), 0):
        told = (said.channel, said.action, said.because)
        changes.setdefault(said.journey, Change()).channels.append(told)
    counts: dict[str, list[Instance]] = {}
    for state, clock in customers:
        customer = decode_customer(state)
        runs = _under_way(customer)
        if not runs and not any(one.parts.get("messages") for one in customer.members.values()):
            continue
        for run in runs:
            counts.setdefault(run.journey, []).append(run)
        before, after = (_told(state, rules, clock, context) for rules in (now, then))
        for journey, instance in {key[:2] for key in before ^ after}:
            for telling in _differing(journey, instance, before, after):
                changes.setdefault(journey, Change()).told[telling] += 1
    for name, change in changes.items():
        runs = counts.get(name, [])
        change.runs = len(runs)
        change.keep_steps = sum(_keeps(run, then) for run in runs)
    return dict(sorted(changes.items()))


def _under_way(customer: Customer) -> list[Instance]:
    return [
        run
        for member in customer.members.values()
        for run in member.instances.values()
        if run.status in UNDER_WAY
    ]


def _keeps(run: Instance, then: Rules) -> bool:
    """Whether its steps are others than those of who enters from then on."""
    own, today = then.of_run(run.journey, run.version), then.by_name.get(run.journey)
    return own is not None and today is not None and own.steps != today.steps


Told = set[tuple[str, str, str, str]]  # journey, instance, action, because


def _told(state: bytes, rules: Rules, clock: Clock, context: Context) -> Told:
    """What she hears at the next tick; the state is decoded anew, for a step changes it."""
    customer = decode_customer(state)
    tick = Arrival("tick", customer.id, b"", clock.now_ms)
    told = set()
    for one in step(customer, tick, rules, clock, context).decisions:
        if isinstance(one, Suppression):
            told.add((one.journey, one.instance, one.action, one.because))
        elif isinstance(one, Opportunity) and (one.kind, one.action) == ("step", "offer"):
            told.add((one.journey or "", one.instance or "", DUE, ""))
    return told


def _differing(journey: str, instance: str, before: Told, after: Told) -> Iterator[Telling]:
    run = (journey, instance)
    for one in sorted(after - before):
        if one[:2] == run:
            yield Telling(*one[2:])
    for one in sorted(before - after):
        if one[:2] == run and one[2] == DUE:
            yield Telling(NOT_DUE, "")
