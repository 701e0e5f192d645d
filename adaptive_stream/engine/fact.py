"""What happened, as a source reported it, in the one shape that every stage understands.

Rule 1: a Fact never changes after admit made it; what later stages learn travels beside it.
Rule 2: times are UTC milliseconds, money is integer minor units, identifiers are normalised.
"""

import msgspec

BROWSING = ("product.viewed", "app.opened", "page.viewed", "product.searched")
CART = ("cart.item_added", "cart.item_removed", "cart.emptied", "checkout.started")
ORDER = (
    "order.placed",
    "order.completed",
    "order.payment_failed",
    "order.cancelled",
    "order.voided",
    "order.refunded",
    "order.delivered",
)
CONTRACT = (
    "contract.renewal_due",
    "renewal.viewed",
    "renewal.started",
    "contract.renewed",
    "contract.cancelled",
)
STORE = ("store.visited", "loyalty.tier_changed")
SERVICE = ("case.opened", "case.closed", "call.ended", "chat.ended", "message.received")
CONSENT = ("consent.given", "consent.confirmed", "consent.withdrawn", "preference.stated")
MESSAGE = (
    "message.scheduled",
    "message.handed_over",
    "message.sent",
    "message.delivered",
    "message.opened",
    "message.clicked",
    "message.bounced",
    "message.complained",
    "message.cancelled",
)
OFFER = ("opportunity.taken", "opportunity.declined")
PERSON = ("identity.linked", "identity.unlinked", "customer.registered", "profile.changed")
REQUEST = ("customer.merge", "customer.unmerge", "customer.forget", "customer.restrict")
CONTEXT = (
    "product.described",
    "product.price_changed",
    "product.out_of_stock",
    "product.in_stock",
    "broadcast.aired",
)
SOURCE = ("channel.complete", "fact.retracted")

FACT_TYPES = frozenset(
    BROWSING + CART + ORDER + CONTRACT + STORE + SERVICE + CONSENT + MESSAGE + OFFER + PERSON
    + REQUEST + CONTEXT + SOURCE
)  # fmt: skip

# Facts that are about no customer: they need no identifier and never reach resolve.
WITHOUT_CUSTOMER = frozenset((*CONTEXT, "channel.complete"))


class Line(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One line of a cart or an order. `price` is one piece in minor units, None when unknown."""

    item: str
    quantity: int = 1
    price: int | None = None


class Fact(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One thing that happened to one person, or (WITHOUT_CUSTOMER) to an item or a source.

    `at_ms` is the event time after the clock-skew rule, `time_source` says where it came from:
    event, corrected (by sent_at), received (no usable time of its own). `identifiers` are
    normalised `type:value`, the routing one (the strongest, ties by value) first.
    `lines` and `data` hold what is left, with the keys of formats/README.md: order, cart, store,
    value (minor units), currency, gift, replaces, by, reason, contract, ends_ms, case, kind,
    topic, channel, purpose, proof, confirm, message, sender, handle, campaign, about, due_ms,
    revocable_until_ms, standing, journey, instance, step, offer, item, fact, zone, ...
    """

    id: str
    type: str
    at_ms: int
    channel: str
    source: str
    identifiers: tuple[str, ...] = ()
    time_source: str = "event"
    claimed_ms: int | None = None
    lines: tuple[Line, ...] = ()
    data: dict[str, object] = {}


encode_fact = msgspec.json.Encoder().encode
decode_fact = msgspec.json.Decoder(Fact).decode
