"""Histories of two people, for properties: what happened, in the shape that the oracle reads.

`choose` picks one of a sequence: a seeded `random.Random(...).choice`, or hypothesis's draw.
Moments lie on a grid of ten minutes, like every length of time in the shipped journeys, so that
a tick every ten minutes meets each of them.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from adaptive_stream.engine.fact import Fact, Line
from adaptive_stream.engine.identifier import route
from tests.engine.oracle import Told
from tests.engine.world import DAY, MINUTE, PRICES, TEN

T = TypeVar("T")
Choose = Callable[[Sequence[T]], T]

PEOPLE = (
    ("email:ana@example.com", "loyalty:L-204", "cookie:ck-a", "device:ph-a"),
    ("email:ben@example.com", "loyalty:L-310", "cookie:ck-b"),
)
ITEMS = ("boots-41", "belt-7", "socks-2")
MOMENTS = range(TEN, TEN + 60 * MINUTE, 10 * MINUTE)
DAYS = range(TEN, TEN + 5 * DAY, 70 * MINUTE)
KINDS = (
    ("cart.item_added",) * 5
    + ("cart.item_removed", "cart.emptied", "identity.linked", "identity.linked")
    + ("order.completed",) * 4
    + ("order.placed", "order.payment_failed", "order.voided", "order.refunded")
    + ("order.cancelled", "fact.retracted", "contract.renewal_due", "renewal.started")
    + ("contract.renewed", "case.opened", "case.closed", "consent.given", "consent.withdrawn")
    + ("profile.changed", "store.visited", "checkout.started", "message.sent")
    + ("call.ended", "chat.ended", "message.received", "preference.stated", "product.viewed")
    + ("opportunity.taken", "customer.registered")
)


def history(choose: Choose, length: int, moments: Sequence[int] = MOMENTS) -> list[Told]:
    """So many things that happened to two people, some of them reported twice."""
    told: list[Told] = []
    for number in range(length):
        told.append(_one(choose, number, told, choose(moments)))
        if choose((False, False, False, True)):
            told.append(choose(told))
    return told


def _one(choose: Choose, number: int, told: list[Told], at_ms: int) -> Told:
    person = choose((0, 0, 1))
    names = PEOPLE[person]
    type_ = choose(KINDS)
    who = (choose(names),)
    if type_ == "identity.linked" or choose((False, False, False, True)):
        who = tuple(dict.fromkeys((*who, choose(names))))
    said: dict[str, str] = {}
    items: tuple[tuple[str, int], ...] = ()
    if type_.startswith(("cart.", "checkout.")):
        said["cart"] = f"cart-{person}{choose('12')}"
        items = ((choose(ITEMS), choose((1, 1, 2))),) if type_.startswith("cart.item") else ()
    elif type_.startswith("order."):
        said["order"] = f"R-{person}{choose('12')}"
        if type_ in ("order.completed", "order.placed"):
            items = tuple((code, 1) for code in ITEMS if choose((True, False)))
        if said["order"].endswith("1") and choose((False, False, True)):
            said["replaces"] = f"OFFLINE-{person}"
    elif type_ == "fact.retracted":
        hers = [one.id for one in told if set(one.who) & set(names)]
        said["retracts"] = choose(hers) if hers else "nothing"
    if type_ == "order.completed" and choose((False, False, False, True)):
        said = {"order": f"OFFLINE-{person}"}
    return Told(f"f-{number}", type_, at_ms, who, items, **said)


def as_fact(one: Told) -> Fact:
    """What admit would make of it."""
    data: dict[str, object] = {
        "cart": one.cart,
        "order": one.order,
        "replaces": one.replaces,
        "fact": one.retracts,
    }
    if one.type == "profile.changed":
        data["home_store"] = f"store-{one.id}"
    if one.type == "message.sent":
        data |= {"message": "m-1", "journey": "abandoned-cart", "instance": "cart-01"}
        data["step"] = "remind"
    if one.type.startswith("case."):
        data |= {"case": "C-1", "kind": "complaint"}
    if one.type in ("call.ended", "chat.ended", "message.received"):
        data |= {"topic": "order:R-01", "solved": one.id.endswith("7")}
    if one.type == "preference.stated":
        data |= {"channel": "email", "allow": "never" if one.id.endswith("3") else one.id}
    if one.type == "product.viewed":
        data["item"] = "jacket-3"
    if one.type == "opportunity.taken":
        data["offer"] = "care-kit"
    if one.type == "order.cancelled":
        data["by"] = "merchant" if one.id.endswith(("1", "2", "3", "4", "5")) else "customer"
    channel = "store" if one.type.startswith(("order.", "store.")) else "web"
    return Fact(
        id=one.id,
        type=one.type,
        at_ms=one.at,
        channel=channel,
        source=channel,
        identifiers=route(one.who),
        lines=tuple(Line(code, quantity, PRICES[code]) for code, quantity in one.items),
        data={name: value for name, value in data.items() if value},
    )
