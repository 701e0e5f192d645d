"""The nouns that an expression may speak of, and what each fact is about.

Rule 1: what is not listed here cannot be read by a rule; the engine's views carry these names.
Rule 2: a kind is one of text, number, moment, yes or no, an entity, or a list of one of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from adaptive_stream.engine import fact
from adaptive_stream.engine.journey import KIND_OF


@dataclass(frozen=True, slots=True)
class Kind:
    """What a value is. `words`: the only texts that it can be, empty when any text can come."""

    name: str
    words: tuple[str, ...] = ()
    each: "Kind | None" = None  # of a list: what it is a list of


TEXT = Kind("a text")
NUMBER = Kind("a number")
MOMENT = Kind("a moment")
FLAG = Kind("yes or no")
CART, ORDER, CONTRACT, CASE = Kind("cart"), Kind("order"), Kind("contract"), Kind("case")
LINE, CUSTOMER = Kind("line"), Kind("customer")


def list_of(each: Kind) -> Kind:
    """A list of values of one kind."""
    return Kind(f"a list of {each.name.removeprefix('a ')}s", each=each)


def one_of(*words: str) -> Kind:
    """A text of a closed list."""
    return Kind(TEXT.name, words=words)


ATTRIBUTES: Mapping[str, Mapping[str, Kind]] = {
    "cart": {
        "id": TEXT,
        "status": one_of("open", "abandoned", "bought", "part_bought", "emptied"),
        "lines": list_of(LINE),
        "items": list_of(TEXT),
        "settled": list_of(TEXT),  # its items that were bought after they were put in
        "remaining": list_of(TEXT),  # its items that were not
        "value": NUMBER,  # in major units, as files say 20.00
        "currency": TEXT,
        "added_at": MOMENT,
        "touched_at": MOMENT,
        "abandoned_at": MOMENT,
    },
    "order": {
        "id": TEXT,
        "status": one_of("placed", "completed", "delivered", "cancelled", "refunded", "failed"),
        "time": MOMENT,
        "lines": list_of(LINE),
        "items": list_of(TEXT),
        "value": NUMBER,
        "currency": TEXT,
        "gift": FLAG,
        "cart": TEXT,
        "store": TEXT,
        "channel": TEXT,
        "reason": TEXT,
        "cancelled_by": TEXT,
        "known_items": FLAG,
    },
    "contract": {
        "id": TEXT,
        "status": one_of("renewal_due", "renewing", "renewed", "cancelled"),
        "ends_at": MOMENT,
    },
    "case": {"id": TEXT, "kind": TEXT, "status": one_of("open", "closed"), "topic": TEXT},
    "customer": {
        "orders": list_of(ORDER),
        "carts": list_of(CART),
        "contracts": list_of(CONTRACT),
        "cases": list_of(CASE),
        "zone": TEXT,
        "region": TEXT,
        "home_store": TEXT,
        "language": TEXT,
    },
    "line": {"item": TEXT, "quantity": NUMBER},
}

SCOPE: Mapping[str, Kind] = {kind.name: kind for kind in (CART, ORDER, CONTRACT, CASE, CUSTOMER)}

# The engine concludes it from silence, so no source reports it; what a source can still report
# to prevent it are the facts of carts and orders.
CART_ABANDONED = "cart.abandoned"
CART_FACTS = frozenset(fact.CART + fact.ORDER)

_UNHEARD = (*fact.REQUEST, *fact.SOURCE, *fact.PERSON[:2], *fact.WITHOUT_CUSTOMER)
HEARABLE = (fact.FACT_TYPES - frozenset(_UNHEARD)) | {CART_ABANDONED}


def entity_of(fact_type: str) -> str | None:
    """The entity that a fact is about: `order` for order.completed, None for store.visited."""
    return KIND_OF.get(fact_type)


def carried(fact_type: str) -> frozenset[str]:
    """The facts that a channel must carry for this one to be heard in time."""
    return CART_FACTS if fact_type == CART_ABANDONED else frozenset((fact_type,))
