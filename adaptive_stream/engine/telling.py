"""What the channels of a run have to be told: suppress, hold, release.

Rule 1: a telling is the difference between what a channel was told and what is so now. Whom it
names is part of it: as she gains or loses an address, what still stands is told again.
Rule 2: a hold is always ended for whoever waits; of a stop that is taken back only what is still
good is worth a word.
"""

from collections.abc import Mapping

import msgspec

from adaptive_stream.engine import instance as run
from adaptive_stream.engine.condition import About
from adaptive_stream.engine.customer import Customer, Instance
from adaptive_stream.engine.decision import Cause, Transition
from adaptive_stream.engine.journey import Journey
from adaptive_stream.engine.occasion import Occasion
from adaptive_stream.engine.place import Place
from adaptive_stream.engine.reach import Reach
from adaptive_stream.engine.source import Sources
from adaptive_stream.engine.verdict import Verdict
from adaptive_stream.engine.view import Hit, View

RELEASED_BY = {
    "order.voided": "fact_retracted",
    "fact.retracted": "fact_retracted",
    "order.payment_failed": "payment_failed",
    "order.cancelled": "order_cancelled",
    "case.closed": "case_closed",
    "customer.unmerge": "unmerged",
    "consent.given": "reconsented",
    "consent.confirmed": "reconsented",
}


class Run(msgspec.Struct, frozen=True, gc=False):
    """An instance with all that it is judged by."""

    member: str
    journey: Journey
    instance: Instance
    about: About
    now_ms: int


class Telling(msgspec.Struct):
    """What the channels of a run have to be told: channel -> steps. action: suppress, hold,
    release."""

    action: str
    run: Run
    because: str
    channels: dict[str, tuple[str, ...]]
    event_ms: int
    cause: Cause | None = None
    until_ms: int | None = None
    rev: int = 0


class Hush(msgspec.Struct, frozen=True):
    """What a channel has to be told of a purpose, an address or all. action: suppress, hold,
    release. `member`: under which, "" for her own; `nobody`: another word names whom it concerns.
    """

    action: str
    place: Place
    channel: str
    because: str
    event_ms: int
    rev: int
    cause: Cause | None = None
    until_ms: int | None = None
    member: str = ""
    nobody: bool = False


class Broken(msgspec.Struct, frozen=True):
    """A step that was due and may not offer what it promises; `offer`: what is offered on the air
    in its place, "" for nothing."""

    one: Run
    due: run.Due
    because: str
    hit: Hit
    offer: str


class Judgement(msgspec.Struct):
    """One judging of one customer: what it looks at, and below what it brought about.

    `stopped`, `due` and `broken` carry what opportunities are made of; `runs` is every run there
    is now; `changed`: some run stands otherwise than before, whether or not anybody had to be told;
    `would`: what runs in the shadow would have done. `held`: the purposes that a standing rule
    keeps back, `freed`: those that none holds any more, since when; `regained`: some are no longer
    kept back, held or stopped; `hushes`: what is told of them.
    `things`: by kind, what journeys can run for, as far as one has asked.
    """

    customer: Customer
    view: View
    occasion: Occasion
    reach: Reach
    runs: list[Run] = []
    transitions: list[Transition] = []
    tellings: list[Telling] = []
    stopped: list[tuple[Run, Verdict]] = []
    due: list[tuple[Run, run.Due]] = []
    broken: list[Broken] = []
    not_started: list[str] = []
    would: tuple[str, ...] = ()
    changed: bool = False
    held: set[str] = msgspec.field(default_factory=set)
    freed: dict[str, int] = {}
    regained: bool = False
    hushes: list[Hush] = []
    sources: Mapping[str, Sources] = {}
    things: dict[str, list[About]] = {}


def tell(one: Run, verdict: Verdict, judgement: Judgement) -> None:
    """Say what differs from what was said before; nothing, if nothing does."""
    instance = one.instance
    if verdict.status == "live":
        if instance.status != "live" or instance.told:
            _release(one, judgement)
        return
    same_hold = (instance.because, instance.until_ms) == (verdict.because, verdict.until_ms)
    if instance.status == verdict.status and (verdict.status == "stopped" or same_hold):
        channels = {}
    else:
        channels = _remaining(one, judgement)
        if instance.status == "held":  # Whoever waits is told, even if nothing is left for him.
            channels = dict.fromkeys(instance.told, ()) | channels
    channels = _reached_otherwise(instance, judgement.reach) | channels
    if not channels:
        return
    instance.told = instance.told | channels
    telling = Telling(
        action="suppress" if verdict.status == "stopped" else "hold",
        run=one,
        because=verdict.because,
        channels=channels,
        event_ms=verdict.hit.at_ms if verdict.hit else judgement.occasion.at_ms,
        cause=verdict.hit.cause if verdict.hit else None,
        until_ms=verdict.until_ms,
    )
    _say(telling, judgement)


def _reached_otherwise(instance: Instance, reach: Reach) -> dict[str, tuple[str, ...]]:
    """The channels whose last word names others than her endpoints now, with what it said."""
    to = instance.told_to
    return {c: steps for c, steps in instance.told.items() if to.get(c, b"") != reach.mark(c)}


def _release(one: Run, judgement: Judgement) -> None:
    instance, occasion = one.instance, judgement.occasion
    held = instance.status == "held"
    event_ms, because = occasion.at_ms, RELEASED_BY.get(occasion.trigger, "hold_lapsed")
    if held and instance.until_ms is not None and instance.until_ms <= one.now_ms:
        event_ms, because = instance.until_ms, "hold_lapsed"
    if held:
        run.move(one.journey, instance, judgement.view.zone, event_ms)
    left = _remaining(one, judgement)
    channels = {c: left.get(c, ()) for c in instance.told if held or c in left}
    # The others hear of it when the run begins anew and something is good on them again.
    instance.told = {c: steps for c, steps in instance.told.items() if c not in channels}
    if channels:
        _say(Telling("release", one, because, channels, event_ms), judgement)


def _remaining(one: Run, judgement: Judgement) -> dict[str, tuple[str, ...]]:
    held = one.instance.status == "held" or one.journey.purpose in judgement.held
    return run.remaining(one.journey, one.instance, judgement.view, one.now_ms, held=held)


def _say(telling: Telling, judgement: Judgement) -> None:
    instance, marks = telling.run.instance, map(judgement.reach.mark, telling.channels)
    instance.rev += 1
    instance.told_to = instance.told_to | dict(zip(telling.channels, marks, strict=True))
    telling.rev = instance.rev
    judgement.tellings.append(telling)
