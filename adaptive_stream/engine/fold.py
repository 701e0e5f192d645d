"""The public state: one fold over the members of a customer. The same set gives the same view.

Members are united part by part, key by key: the cart that was seen under a cookie and the cart
that was seen under an e-mail address are one cart, if they have one id.

A view can be kept beside the state that it was folded from. When a fact has come, only the part
that keeps it is folded again; what the view says then is what a fold of everything would say.
"""

from collections.abc import Container, Iterable, Mapping
from itertools import chain

from adaptive_stream.engine import codes, stock
from adaptive_stream.engine.context import Given
from adaptive_stream.engine.customer import Customer, Kept
from adaptive_stream.engine.entity import Heard, Order
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
from adaptive_stream.engine.parts.kept import heard_in, unite
from adaptive_stream.engine.view import EVERY_PART, FOLDED, Entity, View

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
