"""The words that business users combine: a condition with its sentence, and how it is used."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from adaptive_stream.engine.fact import CART, CONTRACT, ORDER
from adaptive_stream.engine.span import Span

# What a condition can speak of, beside `customer` and `now`.
ENTITIES = (
    "cart", "order", "contract", "case", "viewed_item", "registration", "message", "topic",
)  # fmt: skip
KIND_OF: Mapping[str, str] = {
    **dict.fromkeys((*CART, "cart.abandoned"), "cart"),
    **dict.fromkeys(ORDER, "order"),
    **dict.fromkeys(CONTRACT, "contract"),
    **dict.fromkeys(("case.opened", "case.closed"), "case"),
    **dict.fromkeys(("call.ended", "chat.ended", "message.received"), "topic"),
    "product.viewed": "viewed_item",
    "customer.registered": "registration",
    "message.scheduled": "message",
}


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression of the safe subset. `names`: the names it reads from the scope, `hers`:
    the attributes of `customer`, empty where they are not known.

    `run(scope)` never raises: what cannot be computed is False. One that asks for the time names
    `now`: the scope then has a Now, which says when to look again.
    """

    text: str
    names: frozenset[str]
    run: Callable[[Mapping[str, object]], object] = field(compare=False)
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
    of_run: bool = field(init=False, compare=False)

    @property
    def types(self) -> tuple[str, ...]:
        """Every fact that matters to it."""
        return (*self.hears, *self.ends_on)

    def speaks_of(self, thing: str) -> bool:
        """Whether its expression names this: `message`, `about`."""
        return self.where is not None and thing in self.where.names

    def __post_init__(self) -> None:
        """`kinds`: of things it speaks of; without an expression those that it hears of. `of_run`:
        whether two runs for one thing may have two answers."""
        named = self.where.names if self.where else {KIND_OF.get(name, "") for name in self.hears}
        object.__setattr__(self, "kinds", tuple(kind for kind in ENTITIES if kind in named))
        object.__setattr__(self, "of_run", self.where is not None and "run" in self.where.names)


@dataclass(frozen=True, slots=True)
class Use:
    """A condition as a journey uses it: `owns care-kit` has the argument `care-kit`."""

    condition: Condition
    argument: str | None = None
