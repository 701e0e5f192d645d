"""The public state: one fold over the members of a customer. The same set gives the same view.

Members are united part by part, key by key: the cart that was seen under a cookie and the cart
that was seen under an e-mail address are one cart, if they have one id.

A view can be kept beside the state that it was folded from. When a fact has come, only the part
that keeps it is folded again; what the view says then is what a fold of everything would say.
"""

from collections.abc import Container, Iterable, Mapping
from itertools import chain

import msgspec

from adaptive_stream.engine import codes, stock
from adaptive_stream.engine.context import NOTHING, Context, Given
from adaptive_stream.engine.customer import Customer, Kept
from adaptive_stream.engine.decision import Cause
from adaptive_stream.engine.entity import (
    Cart,
    Case,
    Contract,
    Heard,
    Message,
    Order,
    Registration,
    Topic,
    ViewedItem,
)
from adaptive_stream.engine.fact import CONTEXT
from adaptive_stream.engine.journey import Policy
from adaptive_stream.engine.now import Now
from adaptive_stream.engine.parts import (
    carts,
    claims,
    consent,
    contracts,
    interest,
    messages,
    orders,
    preferences,
    profile,
    registrations,
    service,
    topics,
)
from adaptive_stream.engine.parts.claims import Claim
from adaptive_stream.engine.parts.kept import heard_in, unite
from adaptive_stream.engine.subject import Subject

Entity = Cart | Order | Contract | Case | Message | Topic | ViewedItem | Registration


# In order of folding: a cart is bought by an order.
FOLDED = (
    "orders",
    "carts",
    "contracts",
    "cases",
    "topics",
    "consent",
    "preferences",
    "messages",
    "interest",
    "registrations",
    "claims",
    "profile",
    "seen",
)
EVERY_PART = frozenset(FOLDED)
KIND_OF_PART = {
    "orders": "order",
    "carts": "cart",
    "contracts": "contract",
    "cases": "case",
    "topics": "topic",
    "messages": "message",
    "interest": "viewed_item",
    "registrations": "registration",
}
BY_CONTEXT = ("orders", "carts", "messages", "interest")  # what an item is, and costs


class Hit(msgspec.Struct, frozen=True):
    """It holds since `at_ms`, because of `cause`; by_time: only once `at_ms` has come."""

    at_ms: int
    cause: Cause
    by_time: bool = False


class View(msgspec.Struct):
    """What conditions, transitions and outputs read. Everything is in order of key.

    Of its making: `stale` are the parts that have changed since they were folded, `fresh` those in
    which something may be new since she was judged last, `policy` that by which it was folded.
    """

    id: str
    zone: str = ""
    profile: dict[str, str] = {}
    cart_by_id: dict[str, Cart] = {}
    order_by_number: dict[str, Order] = {}
    contract_by_number: dict[str, Contract] = {}
    case_by_number: dict[str, Case] = {}
    message_by_id: dict[str, Message] = {}
    topic_by_name: dict[str, Topic] = {}
    viewed_by_item: dict[str, ViewedItem] = {}
    registration_by_key: dict[str, Registration] = {}
    consent: list[dict[str, object]] = []
    sent_steps: set[tuple[str, str, str]] = set()
    stated: dict[str, dict[str, object]] = {}  # channel -> her own word
    claims: dict[str, list[Claim]] = {}
    heard: Heard = {}
    types: set[str] = set()  # of all facts, those that count for nothing too
    retracted: set[str] = set()  # ids of facts
    order_names: dict[str, str] = {}  # each number -> the one that counts
    by_kind: dict[str, Mapping[str, Entity]] = {}
    identifiers: list[str] = []
    who: dict[str, object] | None = None  # her names as JSON, once somebody has asked
    context: Context = NOTHING
    now_ms: int = 0  # the partition's
    now: Now = msgspec.field(default_factory=lambda: Now(0, ""))  # as conditions ask for it
    hits: dict[tuple[str | None, ...], list[Hit]] = {}  # asked so far
    endings: dict[tuple[str | None, ...], list[tuple[Hit, Cause]]] = {}
    subjects: dict[tuple[str, str], Subject] = {}
    heard_in: dict[str, Heard] = {}  # `heard`, part by part
    carts_ms: int = 0  # what the time is for carts
    carts_until_ms: float = 0.0  # then time alone changes a cart
    policy: Policy = Policy()
    stale: set[str] = msgspec.field(default_factory=lambda: set(FOLDED))
    fresh: frozenset[str] = EVERY_PART

    def __post_init__(self) -> None:
        self.now = Now(self.now_ms, self.zone)
        self.by_kind = {
            "cart": self.cart_by_id,
            "order": self.order_by_number,
            "contract": self.contract_by_number,
            "case": self.case_by_number,
            "message": self.message_by_id,
            "topic": self.topic_by_name,
            "viewed_item": self.viewed_by_item,
            "registration": self.registration_by_key,
        }

    @property
    def carts(self) -> list[Cart]:
        return list(self.cart_by_id.values())

    @property
    def orders(self) -> list[Order]:
        return list(self.order_by_number.values())

    @property
    def contracts(self) -> list[Contract]:
        return list(self.contract_by_number.values())

    @property
    def cases(self) -> list[Case]:
        return list(self.case_by_number.values())

    @property
    def messages(self) -> list[Message]:
        return list(self.message_by_id.values())

    @property
    def topics(self) -> list[Topic]:
        return list(self.topic_by_name.values())

    @property
    def viewed_items(self) -> list[ViewedItem]:
        return list(self.viewed_by_item.values())

    @property
    def tier(self) -> str:
        return self.profile.get("tier", "")

    def refuses(self, channel: str) -> bool:
        """Whether she said herself that this channel is not to be used."""
        return preferences.refuses(self.stated, channel)

    @property
    def region(self) -> str:
        return self.profile.get("region", "")

    @property
    def home_store(self) -> str:
        return self.profile.get("home_store", "")

    @property
    def language(self) -> str:
        return self.profile.get("language", "")

    def order(self, number: str) -> Order | None:
        """The order known under this number, its own or one that it replaced."""
        return self.order_by_number.get(self.order_names.get(number, number))


def fold(customer: Customer, given: Given, policy: Policy, known: View | None = None) -> View:
    """The customer as of the partition's clock and context. `known`: her view as it was folded
    last, with what has changed since in `stale`; it is brought up to date and returned."""
    view = known
    if view is None or view.policy is not policy:
        view = View(customer.id, policy.zone, policy=policy)
        view.identifiers = customer.identifiers()
        for member in customer.members.values():
            view.retracted.update(member.retracted)
    _note_stale(view, given)
    owned = _owned(customer, view.stale)
    due = owned.keys() | (view.stale if view is known else {"topics"})  # Of which cases are a part.
    for part in FOLDED:
        if part in due:
            kept = _united(owned.get(part, []), part, view.retracted)
            _fold_part(view, part, codes.by_one_code(part, kept, view.context))
    if not view.stale.isdisjoint(("carts", "orders")):
        codes.mark_unknown(view.orders, view.carts, view.context)
        stock.look(view.carts, view.orders, view.context, substitutes=policy.substitutes)
        _hear(view, "carts")
    if view.stale:
        view.heard = _merged(view.heard_in.values())
        view.types = {*view.heard, *(t for order in view.orders for t in order.heard)}
        view.types |= {*CONTEXT} if view.context else set()
    view.fresh, view.stale = EVERY_PART, set()
    view.hits, view.endings, view.subjects = {}, {}, {}
    view.now = Now(view.now_ms, view.zone)
    return view


def _note_stale(view: View, given: Given) -> None:
    """Add the parts that are changed by another time, another context, or by another part."""
    stale, carts_ms = view.stale, given.clock.at(view.policy.cart_heeds)
    if view.context is not given.context:
        stale.update(BY_CONTEXT)
    if view.now_ms != given.clock.now_ms and view.viewed_by_item:
        stale.add("interest")  # It fades.
    if "orders" in stale or carts_ms >= view.carts_until_ms:
        stale.add("carts")
    if "cases" in stale:
        stale.add("topics")
    view.context, view.now_ms, view.carts_ms = given.context, given.clock.now_ms, carts_ms


def _fold_part(view: View, part: str, kept: dict[str, list[Kept]]) -> None:
    policy = view.policy
    if part in KIND_OF_PART:
        _set_entities(view, part, _entities(view, part, kept))
    if part == "orders":
        view.order_names = {name: o.id for o in view.orders for name in o.also_known_as}
    elif part == "carts":
        after_ms = policy.cart_abandoned_after_ms
        left_at = [c.touched_at + after_ms for c in view.carts if c.status == "open"]
        view.carts_until_ms = min(left_at, default=float("inf"))
    elif part == "messages":
        view.sent_steps = messages.sent_steps(kept)
    elif part in ("topics", "interest"):  # What is about nothing that has a name.
        nameless = heard_in({"": kept[""]}) if "" in kept else {}
        view.heard_in[part] = _merged((view.heard_in[part], nameless))
    elif part not in KIND_OF_PART:
        view.heard_in[part] = heard_in(kept)
    if part == "consent":
        view.consent = consent.fold(kept)
    elif part == "preferences":
        view.stated = preferences.fold(kept)
    elif part == "claims":
        view.claims = claims.fold(kept)
    elif part == "profile":
        view.profile = profile.fold(kept)
        view.zone = view.profile.get("zone", policy.zone)
        view.who = None  # Where she can be reached is a part of it.


def _entities(view: View, part: str, kept: dict[str, list[Kept]]) -> Mapping[str, Entity]:
    if part == "orders":
        return orders.fold(kept)
    if part == "carts":
        after_ms = view.policy.cart_abandoned_after_ms
        return carts.fold(kept, view.order_by_number, view.carts_ms, after_ms)
    if part == "contracts":
        return contracts.fold(kept)
    if part == "cases":
        return service.fold(kept)
    if part == "topics":
        return topics.fold(kept, view.case_by_number, view.policy, view.policy.zone)
    if part == "messages":
        return messages.fold(kept, view.context)
    if part == "interest":
        return interest.fold(kept, view.context, view.now_ms)
    return registrations.fold(kept)


def _set_entities(view: View, part: str, found: Mapping[str, Entity]) -> None:
    by_key: dict[str, Entity] = view.by_kind[KIND_OF_PART[part]]  # type: ignore[assignment]
    by_key.clear()
    by_key.update(sorted(found.items()))
    _hear(view, part)


def _hear(view: View, part: str) -> None:
    heards = [entity.heard for entity in view.by_kind[KIND_OF_PART[part]].values()]
    if part == "orders":  # What was not paid has not been heard of.
        heards = [_of_paid(order) for order in view.orders]
    view.heard_in[part] = heards[0] if len(heards) == 1 else _merged(heards)


def _of_paid(order: Order) -> Heard:
    if order.paid:
        return order.heard
    return {type_: cause for type_, cause in order.heard.items() if type_ != "order.completed"}


def _owned(customer: Customer, stale: Container[str]) -> dict[str, list[dict[str, list[Kept]]]]:
    """Part -> what each member that has one keeps in it, in order of members."""
    owned: dict[str, list[dict[str, list[Kept]]]] = {}
    for _, member in sorted(customer.members.items()):
        for part, by_key in member.parts.items():
            if part in stale:
                owned.setdefault(part, []).append(by_key)
    return owned


def _united(
    owned: list[dict[str, list[Kept]]], part: str, retracted: set[str]
) -> dict[str, list[Kept]]:
    """Key -> facts of all members, without what was retracted."""
    if len(owned) == 1 and not retracted:
        return owned[0]
    gathered: dict[str, list[list[Kept]]] = {}
    for by_key in owned:
        for key, facts in by_key.items():
            gathered.setdefault(key, []).append(facts)
    united: dict[str, list[Kept]] = {}
    for key, sets in gathered.items():
        one_set = sets[0] if len(sets) == 1 else unite(chain.from_iterable(sets))
        # Of what was seen only the latest is kept; whoever takes it back knows of no other.
        one_set = one_set[-1:] if part == "seen" else one_set
        if left := [kept for kept in one_set if kept.id not in retracted]:
            united[key] = left
    return united


def _merged(heards: Iterable[Heard]) -> Heard:
    """The latest of each kind of fact."""
    latest: Heard = {}
    for heard in heards:
        for type_, cause in heard.items():
            other = latest.get(type_)
            if other is None or (cause.at_ms, cause.id) > (other.at_ms, other.id):
                latest[type_] = cause
    return latest
