"""What the catalogue and the shelves say of a cart: what another item replaced, what is sold out.

Rule: only where both categories are known. What nobody has described replaces nothing.
"""

from collections.abc import Iterable

from adaptive_stream.engine.context import Context
from adaptive_stream.engine.entity import Cart, Order
from adaptive_stream.engine.notice import Said
from adaptive_stream.engine.parts.carts import TOLERANCE_MS

OUT, IN = "product.out_of_stock", "product.in_stock"
STOCK = (OUT, IN)


def look(
    carts: Iterable[Cart], orders: Iterable[Order], context: Context, *, substitutes: bool
) -> None:
    """Fill in what each cart with something left in it is to be known of."""
    if not context:
        return
    bought = [order for order in orders if order.paid and order.lines]
    for cart in carts:
        if not cart.remaining:
            continue
        if substitutes and bought:
            _substituted(cart, bought, context)
        said = [(item, context.newest(item, *STOCK)) for item in cart.remaining]
        cart.out_of_stock = [item for item, one in said if one and one.type == OUT]
        for type_ in STOCK:
            known = [one for _, one in said if one is not None and one.type == type_]
            if known:
                cart.heard[type_] = max(known, key=Said.rank).cause()


def _substituted(cart: Cart, bought: list[Order], context: Context) -> None:
    """Another item of the same category, bought since hers was put in, is what she needed."""
    since_ms = cart.added_at - TOLERANCE_MS
    after = [order for order in bought if order.time >= since_ms]
    mine = {item: category for item in cart.remaining if (category := _category(item, context))}
    replacing = []
    for order in after if mine else ():
        others = {_category(item, context) for item in order.items if item not in cart.items}
        replaced = [item for item, category in mine.items() if category in others]
        if replaced:
            replacing.append(order)
            cart.substituted = list(dict.fromkeys((*cart.substituted, *replaced)))
    if replacing and "order.completed" not in cart.heard:
        latest = max(replacing, key=lambda order: (order.time, order.id))
        cart.heard["order.completed"] = latest.heard["order.completed"]


def _category(item: str, context: Context) -> str:
    described = context.described(item)
    return str(described.data.get("category") or "") if described else ""
