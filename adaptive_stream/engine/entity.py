"""The things that conditions speak of: a cart, an order, a contract, a case.

Attribute names here are the words of the expression language (catalog/expression.py lists them).
Money attributes are in major units, because that is how people write `cart.value >= 20`. They are
Structs and not dataclasses because those take five times as long to make.
"""

import msgspec

from adaptive_stream.engine.decision import Cause
from adaptive_stream.engine.fact import Line

Heard = dict[str, Cause]  # fact type -> the fact that counts, with its moment


class Cart(msgspec.Struct):
    """status: open, abandoned, bought, part_bought, emptied. settled, remaining: item codes."""

    id: str
    status: str
    lines: list[Line]
    settled: list[str]
    remaining: list[str]
    value_minor: int
    currency: str
    value: float
    added_at: int
    touched_at: int
    abandoned_at: int | None
    time_source: str
    heard: Heard = {}

    @property
    def items(self) -> list[str]:
        return [line.item for line in self.lines]

    @property
    def begun_ms(self) -> int:
        return self.added_at


class Order(msgspec.Struct):
    """status: placed, completed, delivered, cancelled, refunded, failed. `paid`: it was paid, and
    nobody said that it never was; a refund or a cancellation afterwards does not change that."""

    id: str
    status: str
    paid: bool
    time: int
    lines: tuple[Line, ...]
    value_minor: int
    currency: str
    value: float
    gift: bool
    cart: str
    store: str
    channel: str
    reason: str
    cancelled_by: str
    also_known_as: tuple[str, ...]
    heard: Heard = {}
    items: list[str] = []

    def __post_init__(self) -> None:
        self.items = [line.item for line in self.lines]

    @property
    def known_items(self) -> bool:
        return bool(self.lines)

    @property
    def begun_ms(self) -> int:
        return self.time


class Contract(msgspec.Struct):
    """status: renewal_due, renewing, renewed, cancelled, or "" when only looked at."""

    id: str
    status: str
    ends_at: int | None
    begun_ms: int
    heard: Heard = {}


class Case(msgspec.Struct):
    """status: open, closed."""

    id: str
    kind: str
    status: str
    topic: str
    begun_ms: int
    heard: Heard = {}
