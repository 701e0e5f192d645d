"""One thing under several codes: what the shop calls boots-41 is a bar code at the till.

Rule 1: kept facts stay as they came. The code that stands for an item is looked up at each fold, so
a description that comes late is as good as one that came first.
Rule 2: what no description joins is not the same, and not another either: it is not known.
"""

from collections.abc import Iterable

import msgspec

from adaptive_stream.engine.context import Context
from adaptive_stream.engine.customer import Kept
from adaptive_stream.engine.entity import Cart, Order
from adaptive_stream.engine.fact import Line
from adaptive_stream.engine.item import BAR_CODE

PARTS = ("carts", "orders", "messages")


def by_one_code(
    part: str, kept_by_key: dict[str, list[Kept]], context: Context
) -> dict[str, list[Kept]]:
    """The same facts, each item under the code that stands for it."""
    if part not in PARTS:
        return kept_by_key
    found = kept_by_key
    for key, facts in kept_by_key.items():
        if any(_is_other(kept, context) for kept in facts):  # Mostly none is: nothing is copied.
            found = dict(found) if found is kept_by_key else found
            found[key] = [_renamed(kept, context) for kept in facts]
    return found


def _is_other(kept: Kept, context: Context) -> bool:
    """Whether it names an item by a code that another stands for."""
    if any(context.same(line.item) != line.item for line in kept.lines):
        return True
    about = kept.data.get("about")
    return isinstance(about, list) and any(context.same(item) != item for item in about)


def _renamed(kept: Kept, context: Context) -> Kept:
    lines = (Line(context.same(line.item), line.quantity, line.price) for line in kept.lines)
    about = kept.data.get("about")
    data = kept.data
    if isinstance(about, list):
        data = data | {"about": [context.same(item) for item in about]}
    return msgspec.structs.replace(kept, lines=tuple(lines), data=data)


def mark_unknown(orders: Iterable[Order], carts: Iterable[Cart], context: Context) -> None:
    """Orders and carts that speak of items in codes which nothing joins: nobody can say whether
    she bought what lies in the cart."""
    items = {item for cart in carts for item in cart.remaining}
    for order in orders:
        order.unknown_items = bool(items) and any(
            _bar_code(item) != _bar_code(other) and not _joined(item, other, context)
            for item in order.items
            for other in items
        )


def _bar_code(item: str) -> bool:
    return item.startswith(BAR_CODE)


def _joined(item: str, other: str, context: Context) -> bool:
    """Whether the one that is a bar code has been described."""
    return context.described(item if _bar_code(item) else other) is not None
