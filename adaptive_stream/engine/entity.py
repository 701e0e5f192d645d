"""The things that conditions speak of: a cart, an order, a contract, a case and the like.

Attribute names here are the words of the expression language (catalog/expression.py lists them).
Money attributes are in major units, because that is how people write `cart.value >= 20`. They are
Structs and not dataclasses because those take five times as long to make.
"""

import msgspec

from adaptive_stream.engine.decision import Cause
from adaptive_stream.engine.fact import Line

Heard = dict[str, Cause]  # fact type -> the fact that counts, with its moment


class Cart(msgspec.Struct, gc=False):
    """status: open, abandoned, bought, part_bought, emptied. settled, remaining: item codes, and
    of the remaining ones, substituted: she bought another of the same kind; out_of_stock."""

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
    substituted: list[str] = []
    out_of_stock: list[str] = []

    @property
    def items(self) -> list[str]:
        return [line.item for line in self.lines]

    @property
    def begun_ms(self) -> int:
        return self.added_at


class Order(msgspec.Struct, gc=False):
    """status: placed, completed, delivered, cancelled, refunded, failed. `paid`: it was paid, and
    nobody said that it never was; a refund or a cancellation afterwards does not change that.
    `returned`: item codes of which she brought every piece back; refunded is one of which all is.
    """

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
    returned: list[str]
    offer: str
    coupon: str
    heard: Heard = {}
    unknown_items: bool = False
    items: list[str] = []

    def __post_init__(self) -> None:
        self.items = [line.item for line in self.lines]

    @property
    def known_items(self) -> bool:
        return bool(self.lines) and not self.unknown_items

    @property
    def begun_ms(self) -> int:
        return self.time


class Contract(msgspec.Struct, gc=False):
    """status: renewal_due, renewing, renewed, cancelled, or "" when only looked at."""

    id: str
    status: str
    ends_at: int | None
    begun_ms: int
    heard: Heard = {}


class Case(msgspec.Struct, gc=False):
    """status: open, closed."""

    id: str
    kind: str
    status: str
    topic: str
    begun_ms: int
    heard: Heard = {}


class Topic(msgspec.Struct):
    """What she asked about. touches: contacts since it was solved last; channels: of those."""

    id: str
    touches: int
    channels: list[str]
    solved: bool
    effort_high: bool
    last_at: int
    begun_ms: int
    heard: Heard = {}


class Registration(msgspec.Struct):
    """One time that she joined. id: her card or account if it was one."""

    id: str
    time: int
    channel: str
    store: str
    heard: Heard = {}

    @property
    def begun_ms(self) -> int:
        return self.time


class ViewedItem(msgspec.Struct):
    """What she has looked at. views: the moments, in order; price_then, in_stock_then: when she
    looked last; `interest` as of the partition's clock (parts/interest.py has its arithmetic)."""

    id: str
    category: str
    views: list[int]
    price: float | None
    price_then: float | None
    in_stock: bool
    in_stock_then: bool
    interest: int
    heard: Heard = {}

    @property
    def viewed_at(self) -> int:
        return self.views[-1]

    @property
    def begun_ms(self) -> int:
        return self.views[-1]


class Message(msgspec.Struct):
    """What a tool plans to send her, or has sent. status: the last report, scheduled to cancelled.

    `due`: None for a standing one, an audience that she is in until she is taken out. `refused`:
    every address of hers on its channel bounced, or called something spam.
    """

    id: str
    status: str
    channel: str
    sender: str
    handle: str
    campaign: str
    purpose: str
    about: list[str]
    offer: str
    price_minor: int | None
    standing: bool
    journey: str
    instance: str
    step: str
    begun_ms: int
    due: int | None
    revocable_until: int | None
    sent_at: int | None
    heard: Heard = {}
    shows_old_price: bool = False
    consent: str = "given"
    reachable: bool = True
    refused: bool = False

    @property
    def planned(self) -> bool:
        """Whether it can still be meant to go out: what was handed over, until it is revoked."""
        return self.status in ("scheduled", "handed_over") or (
            self.standing and self.status not in ("cancelled", "bounced")
        )
