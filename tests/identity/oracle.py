"""What must be true at rest, told by other means: sets, union-find and folds of a few lines.

It imports nothing of the engine, knows no message, no partition and no order of arrival: its input
are the facts that were accepted, and when they say that they happened.
"""

from dataclasses import dataclass, field
from typing import Any

TOLERANCE_MS = 300_000
ORDER_OF_CART = {"cart.item_added": 0, "cart.item_removed": 1, "cart.emptied": 2}
PAID = ("completed", "delivered")
LIVE, HELD, STOPPED = "live", "held", "stopped"
ENDPOINTS = ("email:", "phone:")


@dataclass(slots=True)
class Expected:
    """One customer. `journeys`: (journey, key) -> (status, whether there must be an instance)."""

    identifiers: frozenset[str]
    carts: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = field(default_factory=dict)
    orders: dict[str, tuple[str, bool]] = field(default_factory=dict)
    contracts: dict[str, str] = field(default_factory=dict)
    cases: dict[str, str] = field(default_factory=dict)
    consent: dict[tuple[str, str, str], str] = field(default_factory=dict)
    journeys: dict[tuple[str, str], tuple[str, bool]] = field(default_factory=dict)
    contacts: set[str] = field(default_factory=set)


class Families:
    """Which identifiers are one person, after any number of links and partings."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.links: set[frozenset[str]] = set()
        self.apart: set[frozenset[str]] = set()

    def hear(self, fact: Any) -> None:
        """A fact names identifiers together; a request joins or parts two of them."""
        self.names |= set(fact.identifiers)
        first, *others = fact.identifiers
        if fact.type == "customer.unmerge":
            self.links.discard(frozenset(fact.identifiers))
            self.apart.add(frozenset(fact.identifiers))
            return
        for other in others:
            pair = frozenset((first, other))
            if fact.type == "customer.merge":
                self.apart = {p for p in self.apart if not self._between(p, first, other)}
            if not any(self._between(p, first, other) for p in self.apart):
                self.links.add(pair)

    def family(self, name: str) -> frozenset[str]:
        """All that are one with this identifier."""
        found, new = {name}, [name]
        while new:
            here = new.pop()
            near = {n for pair in self.links if here in pair for n in pair} - found
            found |= near
            new += near
        return frozenset(found)

    def all(self) -> set[frozenset[str]]:
        """Every person."""
        return {self.family(name) for name in self.names}

    def _between(self, pair: frozenset[str], one: str, other: str) -> bool:
        mine, theirs = self.family(one), self.family(other)
        return mine != theirs and bool(pair & mine) and bool(pair & theirs)

    def is_bridge(self, one: str, other: str) -> bool:
        """Whether this link, told once, is all that makes the two one."""
        pair = frozenset((one, other))
        if pair not in self.links:
            return False
        self.links.discard(pair)
        parted = self.family(one) != self.family(other)
        self.links.add(pair)
        return parted

    def settled(self, facts: list[Any], cut: set[frozenset[str]]) -> list[Any]:
        """Without those whose links come to something else in another order. `cut`: families that
        were parted. Of two links that make people one who are apart, the quicker one holds."""
        grown = Families()
        grown.names, grown.links, grown.apart = set(self.names), set(self.links), self.apart
        kept = []
        for fact in facts:
            first, *others = fact.identifiers
            refused = [n for n in others if any(self._between(p, first, n) for p in self.apart)]
            open_ = [other for other in others if other not in refused]
            if not any(grown._is_ambiguous(first, other, cut) for other in open_):
                grown.hear(fact)
                kept.append(fact)
        return kept

    def _is_ambiguous(self, one: str, other: str, cut: set[frozenset[str]]) -> bool:
        """Whether a new link here joins people who are apart by another way, or meets pieces of a
        family that was cut, at another place."""
        mine, theirs = self.family(one), self.family(other)
        if mine == theirs:
            return False
        if any(self._between(p, one, other) for p in self.apart):
            return True
        return any(piece & mine and piece & theirs for piece in cut)


def expected(families: Families, facts: list[Any]) -> dict[frozenset[str], Expected]:
    """Everybody, from all facts. A fact belongs to whoever its first identifier names; a consent
    also to whoever an address or a number in it names."""
    by_family: dict[frozenset[str], dict[tuple[str, str], Any]] = {}
    for fact in facts:
        if not fact.type.startswith(("identity.", "customer.")):
            names = [fact.identifiers[0]]
            if fact.type.startswith("consent."):
                names += [name for name in fact.identifiers if name.startswith(ENDPOINTS)]
            for name in names:
                mine = by_family.setdefault(families.family(name), {})
                mine[fact.id, fact.type] = fact
    return {
        family: _person(family, list(by_family.get(family, {}).values()))
        for family in families.all()
    }


def _person(family: frozenset[str], facts: list[Any]) -> Expected:
    person = Expected(family)
    facts.sort(key=lambda fact: (fact.at_ms, fact.id))
    orders = {}
    for key in {fact.data["order"] for fact in facts if "order" in fact.data}:
        mine = [fact for fact in facts if fact.data.get("order") == key]
        order = _order(mine)
        if order is not None:
            orders[key] = order
            person.orders[key] = order[0], order[1]
        _order_journey(person, key, order)
    for key in {fact.data["cart"] for fact in facts if "cart" in fact.data}:
        _cart(person, key, [fact for fact in facts if fact.data.get("cart") == key], orders)
    for key in {fact.data["contract"] for fact in facts if "contract" in fact.data}:
        _contract(person, key, [fact for fact in facts if fact.data.get("contract") == key])
    for key in {fact.data["case"] for fact in facts if "case" in fact.data}:
        mine = [fact for fact in facts if fact.data.get("case") == key]
        opened = max((f.at_ms for f in mine if f.type == "case.opened"), default=-1)
        closed = max((f.at_ms for f in mine if f.type == "case.closed"), default=-1)
        person.cases[key] = "open" if opened > closed else "closed"
    _consent(person, [fact for fact in facts if fact.type.startswith("consent.")])
    person.contacts = _contacts([fact for fact in facts if "contact" in fact.data])
    paid = any(order[1] for order in orders.values())
    person.journeys["her", ""] = (LIVE, paid)
    if "open" in person.cases.values():
        for name, (status, needed) in person.journeys.items():
            person.journeys[name] = (HELD if status == LIVE else status, needed)
    return person


def _order(facts: list[Any]) -> tuple[str, bool, int, tuple[str, ...], bool] | None:
    """(status, paid, when, items, whether it went back since), None for one that never was."""
    types = {fact.type for fact in facts}
    reports = [f for f in facts if f.type == "order.completed"] or [
        f for f in facts if f.type == "order.placed"
    ]
    if "order.voided" in types or not reports:
        return None
    report = reports[0]
    failed = [fact.at_ms for fact in facts if fact.type == "order.payment_failed"]
    paid = report.type == "order.completed" and not (failed and failed[-1] >= reports[-1].at_ms)
    if "order.refunded" in types:
        status = "refunded"
    elif "order.cancelled" in types:
        status = "cancelled"
    elif paid:
        status = "completed"
    else:
        placed = [fact.at_ms for fact in facts if fact.type == "order.placed"]
        status = "placed" if placed and not (failed and failed[-1] >= placed[-1]) else "failed"
    items = tuple(line.item for line in report.lines)
    back_ms = max((f.at_ms for f in facts if f.type == f"order.{status}"), default=0)
    return status, paid, report.at_ms, items, back_ms >= report.at_ms - TOLERANCE_MS


def _order_journey(person: Expected, key: str, order: tuple[Any, ...] | None) -> None:
    """A review is for what she paid for, and neither brought back nor called off."""
    complete = order is not None and order[0] == "completed"
    person.journeys["order", key] = (LIVE if complete else STOPPED, complete)


@dataclass(slots=True)
class _Stay:
    """An item in a cart: since when, put in last when, taken out when."""

    item: str
    since_ms: int
    put_ms: int
    pieces: int = 1
    out_ms: int | None = None

    def bought_ms(self, orders: dict[str, Any]) -> int | None:
        """When an order took it out: one after it was put in, and before it was taken out."""
        times = [
            at_ms
            for _, paid, at_ms, items, _ in orders.values()
            if paid
            and self.item in items
            and at_ms >= self.put_ms - TOLERANCE_MS
            and (self.out_ms is None or at_ms <= self.out_ms + TOLERANCE_MS)
        ]
        return min(times, default=None)

    def left_ms(self, orders: dict[str, Any]) -> int | None:
        """When it left, by whichever way."""
        bought = self.bought_ms(orders)
        return self.out_ms if bought is None else bought


def _cart(person: Expected, key: str, facts: list[Any], orders: dict[str, Any]) -> None:
    stays = _filling(_stays(facts, orders), orders)
    if not stays:
        person.journeys["cart", key] = (STOPPED, False)
        return
    settled = {stay.item for stay in stays if stay.bought_ms(orders) is not None}
    left = {stay.item for stay in stays if stay.left_ms(orders) is None}
    if settled:
        status = "part_bought" if left else "bought"
    else:
        status = "abandoned" if left else "emptied"
    person.carts[key] = status, tuple(sorted(settled)), tuple(sorted(left))
    live = status == "abandoned"
    person.journeys["cart", key] = (LIVE if live else STOPPED, live)


def _stays(facts: list[Any], orders: dict[str, Any]) -> list[_Stay]:
    """The latest stay of each item."""
    stays: dict[str, _Stay] = {}
    for fact in sorted(facts, key=lambda f: (f.at_ms, ORDER_OF_CART[f.type], f.id)):
        at_ms = fact.at_ms
        for item in [line.item for line in fact.lines] or list(stays):
            stay = stays.get(item)
            if fact.type == "cart.item_added":
                bought = stay.bought_ms(orders) if stay else None
                gone = stay and (stay.out_ms or (bought and bought < at_ms - TOLERANCE_MS))
                if stay and not gone:
                    stay.put_ms, stay.pieces = at_ms, stay.pieces + 1
                else:
                    stays[item] = _Stay(item, at_ms, at_ms)
            elif stay and stay.out_ms is None:
                stay.pieces -= 1
                if fact.type == "cart.emptied" or stay.pieces == 0:
                    stay.out_ms = at_ms
    return list(stays.values())


def _filling(stays: list[_Stay], orders: dict[str, Any]) -> list[_Stay]:
    """When all has left a cart, what comes next begins it anew."""
    filling: list[_Stay] = []
    for stay in sorted(stays, key=lambda one: one.since_ms):
        left = [one.left_ms(orders) for one in filling]
        if filling and None not in left and stay.since_ms > max(left) + TOLERANCE_MS:
            filling = []
        filling.append(stay)
    return filling


def _contract(person: Expected, key: str, facts: list[Any]) -> None:
    after = {
        "contract.renewal_due": "renewal_due",
        "renewal.started": "renewing",
        "contract.renewed": "renewed",
        "contract.cancelled": "cancelled",
    }
    status = after[facts[-1].type]
    person.contracts[key] = status
    due = any(fact.type == "contract.renewal_due" for fact in facts)
    if status == "renewed":
        journey = STOPPED, False
    elif status == "renewing":
        journey = HELD, due
    else:
        journey = LIVE, status == "renewal_due"
    person.journeys["contract", key] = journey


def _contacts(facts: list[Any]) -> set[str]:
    """The last word on each type under each name; of "email:" nothing is left."""
    last: dict[tuple[str, str], set[str]] = {}
    for fact in facts:
        told: dict[tuple[str, str], set[str]] = {}
        for contact in fact.data["contact"]:
            kind, _, value = contact.partition(":")
            told.setdefault((fact.identifiers[0], kind), set()).update({contact} if value else ())
        last |= told
    return {contact for contacts in last.values() for contact in contacts}


def _consent(person: Expected, facts: list[Any]) -> None:
    for fact in sorted(facts, key=lambda f: (f.at_ms, f.type == "consent.withdrawn", f.id)):
        addresses = [i for i in fact.identifiers if i.startswith("email:")]
        key = ("email", "marketing", addresses[0] if addresses else "*")
        person.consent[key] = fact.type.partition(".")[2]
