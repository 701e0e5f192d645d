"""What the whole pipeline is fed: a shop's facts in the simplest form, about 250 bytes each.

Always the same ones for the same arguments; only the times follow `now_ms`, since journeys heed
how old a fact is. Facts come in order, over the last 50 minutes; a cart from before the last
half hour is therefore abandoned by the time it is read, and its journeys begin.
"""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

SEED = 41
SPAN_MS = 50 * 60_000
LOGGED_IN = 0.3  # of what is seen on the web shop names the person beside the cookie
# (channel, type): share of 100 facts.
KINDS = {
    ("web", "product.viewed"): 38,
    ("web", "page.viewed"): 17,
    ("app", "app.opened"): 8,
    ("web", "cart.item_added"): 12,
    ("web", "checkout.started"): 3,
    ("web", "order.completed"): 3,
    ("store", "order.completed"): 2,
    ("store", "store.visited"): 2,
    ("email", "message.sent"): 6,
    ("email", "message.opened"): 4,
    ("email", "consent.given"): 2,
    ("callcentre", "case.opened"): 1,
    ("callcentre", "case.closed"): 1,
    ("backoffice", "order.delivered"): 1,
}
BROWSING = ("product.viewed", "page.viewed", "cart.item_added")
CHANNELS = tuple(dict.fromkeys(channel for channel, _ in KINDS))


def facts(
    count: int,
    customers: int,
    now_ms: int,
    seed: int = SEED,
    span_ms: int = SPAN_MS,
    every: int = 1,
) -> Iterator[Any]:
    """(channel, key, value), in order of time, over `span_ms` up to `now_ms`; about so many
    customers, each `every`-th of all."""
    rng = random.Random(seed)
    kinds = rng.choices(list(KINDS), list(KINDS.values()), k=8_192)
    for n in range(count):
        channel, kind = kinds[rng.randrange(8_192)]
        person = int(rng.random() * customers) * every
        at_ms = now_ms - span_ms + span_ms * n // count
        fact = {
            "id": f"{seed}-{n}",
            "type": kind,
            "time": time_text(at_ms),
            "identifiers": _identifiers(channel, person, rng),
            "data": _data(channel, kind, person, rng),
        }
        yield channel, f"{person}".encode(), encode(fact)


def registrations(customers: int, now_ms: int) -> Iterator[Any]:
    """(channel, key, value): nine of ten persons say who they are before anything is measured; the
    tenth is found out while it is, and what she was under other names is merged."""
    for person in range(customers):
        if person % 10:
            ids = {"cookie": f"ck-{person}", "email": email(person), "device": f"ph-{person}"}
            known = {**ids, "loyalty": f"L-{person}"}
            fact = _fact(f"r-{person}", "customer.registered", now_ms - 2 * SPAN_MS, known, {})
            yield "web", f"{person}".encode(), encode(fact)


def encode(fact: dict[str, Any]) -> bytes:
    """As a producer would."""
    return json.dumps(fact).encode()


def email(person: int) -> str:
    """The address of a person; always 20 characters."""
    return f"p{person:07d}@example.com"


def time_text(at_ms: int) -> str:
    """RFC 3339."""
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def cart_fact(id: str, person: int, at_ms: int) -> tuple[str, bytes, bytes]:
    """She puts boots into a cart. -> channel, key, value"""
    identifiers = {"cookie": f"ck-{person}", "email": email(person)}
    data = {"cart": f"cart-{person}", "currency": "GBP", "items": [_item(41)]}
    return "web", id.encode(), encode(_fact(id, "cart.item_added", at_ms, identifiers, data))


def purchase_fact(id: str, person: int, at_ms: int) -> tuple[str, bytes, bytes]:
    """She buys the boots of `cart_fact`, in a shop. -> channel, key, value"""
    data = {"order": f"R-{id}", "store": "leeds-2", "currency": "GBP", "items": [_item(41)]}
    identifiers = {"email": email(person)}
    return "store", id.encode(), encode(_fact(id, "order.completed", at_ms, identifiers, data))


def closing_fact(id: str, person: int, at_ms: int) -> tuple[str, bytes, bytes]:
    """What she complained of is settled, if she did. -> channel, key, value"""
    data = {"case": f"case-{person}"}
    fact = _fact(id, "case.closed", at_ms, {"email": email(person)}, data)
    return "callcentre", id.encode(), encode(fact)


def browsing_fact(person: int, at_ms: int, rng: random.Random) -> tuple[str, bytes, bytes]:
    """What somebody who is logged in does on the web. -> channel, key, value"""
    kind = rng.choices(BROWSING, (7, 2, 1))[0]
    id = f"b-{rng.getrandbits(64):016x}"
    data = _data("web", kind, person, rng)
    return "web", id.encode(), encode(_fact(id, kind, at_ms, {"email": email(person)}, data))


def _fact(
    id: str, kind: str, at_ms: int, identifiers: dict[str, str], data: dict[str, Any]
) -> dict[str, Any]:
    time = time_text(at_ms)
    return {"id": id, "type": kind, "time": time, "identifiers": identifiers, "data": data}


def _item(number: int) -> dict[str, Any]:
    return {"sku": f"item-{number}", "quantity": 1, "price": 20.0 + number}


def _identifiers(channel: str, person: int, rng: random.Random) -> dict[str, str]:
    if channel == "web":
        known = {"email": email(person)} if rng.random() < LOGGED_IN else {}
        return {"cookie": f"ck-{person}", **known}
    if channel == "app":
        return {"device": f"ph-{person}", "email": email(person)}
    if channel == "store":
        return {"loyalty": f"L-{person}", "email": email(person)}
    return {"email": email(person)}


def _data(channel: str, kind: str, person: int, rng: random.Random) -> dict[str, Any]:
    item = int(rng.random() * 500)
    if kind in ("product.viewed", "page.viewed"):
        return {"item": f"item-{item}", "category": f"shoes-{item % 9}", "site": "shop"}
    if kind == "cart.item_added":
        return {"cart": f"cart-{person}", "currency": "GBP", "items": [_item(item)]}
    if kind == "order.completed":
        order = f"{channel}-{person}-{item}"
        return {"order": order, "value": 89.0, "currency": "GBP", "items": [_item(item)]}
    if kind == "order.delivered":
        return {"order": f"web-{person}-{item}"}
    if kind.startswith("message."):
        return {"message": f"m-{person}-{item}", "sender": "braze", "campaign": "spring"}
    if kind == "consent.given":
        return {"channel": "email", "purpose": "marketing", "proof": f"form-{item}"}
    if kind.startswith("case."):
        return {"case": f"case-{person}", "kind": "complaint", "topic": "delivery"}
    return {"cart": f"cart-{person}"} if kind == "checkout.started" else {"store": "leeds-2"}
