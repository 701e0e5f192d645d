"""The one-stage job that everybody does, and how its output is judged.

JSON facts of about 240 bytes come in, keyed by customer. For each customer a small state is kept;
when the status of her cart changes, the change goes out. Plain Python, nothing of ours: this is
what ours and the peers are compared with.
"""

import json
import random
from collections.abc import Iterable, Iterator
from typing import Any

CUSTOMERS = 50_000
SEED = 20260303
STARTED_MS = 1_772_530_000_000
# Share of 100 facts. About one fact in seven changes the status of a cart.
KINDS = {
    "page.viewed": 58,
    "product.viewed": 17,
    "cart.item_added": 15,
    "cart.item_removed": 4,
    "order.completed": 6,
}
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0)"

Changes = dict[tuple[str, int], tuple[Any, ...]]  # (customer, seq) -> from, to, total, events, at


def facts(count: int, customers: int = CUSTOMERS) -> Iterator[tuple[bytes, bytes]]:
    """(key, value) of the first `count` facts: always the same ones."""
    rng = random.Random(SEED)
    kinds = rng.choices(list(KINDS), list(KINDS.values()), k=4_096)
    number, draw = rng.randrange, rng.random
    for n in range(count):
        customer = f"c-{int(draw() * customers):06d}"
        price = 500 + int(draw() * 9_500)
        yield customer.encode(), fact(n, kinds[number(4_096)], customer, price)


def fact(n: int, kind: str, customer: str, price: int) -> bytes:
    """The value of the fact with this number."""
    return (
        f'{{"id":"f-{n:09d}","type":"{kind}","customer":"{customer}",'
        f'"at_ms":{STARTED_MS + n},"price":{price},"sku":"sku-{price % 997:03d}",'
        f'"page":"/shop/boots/{price}","session":"s-{price * 7919:012d}","channel":"web",'
        f'"agent":"{AGENT}"}}'.encode()
    )


def expected(values: Iterable[bytes]) -> Changes:
    """What must come out: the job done in the plainest way."""
    states: dict[str, list[Any]] = {}
    changes: Changes = {}
    for value in values:
        fact = json.loads(value)
        customer = fact["customer"]
        state = states.setdefault(customer, [0, "none", 0, 0])  # seq, status, total, events
        seq, status, total, events = state
        after = status
        if fact["type"] == "cart.item_added":
            after, total = "open", total + fact["price"]
        elif fact["type"] == "cart.item_removed" and status == "open":
            total = max(0, total - fact["price"])
            after = "open" if total else "emptied"
        elif fact["type"] == "order.completed" and status == "open":
            after, total = "bought", 0
        if after != status:
            seq += 1
            changes[customer, seq] = (status, after, total, events + 1, fact["at_ms"])
        state[:] = seq, after, total, events + 1
    return changes


def change_of(value: bytes) -> tuple[tuple[str, int], tuple[Any, ...]]:
    """An output record as an entry of Changes."""
    out = json.loads(value)
    rest = (out["from"], out["to"], out["total"], out["events"], out["at_ms"])
    return (out["customer"], out["seq"]), rest


def differences(wanted: Changes, values: Iterable[bytes]) -> list[str]:
    """What is wrong with an output: [] when it is right. A repeat is fine if it is equal."""
    wrong = []
    seen = set()
    for value in values:
        at, change = change_of(value)
        seen.add(at)
        if at not in wanted:
            wrong.append(f"{at} should not be there")
        elif wanted[at] != change:
            wrong.append(f"{at} is {change}, should be {wanted[at]}")
    missing = wanted.keys() - seen
    if missing:
        wrong.append(f"{len(missing)} are missing, {min(missing)} the first of them")
    return wrong
