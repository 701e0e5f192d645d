"""Carts: what lies in them, what of it she has bought, and whether she has left it.

A line is settled by a paid order that happened after it was put in (5 minutes' tolerance, clocks
differ); one that was bought before is not: she wants a second pair (RULES.md §2).
"""

from dataclasses import dataclass

from adaptive_stream.engine import money
from adaptive_stream.engine.customer import Kept
from adaptive_stream.engine.decision import Cause
from adaptive_stream.engine.entity import Cart, Order
from adaptive_stream.engine.fact import CART, Fact, Line
from adaptive_stream.engine.parts.kept import cause_of, latest_by_type

FACTS = CART
TOLERANCE_MS = 300_000
# Two facts of one millisecond: what was put in is there before it is taken out.
ORDER_OF_TYPES = {type_: n for n, type_ in enumerate(FACTS)}
ORDER_OF_TYPES["checkout.started"] = -1


@dataclass(slots=True)
class _Spell:
    """An item's latest stay in the cart."""

    quantity: int
    price: int | None
    added_ms: int
    removed_ms: int | None = None


def key(fact: Fact) -> str:
    """The cart's id; a shop that has one cart for each visitor does not name it."""
    return str(fact.data.get("cart") or "cart")


def kept_data(fact: Fact) -> dict[str, object]:
    """The fields that fold reads."""
    return {name: fact.data[name] for name in ("currency",) if name in fact.data}


def fold(
    kept_by_key: dict[str, list[Kept]],
    orders: dict[str, Order],
    now_ms: int,
    abandoned_after_ms: int,
) -> dict[str, Cart]:
    """Id -> Cart as of `now_ms`. A cart that was only checked out, never filled, is no cart."""
    carts = {}
    for cart_id, facts in kept_by_key.items():
        spells = _spells(facts)
        if spells:
            carts[cart_id] = _fold_one(cart_id, facts, spells, orders, now_ms, abandoned_after_ms)
    return carts


def _spells(facts: list[Kept]) -> dict[str, _Spell]:
    spells: dict[str, _Spell] = {}
    for kept in sorted(facts, key=lambda k: (k.at_ms, ORDER_OF_TYPES[k.type], k.id)):
        if kept.type == "cart.item_added":
            for line in kept.lines:
                _add(spells, line, kept.at_ms)
        elif kept.type == "cart.item_removed":
            for line in kept.lines:
                _remove(spells, line, kept.at_ms)
        elif kept.type == "cart.emptied":
            for spell in spells.values():
                spell.removed_ms = spell.removed_ms or kept.at_ms
    return spells


def _add(spells: dict[str, _Spell], line: Line, at_ms: int) -> None:
    before = spells.get(line.item)
    kept_on = before.quantity if before and before.removed_ms is None else 0
    price = line.price if line.price is not None or before is None else before.price
    spells[line.item] = _Spell(kept_on + line.quantity, price, at_ms)


def _remove(spells: dict[str, _Spell], line: Line, at_ms: int) -> None:
    spell = spells.get(line.item)
    if spell is None or spell.removed_ms is not None:
        return
    if line.quantity < spell.quantity:
        spell.quantity -= line.quantity
    else:
        spell.removed_ms = at_ms


def _settled_by(cart_id: str, item: str, spell: _Spell, orders: dict[str, Order]) -> Order | None:
    """The earliest paid order that took this item out of the cart."""
    earliest_ms = spell.added_ms - TOLERANCE_MS
    latest_ms = None if spell.removed_ms is None else spell.removed_ms + TOLERANCE_MS
    fitting = [
        order
        for order in orders.values()
        if order.paid
        and order.time >= earliest_ms
        and (latest_ms is None or order.time <= latest_ms)
        and (item in order.items or (order.cart == cart_id and not order.lines))
    ]
    return min(fitting, key=lambda order: (order.time, order.id), default=None)


def _fold_one(
    cart_id: str,
    facts: list[Kept],
    spells: dict[str, _Spell],
    orders: dict[str, Order],
    now_ms: int,
    abandoned_after_ms: int,
) -> Cart:
    heard = latest_by_type(facts, cart_id)
    # Being in the checkout is a reason to wait (in_checkout), not a change of what lies in the cart.
    touches = (kept for kept in facts if kept.type != "checkout.started")
    touched = max((cause_of(kept, cart_id) for kept in touches), key=lambda c: (c.at_ms, c.id))
    settled: list[str] = []
    remaining: list[str] = []
    bought: Cause | None = None
    for item, spell in spells.items():
        order = _settled_by(cart_id, item, spell, orders)
        if order:
            settled.append(item)
            cause = order.heard["order.completed"]
            if bought is None or (cause.at_ms, cause.id) > (bought.at_ms, bought.id):
                bought = cause
        elif spell.removed_ms is None:
            remaining.append(item)
    if bought:
        heard["order.completed"] = bought
    lines = [
        Line(item, spell.quantity, spell.price)
        for item, spell in spells.items()
        if spell.removed_ms is None or item in settled
    ]
    status, abandoned_at = _status(settled, remaining, touched, now_ms, abandoned_after_ms)
    if abandoned_at is not None:
        heard["cart.abandoned"] = Cause(
            abandoned_at,
            touched.id,
            touched.type,
            touched.channel,
            touched.source,
            cart_id,
            known_ms=touched.known_ms,
        )
    left = (line for line in lines if line.item in remaining)
    value_minor = sum((line.price or 0) * line.quantity for line in left)
    currency = next((str(k.data["currency"]) for k in reversed(facts) if "currency" in k.data), "")
    added = [kept for kept in facts if kept.type == "cart.item_added"]
    return Cart(
        id=cart_id,
        status=status,
        lines=lines,
        settled=settled,
        remaining=remaining,
        value_minor=value_minor,
        currency=currency,
        value=money.major_units(value_minor, currency),
        added_at=added[0].at_ms,
        touched_at=touched.at_ms,
        abandoned_at=abandoned_at,
        time_source=added[-1].time_source,
        heard=heard,
    )


def _status(
    settled: list[str], remaining: list[str], touched: Cause, now_ms: int, abandoned_after_ms: int
) -> tuple[str, int | None]:
    if settled:
        return ("part_bought" if remaining else "bought"), None
    if not remaining:
        return "emptied", None
    abandoned_at = touched.at_ms + abandoned_after_ms
    return ("abandoned", abandoned_at) if now_ms >= abandoned_at else ("open", None)
