"""The compiled form of what business users write: journeys, conditions, policy.

The catalogue makes these from files and has found every fault before; the engine only reads them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from adaptive_stream.engine.clock import Clock
from adaptive_stream.engine.fact import WITHOUT_CUSTOMER
from adaptive_stream.engine.guard import IdentityPolicy
from adaptive_stream.engine.sender import Sender
from adaptive_stream.engine.source import Sources
from adaptive_stream.engine.span import Span
from adaptive_stream.engine.word import KIND_OF, Expression, Use

if TYPE_CHECKING:
    from adaptive_stream.engine.heeding import Concerned

SEMANTICS = 1  # Raised when the engine's meaning of the same rules changes; part of `Rules.id`.
SHADOW = "~shadow"  # Behind the name of a journey that runs beside.
PURPOSES = ("marketing", "service", "mandatory")
ALL_CHANNELS = ""  # In Clocks: for the standing rules, which may hear of anything.


@dataclass(frozen=True, slots=True)
class Hold:
    """`hold_when`. Ends `lasts` after what was heard, at most `at_most` after, or never by time."""

    use: Use
    at_most: Span | None = None
    lasts: Span | None = None
    then_stop: bool = False


@dataclass(frozen=True, slots=True)
class Restart:
    """`restart_when`: `after` the condition stopped the run, another begins for what is left."""

    use: Use
    after: Span
    only_if: Expression | None = None


@dataclass(frozen=True, slots=True)
class WaitFor:
    """`wait_for`: no step before her sources of this channel are complete, `at_most` so long."""

    channel: str
    at_most: Span


@dataclass(frozen=True, slots=True)
class Step:
    """One message. `wait` counts from the due moment of the step before, or from the start."""

    name: str
    wait: Span
    send: str
    by: tuple[str, ...]
    good_for: Span
    unless: tuple[Use, ...] = ()
    offer: str | None = None


@dataclass(frozen=True, slots=True)
class Instead:
    """What is offered when the condition named `after` stops the journey."""

    after: str
    offer: str
    channels: tuple[str, ...]
    good_for: Span
    unless: tuple[Use, ...] = ()
    only_if: Expression | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """`journeys pause` until `journeys resume`, UTC ms; `to_ms` None: it has not been resumed."""

    from_ms: int
    to_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Journey:
    """One file of rules/journeys/.

    `heeds`: the channels that can carry a fact it listens for; `again_after`: a thing has another
    run that long after the one before began, None once that has ended; `once`: it never has;
    `run_by`: the sender that counts the steps itself, so that none is offered, "" for nobody.

    Of its life in the log: `version` names its steps, so that a run keeps those that it entered
    with, unless the file says `migrate`; what began before `since_ms` starts nothing, for nobody
    waited for it then; a `shadow` runs beside and tells nobody.
    """

    name: str
    says: str
    owner: str
    purpose: str
    worth: float
    for_each: str  # one of ENTITIES, or customer
    when: Use
    only_if: Expression | None
    not_older_than: Span
    steps: tuple[Step, ...]
    stop_when: tuple[Use, ...] = ()
    hold_when: tuple[Hold, ...] = ()
    instead: tuple[Instead, ...] = ()
    ends: Span = Span(days=14)
    heeds: frozenset[str] = frozenset()
    restart_when: tuple[Restart, ...] = ()
    wait_for: tuple[WaitFor, ...] = ()
    again_after: Span | None = None
    once: bool = False
    run_by: str = ""
    version: str = ""
    migrate: bool = False
    since_ms: int = 0
    pauses: tuple[Pause, ...] = ()
    shadow: bool = False
    awaits: tuple[Use, ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """`awaits`: what stops or holds it only some time after it has happened."""
        awaits = tuple(use for use in self.goes_by() if use.condition.after)
        object.__setattr__(self, "awaits", awaits)

    @property
    def paused(self) -> bool:
        """Whether nothing of it is due until somebody resumes it."""
        return any(pause.to_ms is None for pause in self.pauses)

    def moved(self, due_ms: int) -> int | None:
        """When a step is due that would be due then: what came due in a pause is due at its end,
        None while there is none."""
        for pause in self.pauses:
            if pause.to_ms is None:
                return None
            if pause.from_ms <= due_ms:
                due_ms = max(due_ms, pause.to_ms)
        return due_ms

    def channels(self) -> frozenset[str]:
        """Those on which it sends something."""
        return frozenset(channel for step in self.steps for channel in step.by)

    @property
    def begins_by_context(self) -> bool:
        """Whether a price or a stock begins it: facts of nobody, that visit nobody."""
        return not WITHOUT_CUSTOMER.isdisjoint(self.when.condition.hears)

    def begins_by(self) -> Iterator[Use]:
        """What can begin a run of it."""
        yield self.when
        yield from (restart.use for restart in self.restart_when)

    def goes_by(self) -> Iterator[Use]:
        """What can stop or hold a run the moment that it happens."""
        yield from self.stop_when
        yield from (hold.use for hold in self.hold_when)

    def uses(self) -> Iterator[Use]:
        """Every condition as the journey uses it; one may come several times."""
        yield from self.begins_by()
        yield from self.goes_by()
        for step in self.steps:
            yield from step.unless
        for instead in self.instead:
            yield from instead.unless


@dataclass(frozen=True, slots=True)
class StandingRule:
    """One line of policy/standing.yaml: it judges each message of any tool, or all of a kind.

    `verb`: stop or hold. `scope`: message, endpoint, purpose or all; `purpose`: which, for scope
    purpose; `of`: the purposes that it judges, for scopes message and endpoint. A hold ends as
    that of a journey does, and `then_rest` later. `offer`: what is offered when the rule bites,
    with `then_rest` when the reason is over; `kind`: `instead` of what is kept from her, or `next`,
    what should be done for her now. It is of the purpose `offers_as`, another than what is held, or
    nobody might say it.
    """

    verb: str
    scope: str
    use: Use
    purpose: str = ""
    of: tuple[str, ...] = ("marketing",)
    at_most: Span | None = None
    lasts: Span | None = None
    then_rest: Span | None = None
    offer: str | None = None
    kind: str = "instead"
    offers_as: str = "service"
    channels: tuple[str, ...] = ("email", "callcentre")
    good_for: Span = Span(days=14)


class Clocks(dict[str, int]):
    """clocks[journey]: what the time is for it, UTC ms; clocks[ALL_CHANNELS] for everybody."""

    def __init__(self, by_name: Mapping[str, Journey], clock: Clock) -> None:
        self.by_name, self.clock = by_name, clock

    def __missing__(self, name: str) -> int:
        heeds = self.clock.channels if name == ALL_CHANNELS else self.by_name[name].heeds
        return self.setdefault(name, self.clock.at(heeds))


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds for all journeys. `endpoints`: channel -> identifier types that reach her there,
    in order of preference. `cart_heeds`: the channels that can carry cart and order facts.
    `substitutes`: another item of the same category counts as bought instead. `effort_touches`:
    with so many contacts about one thing within `effort_within` her effort is high.
    `outranked_for`: of steps due at once on one channel the weaker ones wait so long."""

    zone: str = "UTC"
    cart_abandoned_after_ms: int = 1_800_000
    substitutes: bool = True
    endpoints: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cart_heeds: frozenset[str] = frozenset()
    effort_touches: int = 3
    effort_within: Span = Span(days=30)
    outranked_for: Span = Span(days=1)


@dataclass(frozen=True, slots=True)
class Rules:
    """All that is in force, under one id (`r-` + hash of the files, tzdata version, semantics).

    `earlier`: by name and version, what runs that entered with other steps go by: the journey of
    today with the steps of then. `withdrawn`: journeys that are none any more, and their channels.
    """

    id: str
    journeys: tuple[Journey, ...] = ()
    policy: Policy = Policy()
    identity: IdentityPolicy = IdentityPolicy()
    standing: tuple[StandingRule, ...] = ()
    senders: Mapping[str, Sender] = field(default_factory=dict)
    sources: Mapping[str, Sources] = field(default_factory=dict)  # by channel
    earlier: Mapping[tuple[str, str], Journey] = field(default_factory=dict)
    withdrawn: Mapping[str, frozenset[str]] = field(default_factory=dict)
    by_name: Mapping[str, Journey] = field(init=False, compare=False)
    begun_by: frozenset[str] = field(init=False, compare=False)
    heard_by: Mapping[str, frozenset[str]] = field(init=False, compare=False)
    looked_at: frozenset[str] = field(init=False, compare=False)
    quieting: frozenset[str] = field(init=False, compare=False)
    timed: tuple[Journey, ...] = field(init=False, compare=False)
    by_context: tuple[Journey, ...] = field(init=False, compare=False)
    concerned: dict[frozenset[str], "Concerned"] = field(
        init=False, compare=False, default_factory=dict
    )
    asked: list["Clocks"] = field(init=False, compare=False, default_factory=list)

    def __post_init__(self) -> None:
        """`begun_by`: the facts that can begin a journey, or with which a standing rule begins or
        ends; `heard_by`: fact -> the journeys of which it can stop or hold a run. What else they
        ask (`unless`) is asked when it is due. `looked_at`: the facts that make a thing for which a
        price may begin a journey later; `quieting`: those that can keep back more than a message.
        `timed`: the journeys that time alone begins, `by_context`: those that a price or a stock
        begins. `concerned`: of heeding.py, filled when asked for; `asked`: the moment's clocks.
        """
        known = (*self.journeys, *self.earlier.values())
        begins = [use for journey in known for use in journey.begins_by()]
        begins += [rule.use for rule in self.standing]
        heard_by: dict[str, set[str]] = {}
        for journey in known:
            for type_ in {type_ for use in journey.goes_by() for type_ in use.condition.types}:
                heard_by.setdefault(type_, set()).add(journey.name)
        object.__setattr__(self, "by_name", {journey.name: journey for journey in self.journeys})
        begun_by = (use.condition.types for use in begins)
        object.__setattr__(self, "begun_by", frozenset(chain.from_iterable(begun_by)))
        frozen = {type_: frozenset(names) for type_, names in heard_by.items()}
        object.__setattr__(self, "heard_by", frozen)
        things = {journey.for_each for journey in known if journey.begins_by_context}
        looked_at = (name for name, kind in KIND_OF.items() if kind in things)
        object.__setattr__(self, "looked_at", frozenset(looked_at))
        quieting = (rule.use.condition.hears for rule in self.standing if rule.scope != "message")
        object.__setattr__(self, "quieting", frozenset(chain.from_iterable(quieting)))
        timed = tuple(journey for journey in self.journeys if journey.when.condition.after)
        object.__setattr__(self, "timed", timed)
        by_context = (journey for journey in self.journeys if journey.begins_by_context)
        object.__setattr__(self, "by_context", tuple(by_context))

    def of_run(self, name: str, version: str) -> Journey | None:
        """What a run goes by that entered the journey `name` with the steps `version`."""
        return self.earlier.get((name, version)) or self.by_name.get(name)

    def clocks(self, clock: Clock) -> "Clocks":
        """What the time is for each journey. A clock stands still between two ticks."""
        if not self.asked or self.asked[0].clock is not clock:
            self.asked[:] = [Clocks(self.by_name, clock)]
        return self.asked[0]
