"""The compiled form of what business users write: journeys, conditions, policy.

The catalogue makes these from files and has found every fault before; the engine only reads them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from adaptive_stream.engine.clock import Clock
from adaptive_stream.engine.fact import CART, CONTRACT, ORDER
from adaptive_stream.engine.guard import IdentityPolicy
from adaptive_stream.engine.span import Span

if TYPE_CHECKING:
    from adaptive_stream.engine.heeding import Concerned

SEMANTICS = 1  # Raised when the engine's meaning of the same rules changes; part of `Rules.id`.
ENTITIES = ("cart", "order", "contract", "case")  # what a condition can speak of, beside `customer`
KIND_OF: Mapping[str, str] = {
    **dict.fromkeys((*CART, "cart.abandoned"), "cart"),
    **dict.fromkeys(ORDER, "order"),
    **dict.fromkeys(CONTRACT, "contract"),
    **dict.fromkeys(("case.opened", "case.closed"), "case"),
}


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression of the safe subset. `names`: the names it reads from the scope, `hers`:
    the attributes of `customer`, empty where they are not known.

    `run(scope)` never raises: what cannot be computed is False.
    """

    text: str
    names: frozenset[str]
    run: Callable[[Mapping[str, object]], object]
    hers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Condition:
    """A word with a sentence.

    `hears`: the facts (or `cart.abandoned`) that bring it about; `ends_on`: those that end it;
    `after`: it becomes true this long after what it heard; `takes`: the name of its argument.
    """

    name: str
    says: str
    hears: tuple[str, ...]
    ends_on: tuple[str, ...] = ()
    where: Expression | None = None
    after: Span | None = None
    takes: str | None = None
    kinds: tuple[str, ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """`kinds`: of things it speaks of; without an expression those that it hears of."""
        named = self.where.names if self.where else {KIND_OF.get(name, "") for name in self.hears}
        object.__setattr__(self, "kinds", tuple(kind for kind in ENTITIES if kind in named))


@dataclass(frozen=True, slots=True)
class Use:
    """A condition as a journey uses it: `owns care-kit` has the argument `care-kit`."""

    condition: Condition
    argument: str | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """`hold_when`. Ends `lasts` after what was heard, at most `at_most` after, or never by time."""

    use: Use
    at_most: Span | None = None
    lasts: Span | None = None
    then_stop: bool = False


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
class Journey:
    """One file of rules/journeys/. `heeds`: the channels that can carry a fact it listens for."""

    name: str
    says: str
    owner: str
    purpose: str
    worth: float
    for_each: str  # cart, order, contract or customer
    when: Use
    only_if: Expression | None
    not_older_than: Span
    steps: tuple[Step, ...]
    stop_when: tuple[Use, ...] = ()
    hold_when: tuple[Hold, ...] = ()
    instead: tuple[Instead, ...] = ()
    ends: Span = Span(days=14)
    heeds: frozenset[str] = frozenset()
    awaits: tuple[Use, ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """`awaits`: what stops or holds it only some time after it has happened."""
        uses = (*self.stop_when, *(hold.use for hold in self.hold_when))
        awaits = tuple(use for use in uses if use.condition.after)
        object.__setattr__(self, "awaits", awaits)

    def uses(self) -> Iterator[Use]:
        """Every condition as the journey uses it; one may come several times."""
        yield self.when
        yield from self.stop_when
        yield from (hold.use for hold in self.hold_when)
        for step in self.steps:
            yield from step.unless
        for instead in self.instead:
            yield from instead.unless


@dataclass(frozen=True, slots=True)
class Clocks:
    """clocks[journey]: what the time is for it, UTC ms."""

    by_name: Mapping[str, Journey]
    clock: Clock

    def __getitem__(self, name: str) -> int:
        return self.clock.at(self.by_name[name].heeds)


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds for all journeys. `endpoints`: channel -> identifier types that reach her there,
    in order of preference. `cart_heeds`: the channels that can carry cart and order facts."""

    zone: str = "UTC"
    cart_abandoned_after_ms: int = 1_800_000
    endpoints: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cart_heeds: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rules:
    """All that is in force, under one id (`r-` + hash of the files, tzdata version, semantics)."""

    id: str
    journeys: tuple[Journey, ...] = ()
    policy: Policy = Policy()
    identity: IdentityPolicy = IdentityPolicy()
    by_name: Mapping[str, Journey] = field(init=False, compare=False)
    hears: frozenset[str] = field(init=False, compare=False)
    timed: tuple[Journey, ...] = field(init=False, compare=False)
    concerned: dict[frozenset[str], "Concerned"] = field(
        init=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        """`hears`: the facts that some journey listens for. `timed`: the journeys that time alone
        begins. `concerned`: of heeding.py, filled as it is asked for."""
        uses = [use for journey in self.journeys for use in journey.uses()]
        heard = (name for use in uses for name in (*use.condition.hears, *use.condition.ends_on))
        object.__setattr__(self, "by_name", {journey.name: journey for journey in self.journeys})
        object.__setattr__(self, "hears", frozenset(heard))
        timed = tuple(journey for journey in self.journeys if journey.when.condition.after)
        object.__setattr__(self, "timed", timed)

    def clocks(self, clock: Clock) -> "Clocks":
        """What the time is for each journey, as of the channels that it heeds."""
        return Clocks(self.by_name, clock)
