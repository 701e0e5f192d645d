"""What the channels of a run have to be told: suppress, hold, release.

Rule 1: a telling is the difference between what a channel was told and what is so now.
Rule 2: a hold is always ended for whoever waits; of a stop that is taken back only what is still
good is worth a word.
"""

from dataclasses import dataclass, field

from adaptive_stream.engine import instance as run
from adaptive_stream.engine.condition import About
from adaptive_stream.engine.customer import Customer, Instance
from adaptive_stream.engine.decision import Cause, Transition
from adaptive_stream.engine.journey import Journey
from adaptive_stream.engine.verdict import Verdict
from adaptive_stream.engine.view import View

RELEASED_BY = {
    "order.voided": "fact_retracted",
    "fact.retracted": "fact_retracted",
    "order.payment_failed": "payment_failed",
    "order.cancelled": "order_cancelled",
    "case.closed": "case_closed",
    "customer.unmerge": "unmerged",
}


@dataclass(frozen=True, slots=True)
class Run:
    """An instance with all that it is judged by."""

    member: str
    journey: Journey
    instance: Instance
    about: About
    now_ms: int


@dataclass(frozen=True, slots=True)
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


def tell(one: Run, verdict: Verdict, judgement: Judgement) -> None:
    """Say what differs from what was said before; nothing, if nothing does."""
    instance = one.instance
    if verdict.status == "live":
        if instance.status != "live":
            _release(one, judgement)
        return
    same_hold = (instance.because, instance.until_ms) == (verdict.because, verdict.until_ms)
    if instance.status == verdict.status and (verdict.status == "stopped" or same_hold):
        return
    action = "suppress" if verdict.status == "stopped" else "hold"
    hit = verdict.hit
    cause = hit.cause if hit else None
    event_ms = hit.at_ms if hit else judgement.at_ms
    channels = run.remaining(one.journey, instance, judgement.view, one.now_ms)
    instance.told = instance.told | channels
    until_ms = verdict.until_ms
    _say(one, action, verdict.because, cause, event_ms, until_ms, channels, judgement)


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
    channels = {c: left.get(c, ()) for c in instance.told if held or c in left}
    instance.told = {}
    _say(one, "release", because, None, event_ms, None, channels, judgement)


def _say(
    one: Run,
    action: str,
    because: str,
    cause: Cause | None,
    event_ms: int,
    until_ms: int | None,
    channels: dict[str, tuple[str, ...]],
    judgement: Judgement,
) -> None:
    if channels:
        one.instance.rev += 1
        rev = one.instance.rev
        telling = Telling(action, one, rev, because, cause, event_ms, until_ms, channels)
        judgement.tellings.append(telling)
