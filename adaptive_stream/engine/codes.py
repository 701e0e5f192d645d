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
Parts = dict[str, dict[str, list[Kept]]]


def by_one_code(parts: Parts, context: Context) -> Parts:
    """The same facts, each item under the code that stands for it."""
    if not context:
        return parts
    found = dict(parts)
    for part in PARTS:
        if part in parts:
            found[part] = {
                key: [_renamed(kept, context) for kept in facts]
                for key, facts in parts[part].items()
            }
    return found


def _renamed(kept: Kept, context: Context) -> Kept:
    if any(context.same(line.item) != line.item for line in kept.lines):
        lines = (Line(context.same(line.item), line.quantity, line.price) for line in kept.lines)
        kept = msgspec.structs.replace(kept, lines=tuple(lines))
    about = kept.data.get("about")
    if isinstance(about, list) and any(context.same(item) != item for item in about):
        data = kept.data | {"about": [context.same(item) for item in about]}
        kept = msgspec.structs.replace(kept, data=data)
    return kept


def mark_unknown(orders: Iterable[Order], carts: Iterable[Cart], context: Context) -> None:
    """Orders and carts that speak of items in codes which nothing joins: nobody can say whether
    she bought what lies in the cart."""
    items = {item for cart in carts for item in cart.remaining}
    for order in orders:
        order.unknown_items = any(
            _bar_code(item) != _bar_code(other) and not _joined(item, other, context)
            for item in (order.items if items else ())
            for other in items
        )


def _bar_code(item: str) -> bool:
    return item.startswith(BAR_CODE)


def _joined(item: str, other: str, context: Context) -> bool:
    """Whether the one that is a bar code has been described."""
    return context.described(item if _bar_code(item) else other) is not None
