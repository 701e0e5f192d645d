"""What a run or a message is about: its items, and what is so of them now. `about` in conditions.

Rule: looked up only when a condition asks. A price or a spot visits nobody.
"""

from functools import cached_property

from adaptive_stream.engine.context import Context
from adaptive_stream.engine.entity import Cart, Heard, Message, Order, ViewedItem
from adaptive_stream.engine.notice import Said

OUT, IN = "product.out_of_stock", "product.in_stock"
TYPES = (OUT, IN, "product.price_changed")


class Subject:
    """The attributes are the words of the expression language. `region`: where she lives."""

    def __init__(self, entity: object, context: Context, region: str, now_ms: int) -> None:
        self.items = _items(entity)
        self._context = context
        self._region = region
        self._now_ms = now_ms

    @cached_property
    def out_of_stock(self) -> list[str]:
        """Those that cannot be had now."""
        newest = [(item, self._context.newest(item, OUT, IN)) for item in self.items]
        return [item for item, said in newest if said is not None and said.type == OUT]

    @cached_property
    def _aired(self) -> list[Said]:
        return list(self._context.broadcasts(self.items, self._region, self._now_ms))

    @cached_property
    def offers(self) -> list[str]:
        """What is offered for one of them on the air where she lives, the newest first."""
        spots = sorted(self._aired, key=Said.rank, reverse=True)
        named = (str(spot.data.get("offer") or "") for spot in spots)
        return list(dict.fromkeys(name for name in named if name))

    @cached_property
    def heard(self) -> Heard:
        """Of each kind of fact about them the newest."""
        said = [self._context.newest(item, type_) for item in self.items for type_ in TYPES]
        found = sorted((one for one in (*said, *self._aired) if one is not None), key=Said.rank)
        return {one.type: one.cause() for one in found}


def _items(entity: object) -> list[str]:
    if isinstance(entity, Cart):
        return entity.remaining
    if isinstance(entity, Order):
        return entity.items
    if isinstance(entity, Message):
        return entity.about
    return [entity.id] if isinstance(entity, ViewedItem) else []
