"""Who heeds what has changed: which journeys look at which parts of a customer.

Rule: derived here and nowhere else, from the words of the rules themselves. A journey looks at the
parts that keep the facts its conditions hear, and at those its expressions name; one of which that
is not known looks at everything.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from adaptive_stream.engine.customer import Customer
from adaptive_stream.engine.journey import Journey, Rules
from adaptive_stream.engine.keep import PART_OF
from adaptive_stream.engine.word import Expression

PART_OF_KIND = {
    "cart": "carts",
    "order": "orders",
    "contract": "contracts",
    "case": "cases",
    "topic": "topics",
    "message": "messages",
    "viewed_item": "interest",
    "registration": "registrations",
}
# Her own attributes; what all of them rest on (her zone) makes everything fresh when it changes.
PART_OF_ATTRIBUTE = {
    **{f"{kind}s": part for kind, part in PART_OF_KIND.items()},
    **dict.fromkeys(("zone", "region", "home_store", "language", "tier"), "profile"),
}
EVERYTHING = "*"
UNDER_WAY = frozenset(("live", "held", "stopped"))
NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Concerned:
    """The journeys that have to be judged again, in their order."""

    journeys: tuple[Journey, ...]
    names: frozenset[str]


def concerned(rules: Rules, fresh: frozenset[str]) -> Concerned:
    """By the parts that were folded again."""
    found = rules.concerned.get(fresh)
    if found is None:
        known = (*rules.journeys, *rules.earlier.values())
        names = frozenset(each.name for each in known if _heeds(each, fresh))
        found = Concerned(tuple(each for each in rules.journeys if each.name in names), names)
        rules.concerned[fresh] = found
    return found


def is_heard(type_: str, customer: Customer, rules: Rules) -> bool:
    """Whether a fact that changes nothing but what was heard last can change what is judged: it
    begins something, or stops or holds what is under way."""
    if type_ in rules.begun_by:
        return True
    names = rules.heard_by.get(type_, NOBODY)
    return bool(names) and any(
        instance.journey in names and instance.status in UNDER_WAY
        for member in customer.members.values()
        for instance in member.instances.values()
    )


def _heeds(journey: Journey, fresh: frozenset[str]) -> bool:
    parts = frozenset(parts_of(journey))
    return EVERYTHING in parts or not parts.isdisjoint(fresh)


def parts_of(journey: Journey) -> Iterator[str]:
    """The parts that it looks at; one may come several times. What is asked of a step that is due
    (`unless`), or of an offer that a stop brings about, changes nothing by itself.
    """
    yield from ("profile", "consent", "preferences")  # Her zone, and where she may be reached.
    if journey.wait_for:
        yield EVERYTHING  # Which shops are hers, anything may say.
    yield PART_OF_KIND.get(journey.for_each, "profile")
    restarts = (restart.only_if for restart in journey.restart_when)
    for expression in (journey.only_if, *restarts):
        yield from _named(expression)
    for use in (*journey.begins_by(), *journey.goes_by()):
        for type_ in use.condition.types:
            yield "carts" if type_ == "cart.abandoned" else PART_OF.get(type_, EVERYTHING)
        yield from _named(use.condition.where, use.condition.takes)


def _named(expression: Expression | None, argument: str | None = None) -> Iterator[str]:
    if expression is None:
        return
    for name in expression.names:
        if name in PART_OF_KIND:
            yield PART_OF_KIND[name]
        elif name == "customer":
            hers = expression.hers
            yield from (PART_OF_ATTRIBUTE.get(each, EVERYTHING) for each in hers or (EVERYTHING,))
        elif name != argument:
            yield EVERYTHING  # The time, or what the shop says of an item.
