"""The nouns that an expression may speak of, and what each fact is about.

Rule 1: what is not listed here cannot be read by a rule; the engine's views carry these names.
Rule 2: a kind is one of text, number, moment, yes or no, an entity, or a list of one of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from adaptive_stream.engine import fact
from adaptive_stream.engine.journey import PURPOSES
from adaptive_stream.engine.now import WEEKDAYS
from adaptive_stream.engine.sender import REPORTS
from adaptive_stream.engine.word import KIND_OF


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
VIEWED_ITEM, REGISTRATION = Kind("viewed_item"), Kind("registration")
MESSAGE, TOPIC = Kind("message"), Kind("topic")
LINE, CUSTOMER = Kind("line"), Kind("customer")
ABOUT, RUN, NOW = Kind("about"), Kind("run"), Kind("now")


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
        "substituted": list_of(TEXT),  # those of which she bought another of the same category
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
        "offer": TEXT,  # that she used
        "coupon": TEXT,
        "returned": list_of(TEXT),  # its items that she brought back to the last piece
    },
    "contract": {
        "id": TEXT,
        "status": one_of("renewal_due", "renewing", "renewed", "cancelled"),
        "ends_at": MOMENT,
    },
    "case": {"id": TEXT, "kind": TEXT, "status": one_of("open", "closed"), "topic": TEXT},
    # What she has looked at. `price_then`: when she did; `interest`: grows with each look, fades.
    "viewed_item": {
        "id": TEXT,
        "category": TEXT,
        "views": list_of(MOMENT),
        "viewed_at": MOMENT,
        "price": NUMBER,
        "price_then": NUMBER,
        "in_stock": FLAG,
        "in_stock_then": FLAG,
        "interest": NUMBER,
    },
    "registration": {"id": TEXT, "time": MOMENT, "channel": TEXT, "store": TEXT},
    # What a run or a message is about: the items of its cart or order, the viewed item, what the
    # message names. `out_of_stock`: those that cannot be had now; `offers`: what is offered for
    # one of them on the air where she lives.
    "about": {
        "items": list_of(TEXT),
        "out_of_stock": list_of(TEXT),
        "offers": list_of(TEXT),
    },
    # What a tool plans to send her, or has sent.
    "message": {
        "id": TEXT,
        "status": one_of(*REPORTS),
        "sender": TEXT,
        "channel": TEXT,
        "campaign": TEXT,
        "purpose": one_of(*PURPOSES),
        "about": list_of(TEXT),
        "offer": TEXT,
        "due": MOMENT,
        "standing": FLAG,
        "journey": TEXT,
        "step": TEXT,
        "shows_old_price": FLAG,
        "consent": one_of("given", "unconfirmed", "withdrawn", "missing"),
        "reachable": FLAG,
        "refused": FLAG,  # its address bounced, or called it spam
    },
    # What she asked about, in whatever channel. `touches`: how often.
    "topic": {
        "id": TEXT,
        "touches": NUMBER,
        "channels": list_of(TEXT),
        "solved": FLAG,
        "effort_high": FLAG,  # asked about too often; policy/contact.yaml says how often
        "last_at": MOMENT,
    },
    "customer": {
        "orders": list_of(ORDER),
        "carts": list_of(CART),
        "contracts": list_of(CONTRACT),
        "cases": list_of(CASE),
        "viewed_items": list_of(VIEWED_ITEM),
        "messages": list_of(MESSAGE),
        "topics": list_of(TOPIC),
        "zone": TEXT,
        "region": TEXT,
        "home_store": TEXT,
        "language": TEXT,
        "tier": TEXT,
    },
    "line": {"item": TEXT, "quantity": NUMBER},
    # This run of the journey: names of its steps.
    "run": {"sent": list_of(TEXT), "opened": list_of(TEXT), "clicked": list_of(TEXT)},
    # On her clock.
    "now": {"hour": NUMBER, "weekday": one_of(*WEEKDAYS)},
}

_THINGS = (CART, ORDER, CONTRACT, CASE, VIEWED_ITEM, REGISTRATION, MESSAGE, TOPIC)
SCOPE: Mapping[str, Kind] = {kind.name: kind for kind in (*_THINGS, CUSTOMER, ABOUT, RUN, NOW)}

# The engine concludes it from silence, so no source reports it; what a source can still report
# to prevent it are the facts of carts and orders.
CART_ABANDONED = "cart.abandoned"
CART_FACTS = frozenset(fact.CART + fact.ORDER)

_UNHEARD = (*fact.REQUEST, *fact.SOURCE, *fact.PERSON[:2])
HEARABLE = (fact.FACT_TYPES - frozenset(_UNHEARD)) | {CART_ABANDONED}


def entity_of(fact_type: str) -> str | None:
    """The entity that a fact is about: `order` for order.completed, None for store.visited."""
    return KIND_OF.get(fact_type)


def carried(fact_type: str) -> frozenset[str]:
    """The facts that a channel must carry for this one to be heard in time."""
    return CART_FACTS if fact_type == CART_ABANDONED else frozenset((fact_type,))
