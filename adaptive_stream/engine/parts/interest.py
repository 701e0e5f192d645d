"""Interest: what she has looked at, and how much it still says.

The arithmetic, in whole numbers: a look is worth 8 points, and each full seven days that have gone
by since halve it, so that after four weeks nothing is left of it; an item's interest is the sum.
It advises whoever asks for it. It forbids nothing and allows nothing.
"""

import msgspec

from adaptive_stream.engine import money
from adaptive_stream.engine.context import Context
from adaptive_stream.engine.customer import Kept
from adaptive_stream.engine.entity import ViewedItem
from adaptive_stream.engine.fact import Fact
from adaptive_stream.engine.parts.kept import latest_by_type, rank

FACTS = ("product.viewed",)
LOOK_POINTS = 8
HALVED_EACH_MS = 7 * 86_400_000
LOOKS_MAX = 10  # Of one item the newest: who looks more often than that has said so.
NO_ITEM = ""


def key(fact: Fact) -> str:
    """The item, "" where none is named."""
    return fact.lines[0].item if fact.lines else str(fact.data.get("item") or NO_ITEM)


def kept_data(fact: Fact) -> dict[str, object]:
    """The field that fold reads beside the line."""
    return {name: fact.data[name] for name in ("currency",) if name in fact.data}


def points(moments: list[int], now_ms: int) -> int:
    """What these looks are worth now."""
    worth = 0
    for at_ms in moments:
        worth += (
            LOOK_POINTS >> (now_ms - at_ms) // HALVED_EACH_MS if at_ms < now_ms else LOOK_POINTS
        )
    return worth


def fold(
    kept_by_key: dict[str, list[Kept]], context: Context, now_ms: int
) -> dict[str, ViewedItem]:
    """Item -> what she saw in it, and what is so today; under the code that stands for it."""
    by_item: dict[str, list[Kept]] = {}
    for code in sorted(kept_by_key):
        if code != NO_ITEM:
            item = context.same(code) if context else code
            by_item.setdefault(item, []).extend(kept_by_key[code])
    return {
        item: _fold_one(item, sorted(facts, key=rank) if len(facts) > 1 else facts, context, now_ms)
        for item, facts in sorted(by_item.items())
    }


def _fold_one(item: str, facts: list[Kept], context: Context, now_ms: int) -> ViewedItem:
    views = [kept.at_ms for kept in facts]
    described = priced = stock = then = None
    if context:
        described = context.described(item)
        priced = context.price(item)
        stock = context.newest(item, "product.in_stock", "product.out_of_stock")
    has = stock is None or stock.type == "product.in_stock"
    currency = str(facts[-1].data.get("currency") or "")
    for line in facts[-1].lines:
        then = line.price if then is None else then
    if then is None and priced and priced[1].at_ms <= views[-1]:
        then = priced[0]
    heard = latest_by_type(facts, item)
    for said in (priced[1] if priced else None, stock) if context else ():
        if said is not None:
            heard[said.type] = msgspec.structs.replace(said.cause(), key=item)
    return ViewedItem(
        id=item,
        category=str(described.data.get("category") or "") if described else "",
        views=views,
        price=money.major_units(priced[0], currency) if priced else None,
        price_then=None if then is None else money.major_units(then, currency),
        in_stock=has,
        in_stock_then=has if stock is None or stock.at_ms <= views[-1] else not has,
        interest=points(views, now_ms),
        heard=heard,
    )
