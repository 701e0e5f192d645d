"""Random lives: people with several names, what they do under them, and how it is told."""

import random
from dataclasses import dataclass, field
from itertools import count

from adaptive_stream.engine.fact import Fact, Line
from adaptive_stream.engine.identifier import route

T0_MS = 1_790_000_000_000
HOUR_MS = 3_600_000
PERSONAL = ("account", "loyalty", "email", "phone")
WEAK = ("device", "cookie")
PARTS = (
    *("cart", "cart", "cart", "order", "order", "contract", "consent", "case"),
    "contact",
)
PRODUCERS = ("web", "store", "app")
CARTS = ("cart", "c-1", "c-2")
ITEMS = ("boots", "socks", "belt")
# Order -> what is in it, in every report of it.
ORDERS = {"o-1": ("boots",), "o-2": ("socks", "belt"), "o-3": ("hat",), "o-4": ("belt",)}
CONTRACTS = ("k-1", "k-2")
CASES = ("s-1",)
# Where people can be reached beside their names; "email:" takes it back.
CONTACTS = ("email:home-1", "email:home-2", "email:", "phone:home-1", "phone:")


@dataclass(slots=True)
class Person:
    """Identifiers, and the pairs of them that facts will name together."""

    identifiers: list[str]
    edges: list[tuple[str, str]]


@dataclass(slots=True)
class Lives:
    """`rounds`: facts that are under way at once; before each next one everything rests."""

    people: list[Person]
    rounds: list[list[Fact]] = field(default_factory=list)


def lives(chance: random.Random) -> Lives:
    """A history in which no guard has a reason to fire, but for people who were parted."""
    number = count()
    people = [_person(chance, n) for n in range(chance.choice((1, 1, 2, 2, 3)))]
    told = Lives(people)
    first: list[Fact] = []
    for person in people:
        edges = [edge for edge in person.edges if chance.random() < 0.9]
        first += [_link(chance, edge, next(number)) for edge in edges]
        first += [_deed(chance, person, next(number)) for _ in range(chance.randrange(2, 8))]
    chance.shuffle(first)
    told.rounds.append(first)
    return told


def more(chance: random.Random, told: Lives, deeds: int = 4) -> list[Fact]:
    """What they do afterwards, with a link again now and then."""
    number = count(1000 * (len(told.rounds) + 1))
    facts = []
    for person in told.people:
        facts += [_deed(chance, person, next(number)) for _ in range(chance.randrange(deeds))]
        edges = [edge for edge in person.edges if chance.random() < 0.2]
        facts += [_link(chance, edge, next(number)) for edge in edges]
    chance.shuffle(facts)
    return facts


def request(type_: str, pair: tuple[str, str], name: str) -> Fact:
    """customer.merge or customer.unmerge."""
    return Fact(f"{type_}-{name}", type_, T0_MS, "web", "desk", route(pair))


def _person(chance: random.Random, n: int) -> Person:
    twins = chance.random() < 0.25
    kinds = chance.sample(PERSONAL, chance.randrange(1, 4))
    named = [f"{kind}:p{n}" for kind in kinds]
    if twins:
        kind = chance.choice(("loyalty", "email"))
        named += [text for text in (f"{kind}:p{n}a", f"{kind}:p{n}b") if len(named) < 4]
    things = [f"{kind}:p{n}" for kind in chance.sample(WEAK, chance.randrange(0, 3))]
    if len(named) + len(things) < 2:
        named.append(f"email:q{n}")
    chance.shuffle(named)
    edges = _tree(chance, named)
    if twins:
        # A thing between two people of one type would rightly be taken for a shared one.
        edges += [(chance.choice(named), thing) for thing in things]
    else:
        edges = _tree(chance, chance.sample(named + things, len(named + things)))
        if chance.random() < 0.3 and len(edges) > 1:
            everybody = named + things
            edges.append(tuple(chance.sample(everybody, 2)))  # type: ignore[arg-type]
    return Person(named + things, edges)


def _tree(chance: random.Random, nodes: list[str]) -> list[tuple[str, str]]:
    return [(chance.choice(nodes[:n]), nodes[n]) for n in range(1, len(nodes))]


def _link(chance: random.Random, edge: tuple[str, str], number: int) -> Fact:
    if chance.random() < 0.5:
        return _fact(chance, "identity.linked", edge, number)
    return business(chance, edge, number)


def _deed(chance: random.Random, person: Person, number: int) -> Fact:
    return business(chance, (chance.choice(person.identifiers),), number)


def _fact(
    chance: random.Random, type_: str, names: tuple[str, ...], number: int, **data: object
) -> Fact:
    items = data.pop("items", ())
    lines = tuple(Line(str(item), 1, 2_500) for item in items)  # type: ignore[attr-defined]
    return Fact(
        id=f"f-{number}",
        type=type_,
        at_ms=T0_MS - chance.randrange(180) * 60_000,
        channel=chance.choice(PRODUCERS),
        source="",
        identifiers=route(names),
        lines=lines,
        data=data,
    )


def business(chance: random.Random, names: tuple[str, ...], number: int) -> Fact:
    part = chance.choice(PARTS)
    if part == "cart":
        types = ("cart.item_added", "cart.item_added", "cart.item_removed", "cart.emptied")
        type_ = chance.choice(types)
        items = [] if type_ == "cart.emptied" else chance.sample(ITEMS, 1)
        return _fact(chance, type_, names, number, cart=chance.choice(CARTS), items=items)
    if part == "order":
        types = ("order.completed",) * 4 + ("order.placed", "order.refunded", "order.cancelled")
        type_ = chance.choice((*types, "order.voided", "order.payment_failed"))
        order = chance.choice(tuple(ORDERS))
        items = ORDERS[order] if type_ in ("order.completed", "order.placed") else ()
        return _fact(chance, type_, names, number, order=order, items=items)
    if part == "contract":
        type_ = chance.choice(("contract.renewal_due", "contract.renewal_due", "renewal.started",
                               "contract.renewed", "contract.cancelled"))  # fmt: skip
        return _fact(chance, type_, names, number, contract=chance.choice(CONTRACTS))
    if part == "consent":
        type_ = chance.choice(("consent.given", "consent.withdrawn"))
        return _fact(chance, type_, names, number, channel="email", purpose="marketing")
    if part == "contact":
        contact = chance.sample(CONTACTS, chance.choice((1, 1, 2)))
        return _fact(chance, "profile.changed", names, number, contact=sorted(contact))
    type_ = chance.choice(("case.opened", "case.closed"))
    return _fact(chance, type_, names, number, case=chance.choice(CASES), kind="complaint")
