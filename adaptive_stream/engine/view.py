"""The public state: one fold over the members of a customer. The same set gives the same view.

Members are united part by part, key by key: the cart that was seen under a cookie and the cart
that was seen under an e-mail address are one cart, if they have one id.

A view can be kept beside the state that it was folded from. When a fact has come, only the part
that keeps it is folded again; what the view says then is what a fold of everything would say.
"""

from collections.abc import Callable, Container, Iterator, Mapping
from itertools import chain
from typing import TypeVar

import msgspec

from adaptive_stream.engine.clock import Clock
from adaptive_stream.engine.customer import Customer, Kept
from adaptive_stream.engine.decision import Cause
from adaptive_stream.engine.entity import Cart, Case, Contract, Order
from adaptive_stream.engine.journey import KIND_OF, Policy
from adaptive_stream.engine.parts import (
    carts,
    consent,
    contracts,
    messages,
    orders,
    profile,
    service,
)
from adaptive_stream.engine.parts.kept import cause_of, unite

Entity = Cart | Order | Contract | Case
KeptByKey = dict[str, list[Kept]]
Thing = TypeVar("Thing")
NOTHING: Mapping[str, Entity] = {}


EVERY_PART = frozenset(
    ("orders", "carts", "contracts", "cases", "consent", "messages", "profile", "seen")
)
NEVER_MS = float("inf")


class Hit(msgspec.Struct, frozen=True, gc=False):
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
    consent: list[dict[str, object]] = []
    messages: dict[str, dict[str, object]] = {}
    sent_steps: set[tuple[str, str, str]] = set()
    kept: dict[str, KeptByKey] = {}  # of the parts that make no things
    types: set[str] = set()  # of all facts, those that count for nothing too
    retracted: set[str] = set()  # ids of facts
    order_names: dict[str, str] = {}  # each number -> the one that counts
    by_kind: dict[str, Mapping[str, Entity]] = {}
    hits: dict[tuple[str | None, ...], list[Hit]] = {}  # asked so far
    latest: dict[str, Cause | None] = {}  # asked of `heard` so far
    carts_until_ms: float = 0.0  # then time alone changes a cart
    identifiers: list[str] = []
    who: dict[str, object] | None = None  # her names as JSON, once somebody has asked
    policy: Policy = Policy()
    stale: set[str] = set()
    fresh: frozenset[str] = EVERY_PART

    def __post_init__(self) -> None:
        self.by_kind = dict.fromkeys(("cart", "order", "contract", "case"), NOTHING)

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
    def region(self) -> str:
        return self.profile.get("region", "")

    @property
    def home_store(self) -> str:
        return self.profile.get("home_store", "")

    @property
    def language(self) -> str:
        return self.profile.get("language", "")

    def heard(self, type_: str) -> Cause | None:
        """The latest fact of this type over all that she has; a purchase counts once it is paid."""
        if type_ not in self.latest:
            self.latest[type_] = max(
                self._heard(type_), key=lambda c: (c.at_ms, c.id), default=None
            )
        return self.latest[type_]

    def _heard(self, type_: str) -> Iterator[Cause]:
        for entity in self.by_kind.get(KIND_OF.get(type_, ""), NOTHING).values():
            unpaid = type_ == "order.completed" and isinstance(entity, Order) and not entity.paid
            if type_ in entity.heard and not unpaid:
                yield entity.heard[type_]
        for by_key in self.kept.values():
            for key, facts in by_key.items():
                yield from (cause_of(kept, key) for kept in facts if kept.type == type_)

    def order(self, number: str) -> Order | None:
        """The order known under this number, its own or one that it replaced."""
        return self.order_by_number.get(self.order_names.get(number, number))


def fold(customer: Customer, clock: Clock, policy: Policy, known: View | None = None) -> View:
    """The customer as of the partition's clock. `known`: her view as it was folded last, with what
    has changed since in `stale`; it is brought up to date and returned."""
    view = known
    if view is None or view.policy is not policy:
        view = View(customer.id, policy.zone, policy=policy, stale=set(EVERY_PART))
        view.identifiers = customer.identifiers()
        for member in customer.members.values():
            view.retracted.update(member.retracted)
    stale, now_ms = view.stale, clock.at(policy.cart_heeds)
    if "orders" in stale or now_ms >= view.carts_until_ms:
        stale.add("carts")
    owned = _owned(customer, stale)
    for part, fold_part in FOLDS.items():
        if part in owned or (part in stale and view is known):
            fold_part(view, _united(owned.get(part, []), part, view.retracted), now_ms)
    if stale:
        view.types, view.latest = _types(view), {}
    view.fresh, view.stale, view.hits = EVERY_PART, set(), {}
    return view


def _orders(view: View, kept: KeptByKey, now_ms: int) -> None:
    del now_ms
    found = orders.fold(kept)
    view.order_by_number = _in_order(found)
    view.by_kind["order"] = view.order_by_number
    view.order_names = {name: one.id for one in found.values() for name in one.also_known_as}


def _carts(view: View, kept: KeptByKey, now_ms: int) -> None:
    after_ms = view.policy.cart_abandoned_after_ms
    found = carts.fold(kept, view.order_by_number, now_ms, after_ms)
    view.cart_by_id = _in_order(found)
    view.by_kind["cart"] = view.cart_by_id
    left_at = [cart.touched_at + after_ms for cart in found.values() if cart.status == "open"]
    view.carts_until_ms = min(left_at, default=NEVER_MS)


def _contracts(view: View, kept: KeptByKey, now_ms: int) -> None:
    del now_ms
    view.contract_by_number = _in_order(contracts.fold(kept))
    view.by_kind["contract"] = view.contract_by_number


def _cases(view: View, kept: KeptByKey, now_ms: int) -> None:
    del now_ms
    view.case_by_number = _in_order(service.fold(kept))
    view.by_kind["case"] = view.case_by_number


def _consent(view: View, kept: KeptByKey, now_ms: int) -> None:
    del now_ms
    view.consent = consent.fold(kept)


def _messages(view: View, kept: KeptByKey, now_ms: int) -> None:
    del now_ms
    view.kept["messages"] = kept
    view.messages, view.sent_steps = messages.fold(kept), messages.sent_steps(kept)


def _profile(view: View, kept: KeptByKey, now_ms: int) -> None:
    del now_ms
    view.kept["profile"] = kept
    view.profile = profile.fold(kept)
    view.zone = view.profile.get("zone", view.policy.zone)
    view.who = None  # Where she can be reached is a part of it.


def _seen(view: View, kept: KeptByKey, now_ms: int) -> None:
    del now_ms
    view.kept["seen"] = kept


# In order of folding: a cart is bought by an order.
FOLDS: Mapping[str, Callable[[View, KeptByKey, int], None]] = {
    "orders": _orders,
    "carts": _carts,
    "contracts": _contracts,
    "cases": _cases,
    "consent": _consent,
    "messages": _messages,
    "profile": _profile,
    "seen": _seen,
}


def _in_order(found: dict[str, Thing]) -> dict[str, Thing]:
    return found if len(found) < 2 else dict(sorted(found.items()))


def _types(view: View) -> set[str]:
    heards = [thing.heard for things in view.by_kind.values() for thing in things.values()]
    kept = [each for by_key in view.kept.values() for each in by_key.values()]
    return {one.type for facts in kept for one in facts}.union(*heards)


def _owned(customer: Customer, stale: Container[str]) -> dict[str, list[KeptByKey]]:
    """Part -> what each member that has one keeps in it, in order of members."""
    owned: dict[str, list[KeptByKey]] = {}
    for _, member in sorted(customer.members.items()):
        for part, by_key in member.parts.items():
            if part in stale:
                owned.setdefault(part, []).append(by_key)
    return owned


def _united(owned: list[KeptByKey], part: str, retracted: set[str]) -> KeptByKey:
    """Key -> facts of all members, without what was retracted."""
    if len(owned) == 1 and not retracted:
        return owned[0]
    gathered: dict[str, list[list[Kept]]] = {}
    for by_key in owned:
        for key, facts in by_key.items():
            gathered.setdefault(key, []).append(facts)
    united: KeptByKey = {}
    for key, sets in gathered.items():
        one_set = sets[0] if len(sets) == 1 else unite(chain.from_iterable(sets))
        # Of what was seen only the latest is kept; whoever takes it back knows of no other.
        one_set = one_set[-1:] if part == "seen" else one_set
        if retracted:
            one_set = [kept for kept in one_set if kept.id not in retracted]
        if one_set:
            united[key] = one_set
    return united
