"""Carts: what lies in them, what of it she has bought, and whether she has left it.

A line is settled by a paid order that happened after it was put in (5 minutes' tolerance, clocks
differ); one that was bought before is not: she wants a second pair (RULES.md §2).
"""

import msgspec

from adaptive_stream.engine import money
from adaptive_stream.engine.customer import Kept
from adaptive_stream.engine.decision import Cause
from adaptive_stream.engine.entity import Cart, Order
from adaptive_stream.engine.fact import CART, Fact, Line
from adaptive_stream.engine.parts.kept import cause_of

FACTS = CART
TOLERANCE_MS = 300_000
# An order's lines are known for 90 days: a cart that nobody touched for half of that is forgotten,
# and so is what nobody touched for the other half while the rest of the cart was in use.
CART_MS = 45 * 86_400_000
# Two facts of one millisecond: what was put in is there before it is taken out.
ORDER_OF_TYPES = {type_: n for n, type_ in enumerate(FACTS)}
ORDER_OF_TYPES["checkout.started"] = -1


class _Stay(msgspec.Struct, gc=False):
    """An item's latest stay in the cart: since when, put in last when, until when."""

    quantity: int
    price: int | None
    since_ms: int
    added_ms: int
    removed_ms: int | None = None
    bought: Order | None = None

    @property
    def left_ms(self) -> int | None:
        """When it was bought or taken out; None while it is in the cart."""
        return self.bought.time if self.bought else self.removed_ms


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
    paid = [order for order in orders.values() if order.paid]
    paid.sort(key=_time)
    for cart_id, facts in kept_by_key.items():
        stays = _stays(cart_id, facts, paid)
        if stays:
            carts[cart_id] = _fold_one(cart_id, facts, stays, now_ms, abandoned_after_ms)
    return carts


def _time(order: Order) -> tuple[int, str]:
    return (order.time, order.id)


def _stays(cart_id: str, facts: list[Kept], paid: list[Order]) -> dict[str, _Stay]:
    """Item -> its latest stay, in the order in which they came into the cart."""
    stays: dict[str, _Stay] = {}
    if len(facts) > 1:
        facts = sorted(facts, key=lambda k: (k.at_ms, ORDER_OF_TYPES[k.type], k.id))
    for kept in facts:
        if kept.type == "cart.item_added":
            for line in kept.lines:
                before = stays.get(line.item)
                if before and _has_left(before, kept.at_ms, cart_id, line.item, paid):
                    del stays[line.item]
                _add(stays, line, kept.at_ms)
        elif kept.type == "cart.item_removed":
            for line in kept.lines:
                _remove(stays, line, kept.at_ms)
        elif kept.type == "cart.emptied":
            for stay in stays.values():
                stay.removed_ms = stay.removed_ms or kept.at_ms
    for item, stay in stays.items() if paid else ():
        stay.bought = _bought_by(cart_id, item, stay, paid)
    return stays


def _has_left(stay: _Stay, at_ms: int, cart_id: str, item: str, paid: list[Order]) -> bool:
    if stay.removed_ms is not None:
        return True
    order = _bought_by(cart_id, item, stay, paid)
    return order is not None and order.time < at_ms - TOLERANCE_MS


def _add(stays: dict[str, _Stay], line: Line, at_ms: int) -> None:
    before = stays.get(line.item)
    if before is None:
        stays[line.item] = _Stay(line.quantity, line.price, at_ms, at_ms)
        return
    before.quantity += line.quantity
    before.price = before.price if line.price is None else line.price
    before.added_ms = at_ms


def _remove(stays: dict[str, _Stay], line: Line, at_ms: int) -> None:
    stay = stays.get(line.item)
    if stay is None or stay.removed_ms is not None:
        return
    if line.quantity < stay.quantity:
        stay.quantity -= line.quantity
    else:
        stay.removed_ms = at_ms


def _bought_by(cart_id: str, item: str, stay: _Stay, paid: list[Order]) -> Order | None:
    """The earliest paid order that took this item out of the cart; `paid` are in order of time."""
    for order in paid:
        if order.time < stay.added_ms - TOLERANCE_MS:
            continue
        if stay.removed_ms is not None and order.time > stay.removed_ms + TOLERANCE_MS:
            return None
        if item in order.items or (order.cart == cart_id and not order.lines):
            return order
    return None


def _since(one: tuple[str, _Stay]) -> int:
    return one[1].since_ms


def _latest_filling(stays: dict[str, _Stay], touched_ms: int) -> dict[str, _Stay]:
    """A cart out of which everything was bought or taken begins anew with what comes next, and
    what has lain in it for too long is no part of it."""
    filling: dict[str, _Stay] = {}
    until_ms: int | None = None  # when the filling was over; None while something is in it
    for item, stay in sorted(stays.items(), key=_since) if len(stays) > 1 else stays.items():
        if stay.added_ms < touched_ms - CART_MS:
            continue
        if filling and until_ms is not None and stay.since_ms > until_ms + TOLERANCE_MS:
            filling = {}
        left_ms = stay.left_ms
        if left_ms is None or (filling and until_ms is None):
            until_ms = None
        else:
            until_ms = max(left_ms, until_ms or 0) if filling else left_ms
        filling[item] = stay
    return filling


def _fold_one(
    cart_id: str,
    facts: list[Kept],
    stays: dict[str, _Stay],
    now_ms: int,
    abandoned_after_ms: int,
) -> Cart:
    latest = {kept.type: kept for kept in facts}
    heard = {type_: cause_of(kept, cart_id) for type_, kept in latest.items()}
    # Being in the checkout is a reason to wait (in_checkout); it changes nothing in the cart.
    touched = heard[next(kept.type for kept in reversed(facts) if kept.type != "checkout.started")]
    filling = _latest_filling(stays, touched.at_ms)
    settled: list[str] = []
    remaining: list[str] = []
    lines: list[Line] = []
    bought: list[Cause] = []
    value_minor = 0
    for item, stay in filling.items():
        if stay.bought:
            settled.append(item)
            bought.append(stay.bought.heard["order.completed"])
        elif stay.removed_ms is None:
            remaining.append(item)
            value_minor += (stay.price or 0) * stay.quantity
        else:
            continue
        lines.append(Line(item, stay.quantity, stay.price))
    if bought:
        heard["order.completed"] = max(bought, key=lambda cause: (cause.at_ms, cause.id))
    status, abandoned_at = _status(settled, remaining, touched, now_ms, abandoned_after_ms)
    if abandoned_at is not None:
        heard["cart.abandoned"] = msgspec.structs.replace(touched, at_ms=abandoned_at)
    currency = ""
    for kept in facts:
        currency = str(kept.data.get("currency", currency))
    newest = latest["cart.item_added"]
    return Cart(
        id=cart_id,
        status=status,
        lines=lines,
        settled=settled,
        remaining=remaining,
        value_minor=value_minor,
        currency=currency,
        value=money.major_units(value_minor, currency),
        added_at=min((stay.since_ms for stay in filling.values()), default=newest.at_ms),
        touched_at=touched.at_ms,
        abandoned_at=abandoned_at,
        time_source=newest.time_source,
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
