"""What must be so in the end, worked out from the set of facts alone.

Rule 1: it imports nothing of the engine. It is slow, naive and written from the documents: people
are found by union-find over all links, then each person's facts are sorted and folded.
Rule 2: it knows the end only: no customer ids, no log times, no timers, no counters.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

MINUTE = 60_000
TOLERANCE = 5 * MINUTE
ABANDONED_AFTER = 30 * MINUTE


@dataclass(frozen=True)
class Told:
    """A fact as the oracle needs it. `items`: (code, quantity)."""

    id: str
    type: str
    at: int
    who: tuple[str, ...]
    items: tuple[tuple[str, int], ...] = ()
    cart: str = ""
    order: str = ""
    replaces: str = ""
    retracts: str = ""


@dataclass
class Person:
    """What is expected of one person: statuses by cart, by order, and the carts bought from."""

    identifiers: frozenset[str]
    carts: dict[str, str] = field(default_factory=dict)
    remaining: dict[str, frozenset[str]] = field(default_factory=dict)
    orders: dict[str, str] = field(default_factory=dict)
    stopped: dict[str, str] = field(default_factory=dict)


def people(told: Iterable[Told], now: int) -> list[Person]:
    """Everybody, once all has been said and time has passed."""
    facts = {(one.id, one.type): one for one in told}.values()
    found = []
    for identifiers in components(one.who for one in facts):
        hers = [one for one in facts if identifiers & set(one.who)]
        retracted = {one.retracts for one in hers if one.retracts}
        found.append(fold(identifiers, [one for one in hers if one.id not in retracted], now))
    return sorted(found, key=lambda person: sorted(person.identifiers))


def components(links: Iterable[Iterable[str]]) -> list[frozenset[str]]:
    """Who is who: identifiers that some fact named together, and so on."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    for names in links:
        first, *others = names
        root(first)
        for other in others:
            parent[root(other)] = root(first)
    groups: dict[str, set[str]] = {}
    for name in parent:
        groups.setdefault(root(name), set()).add(name)
    return [frozenset(group) for group in groups.values()]


def fold(identifiers: frozenset[str], facts: list[Told], now: int) -> Person:
    person = Person(identifiers)
    bought = paid_orders(facts, person)
    carts = {one.cart for one in facts if one.type == "cart.item_added"}
    for cart in sorted(carts):
        hers = sorted(
            (one for one in facts if one.cart == cart and one.type.startswith("cart.")),
            key=lambda one: (one.at, rank(one.type), one.id),
        )
        fold_cart(cart, hers, bought, person, now)
    return person


def rank(type_: str) -> int:
    return ("cart.item_added", "cart.item_removed", "cart.emptied").index(type_)


def paid_orders(facts: list[Told], person: Person) -> list[tuple[int, frozenset[str]]]:
    """(when, what) of each order that was paid and stayed so; statuses go to the person."""
    orders = [one for one in facts if one.type.startswith("order.")]
    replaced_by = {one.replaces: one.order for one in orders if one.replaces}
    by_number: dict[str, list[Told]] = {}
    for one in orders:
        number = one.order
        while number in replaced_by:
            number = replaced_by[number]
        by_number.setdefault(number, []).append(one)
    bought = []
    for number, reports in by_number.items():
        last = {one.type: max(o.at for o in reports if o.type == one.type) for one in reports}
        failed = last.get("order.payment_failed", -1)
        completed = [one for one in reports if one.type == "order.completed"]
        placed = [one for one in reports if one.type == "order.placed"]
        if "order.voided" in last or not (completed or placed):
            continue
        paid = bool(completed) and failed < last["order.completed"]
        if "order.refunded" in last:
            person.orders[number] = "refunded"
        elif "order.cancelled" in last:
            person.orders[number] = "cancelled"
        elif not paid:
            pending = bool(placed) and failed < last["order.placed"]
            person.orders[number] = "placed" if pending else "failed"
        else:
            person.orders[number] = "completed"
        if paid:
            best = min(completed, key=lambda one: (not one.items, one.at, one.id))
            bought.append((best.at, frozenset(code for code, _ in best.items)))
    return bought


def fold_cart(
    cart: str,
    facts: list[Told],
    bought: list[tuple[int, frozenset[str]]],
    person: Person,
    now: int,
) -> None:
    """One item at a time: its latest stay, and whether it was bought, removed or is still there."""
    stays: dict[str, tuple[int, int, int | None]] = {}  # code -> since, until, bought at
    for code in {code for one in facts for code, _ in one.items}:
        since, put_in, count, until = 0, 0, 0, None
        for one in facts:
            quantity = sum(q for c, q in one.items if c == code)
            if one.type == "cart.item_added" and quantity:
                gone = until is not None or (
                    count and sold(code, put_in, None, bought, before=one.at - TOLERANCE)
                )
                if gone or not count:
                    since, count, until = one.at, 0, None
                count += quantity
                put_in = one.at
            elif until is None and count and one.type == "cart.item_removed" and quantity:
                count -= quantity
                until = one.at if count <= 0 else None
            elif until is None and count and one.type == "cart.emptied":
                until = one.at
        if since or put_in:
            stays[code] = (since, until or 0, sold(code, put_in, until, bought))
    touched = max(one.at for one in facts)
    filling = latest_filling(stays)
    settled = {code for code, (_, _, sale) in filling.items() if sale}
    remaining = {code for code, (_, gone, sale) in filling.items() if not sale and not gone}
    if settled:
        status = "part_bought" if remaining else "bought"
    elif not remaining:
        status = "emptied"
    else:
        status = "abandoned" if now >= touched + ABANDONED_AFTER else "open"
    person.carts[cart] = status
    person.remaining[cart] = frozenset(remaining)
    reasons = {"bought": "bought_these_items", "part_bought": "bought_part"}
    if any(one.type in ("cart.emptied", "cart.item_removed") for one in facts):
        reasons["emptied"] = "cart_emptied"
    if status in reasons:
        person.stopped[cart] = reasons[status]


def sold(
    code: str,
    put_in: int,
    until: int | None,
    bought: list[tuple[int, frozenset[str]]],
    before: int | None = None,
) -> int | None:
    """When it was bought, of all purchases that fit the first."""
    fitting = [
        at
        for at, codes in bought
        if code in codes and at >= put_in - TOLERANCE and (until is None or at <= until + TOLERANCE)
    ]
    sale = min(fitting, default=None)
    return sale if sale is None or before is None or sale < before else None


def latest_filling(
    stays: dict[str, tuple[int, int, int | None]],
) -> dict[str, tuple[int, int, int | None]]:
    """What came in after everything before it had gone is another filling."""
    in_order = sorted(stays.items(), key=lambda one: one[1][0])
    for index in range(len(in_order) - 1, 0, -1):
        earlier = [sale or gone for _, (_, gone, sale) in in_order[:index]]
        if all(earlier) and in_order[index][1][0] > max(earlier) + TOLERANCE:
            return dict(in_order[index:])
    return dict(in_order)
