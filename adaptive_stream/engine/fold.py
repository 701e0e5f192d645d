"""One fold over the members of a customer. The same set of facts gives the same view.

Members are united part by part, key by key: the cart that was seen under a cookie and the cart
that was seen under an e-mail address are one cart, if they have one id.

A view can be kept beside the state that it was folded from. When a fact has come, only the part
that keeps it is folded again; what the view says then is what a fold of everything would say.
"""

from collections.abc import Callable, Container, Mapping
from itertools import chain
from typing import TypeVar

from adaptive_stream.engine import codes, stock
from adaptive_stream.engine.context import Given
from adaptive_stream.engine.customer import Customer, Kept
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
from adaptive_stream.engine.parts.kept import unite
from adaptive_stream.engine.view import EVERY_PART, KeptByKey, View

Thing = TypeVar("Thing")
NEVER_MS = float("inf")
NO_PARTS: frozenset[str] = frozenset()
BY_CONTEXT = ("orders", "carts", "messages", "interest")  # what an item is, and costs


def fold(customer: Customer, given: Given, policy: Policy, known: View | None = None) -> View:
    """The customer as of the partition's clock and context. `known`: her view as it was folded
    last, with what has changed since in `stale`; it is brought up to date and returned."""
    view = known
    if view is None or view.policy is not policy:
        view = View(customer.id, policy.zone, policy=policy, stale=set(EVERY_PART))
        view.identifiers = customer.identifiers()
        for member in customer.members.values():
            view.retracted.update(member.retracted)
    _note_stale(view, given)
    owned = _owned(customer, view.stale)
    due = owned.keys() | (view.stale if view is known else NO_PARTS)
    if "cases" in due:  # They are a part of the topics.
        due.add("topics")
    for part, fold_part in FOLDS.items():
        if part in due:
            kept = _united(owned[part], part, view.retracted) if part in owned else {}
            fold_part(view, codes.by_one_code(part, kept, view.context) if view.context else kept)
    if not view.stale.isdisjoint(("carts", "orders")):
        bought, carts = view.order_by_number.values(), view.cart_by_id.values()
        codes.mark_unknown(bought, carts, view.context)
        stock.look(carts, bought, view.context, substitutes=policy.substitutes)
    if view.stale:
        view.types, view.latest = _types(view), {}
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


def _orders(view: View, kept: KeptByKey) -> None:
    found = orders.fold(kept)
    view.by_kind["order"] = view.order_by_number = _in_order(found)
    view.order_names = {name: one.id for one in found.values() for name in one.also_known_as}


def _carts(view: View, kept: KeptByKey) -> None:
    after_ms = view.policy.cart_abandoned_after_ms
    found = carts.fold(kept, view.order_by_number, view.carts_ms, after_ms)
    view.by_kind["cart"] = view.cart_by_id = _in_order(found)
    left_at = [cart.touched_at + after_ms for cart in found.values() if cart.status == "open"]
    view.carts_until_ms = min(left_at, default=NEVER_MS)


def _contracts(view: View, kept: KeptByKey) -> None:
    view.by_kind["contract"] = view.contract_by_number = _in_order(contracts.fold(kept))


def _cases(view: View, kept: KeptByKey) -> None:
    view.by_kind["case"] = view.case_by_number = _in_order(service.fold(kept))


def _topics(view: View, kept: KeptByKey) -> None:
    found = topics.fold(kept, view.case_by_number, view.policy, view.policy.zone)
    view.by_kind["topic"] = view.topic_by_name = _in_order(found)
    view.kept["topics"] = _nameless(kept)


def _consent(view: View, kept: KeptByKey) -> None:
    view.kept["consent"] = kept
    view.consent = consent.fold(kept)


def _preferences(view: View, kept: KeptByKey) -> None:
    view.kept["preferences"] = kept
    view.stated = preferences.fold(kept)


def _messages(view: View, kept: KeptByKey) -> None:
    view.by_kind["message"] = view.message_by_id = _in_order(messages.fold(kept, view.context))
    view.sent_steps, view.refusals = messages.sent_steps(kept), messages.refusals(kept)


def _interest(view: View, kept: KeptByKey) -> None:
    found = interest.fold(kept, view.context, view.now_ms)
    view.by_kind["viewed_item"] = view.viewed_by_item = _in_order(found)
    view.kept["interest"] = _nameless(kept)


def _registrations(view: View, kept: KeptByKey) -> None:
    view.by_kind["registration"] = view.registration_by_key = _in_order(registrations.fold(kept))


def _claims(view: View, kept: KeptByKey) -> None:
    view.kept["claims"] = kept
    view.claims = claims.fold(kept)


def _profile(view: View, kept: KeptByKey) -> None:
    view.kept["profile"] = kept
    view.profile = profile.fold(kept)
    view.zone = view.profile.get("zone", view.policy.zone)
    view.who = None  # Where she can be reached is a part of it.


def _seen(view: View, kept: KeptByKey) -> None:
    view.kept["seen"] = kept


# In order of folding: a cart is bought by an order.
FOLDS: Mapping[str, Callable[[View, KeptByKey], None]] = {
    "orders": _orders,
    "carts": _carts,
    "contracts": _contracts,
    "cases": _cases,
    "topics": _topics,
    "consent": _consent,
    "preferences": _preferences,
    "messages": _messages,
    "interest": _interest,
    "registrations": _registrations,
    "claims": _claims,
    "profile": _profile,
    "seen": _seen,
}


def _nameless(kept: KeptByKey) -> KeptByKey:
    """What is about nothing that has a name."""
    return {"": kept[""]} if "" in kept else {}


def _in_order(found: dict[str, Thing]) -> dict[str, Thing]:
    return found if len(found) < 2 else dict(sorted(found.items()))


def _types(view: View) -> set[str]:
    types: set[str] = set(CONTEXT) if view.context else set()
    for things in view.by_kind.values():
        for thing in things.values():
            types.update(thing.heard)
    for by_key in view.kept.values():
        for facts in by_key.values():
            types.update([kept.type for kept in facts])
    return types


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
    united: KeptByKey = {}
    for by_key in owned:
        united |= by_key
    if not retracted and len(united) == sum(map(len, owned)):
        return united  # No two of them know of one thing.
    gathered: dict[str, list[list[Kept]]] = {}
    for by_key in owned:
        for key, facts in by_key.items():
            gathered.setdefault(key, []).append(facts)
    united = {}
    for key, sets in gathered.items():
        one_set = sets[0] if len(sets) == 1 else unite(chain.from_iterable(sets))
        # Of what was seen only the latest is kept; whoever takes it back knows of no other.
        one_set = one_set[-1:] if part == "seen" else one_set
        if retracted:
            one_set = [kept for kept in one_set if kept.id not in retracted]
        if one_set:
            united[key] = one_set
    return united
