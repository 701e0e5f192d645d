"""Who and what exists before D0 00:00, told by facts on the channels like everything else.

Rule 1: nothing is written behind the engine's back; a world is a list of records to be played.
Rule 2: a person or a phrase that is not known here is an error, so that no story passes because
half of its world is missing.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from adaptive_stream.catalog.faults import CatalogError, Fault, suggestion
from adaptive_stream.engine.fact import WITHOUT_CUSTOMER
from adaptive_stream.stories import records
from adaptive_stream.stories.calendar import Calendar, Moment
from adaptive_stream.stories.records import Written
from adaptive_stream.stories.rows import IDENTIFIER
from adaptive_stream.stories.story import Item, Person, Story, Value

DAY_MS, HOUR_MS = 86_400_000, 3_600_000
CONSENTED = ("email", "push", "sms", "directmail", "ads")

# sku -> price of one piece; the prices that short examples leave out.
PRICES = {
    "boots-41": "89.00",
    "boots-44": "99.00",
    "socks-2": "9.00",
    "belt-7": "39.00",
    "jacket-3": "120.00",
    "care-kit": "12.00",
}
CATEGORIES = {"boots-41": "boots", "boots-44": "boots"}  # Of the others nobody has said any.


@dataclass(frozen=True, slots=True)
class Profile:
    """A person of the world. `consents`: the channels on which marketing may write."""

    identifiers: tuple[str, ...]
    fields: dict[str, str] = field(default_factory=dict)
    consents: tuple[str, ...] = CONSENTED


PEOPLE = {
    "ana": Profile(
        ("email:ana@example.com", "braze:bz-1", "loyalty:L-204", "cookie:ck-a", "device:ph-a")
        + ("phone:+447700900123",),
        {"zone": "Europe/London", "region": "yorkshire", "home_store": "leeds-2"},
    ),
    "ben": Profile(("email:ben@example.com", "loyalty:L-310")),
    "cat": Profile(("email:cat@example.com",), consents=()),
    "dan": Profile(("email:dan@example.com",), {"home_store": "york-1"}),
}
CHANGES = ("zone", "region", "home_store", "language")

# What a tool speaks of when it reports a consent; the others report it for the address.
_ENDPOINT_OF = {"push": "device", "sms": "phone"}


def world(story: Story) -> list[Written]:
    """The records that set up the story's world, in order, all before D0 00:00.

    Raises CatalogError with every person and phrase that is not known.
    """
    faults = [*_person_faults(story), *_phrase_faults(story)]
    if faults:
        raise CatalogError(faults)
    told = []
    for fact in _facts(story):
        # Links first: what else is told by one of her names must find that all of them are hers.
        at_ms = story.calendar.start_ms - DAY_MS + (fact.kind != "identity.linked") * 1000
        at_ms = fact.at_ms or at_ms
        told.append(
            records.fact(fact.channel, at_ms, fact.kind, fact.identifiers, fact.data, fact.items)
        )
    return sorted(told, key=lambda record: record.at_ms)


def tells_context(story: Story) -> bool:
    """Whether something of the story is about no person (an item, a source, a spot), but for the
    catalogue that all have."""
    told = {row.action for row in story.rows}
    told |= {fact.kind for fact in _facts(story) if fact.kind != "product.described"}
    return not WITHOUT_CUSTOMER.isdisjoint(told)


@dataclass(frozen=True, slots=True)
class _Fact:
    channel: str
    kind: str
    identifiers: tuple[str, ...]
    data: Mapping[str, Value] = field(default_factory=dict)
    at_ms: int = 0  # 0: as all that is so before the story.
    items: tuple[Item, ...] = ()


def _facts(story: Story) -> Iterator[_Fact]:
    for sku, price in PRICES.items():
        category = {"category": CATEGORIES[sku]} if sku in CATEGORIES else {}
        yield _Fact("backoffice", "product.described", (), {"sku": sku, "price": price, **category})
    changes = {person.name: person for person in story.people}
    for name, profile in people(story).items():
        yield from _person_facts(profile, changes.get(name, Person(name)))
    for phrase in story.phrases:
        for pattern, facts in PHRASES:
            if match := pattern.fullmatch(phrase):
                yield from facts(match, story)


def people(story: Story) -> dict[str, Profile]:
    """Everybody of a story's world, by name: whom this file knows, and whom the story describes."""
    found = {}
    for person in story.people:
        told = dict(filter(None, map(_saying, person.says)))
        found[person.name] = PEOPLE.get(person.name) or Profile(person.identifiers, told)
    for phrase in story.phrases:
        if match := _KNOWN_ONLY_BY.fullmatch(phrase):
            found[match[1].lower()] = Profile((match[2],))
        elif match := _RUNNING.fullmatch(phrase):
            for number in range(1, _running(match) + 1):
                found[f"p{number}"] = Profile(
                    (f"email:p{number}@example.com",), consents=("email",)
                )
    return found


def _saying(text: str) -> tuple[str, str] | None:
    """A field of a profile; no fact names an employer, but where she works she also shops."""
    match = _WORKS_AT.fullmatch(text)
    return ("home_store", match[1]) if match else None


def _person_facts(profile: Profile, person: Person) -> Iterator[_Fact]:
    fields: dict[str, str] = profile.fields | dict(person.changes)
    card = tuple(i for i in profile.identifiers if person.split and i.startswith("loyalty:"))
    known = tuple(i for i in profile.identifiers if i not in card)
    if len(known) > 1:
        yield _Fact("backoffice", "identity.linked", known)
    elif not known[0].startswith("email:"):  # An address is told of with its consents.
        yield _Fact("store", "customer.registered", known)
    address = known[:1]
    if card:  # She joined at the till, and gave no address there.
        home = {"home_store": fields.pop("home_store", "")}
        yield _Fact("store", "profile.changed", card, home)
    if fields:
        yield _Fact("backoffice", "profile.changed", address, fields)
    for channel in profile.consents:
        kind = _ENDPOINT_OF.get(channel, "email")
        endpoint = tuple(i for i in known if i.startswith(f"{kind}:"))
        if endpoint:
            agreed = {"channel": channel, "purpose": "marketing", "proof": f"form-{channel}"}
            yield _Fact("web", "consent.given", endpoint, agreed)


def _contract(match: re.Match[str], story: Story) -> Iterator[_Fact]:
    """It was made, or renewed, a year before it ends on D14."""
    holder = next(iter(people(story).values())).identifiers[:1]
    ends, made = _moment(story.calendar, 14), _moment(story.calendar, 14 - 365)
    said = {"contract": match[1], "ends": ends, "happened": made}
    yield _Fact("backoffice", "contract.renewed", holder, said)


def _complete(match: re.Match[str], story: Story) -> Iterator[_Fact]:
    """A source that has said until when it is complete."""
    until = story.calendar.moment(match[2])
    if until is not None:
        yield _Fact("store", "channel.complete", (), {"source": match[1], "until": until})


def _running(match: re.Match[str]) -> int:
    return int(match[1].replace(",", ""))


def _carts(match: re.Match[str], story: Story) -> Iterator[_Fact]:
    """Each has left a cart an hour before D0, and one in ten has been at the checkout since."""
    left_ms = story.calendar.start_ms - HOUR_MS
    for number in range(1, _running(match) + 1):
        name, cart = (f"email:p{number}@example.com",), {"cart": f"cart-p{number}"}
        line = (Item("boots-41", "1", PRICES["boots-41"]),)
        yield _Fact("web", "cart.item_added", name, cart, left_ms, line)
        if number % 10 == 0:
            yield _Fact("web", "checkout.started", name, cart, left_ms + HOUR_MS * 3 // 4)


def _nothing(*_: object) -> Iterator[_Fact]:
    """What is so without any fact, or is told with the people."""
    yield from ()


_WORKS_AT = re.compile(r"works at (\S+)")
_KNOWN_ONLY_BY = re.compile(rf"([A-Z][a-z]+) known only by ({IDENTIFIER.pattern})")
_NOBODYS = re.compile(rf"{IDENTIFIER.pattern} belongs to nobody yet")
_RUNNING = re.compile(r"([0-9,]+) instances of abandoned-cart running")
_NOT_BOUGHT = re.compile(r"has not bought \S+ in \d+ days")
PHRASES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], Story], Iterator[_Fact]]], ...] = (
    (re.compile(r"contract (\S+)"), _contract),
    (_KNOWN_ONLY_BY, _nothing),
    (_NOBODYS, _nothing),
    (re.compile(r"source (\S+) complete until (D\S+)"), _complete),
    (re.compile(r"sources? .+ sends? a heartbeat every 5 minutes"), _nothing),  # As the file says.
    (_NOT_BOUGHT, _nothing),
    (_RUNNING, _carts),
)
_SAYINGS = ("works at leeds-2",)
_EXAMPLES = ("contract K-5", "device:tab-1 belongs to nobody yet", "Ben known only by phone:+44…")


def _person_faults(story: Story) -> Iterator[Fault]:
    for person in story.people:
        for says in person.says:
            if _saying(says) is None:
                yield _fault(story, says, "is nothing about a person that is known yet", _SAYINGS)
        if person.identifiers:
            continue
        if person.name not in PEOPLE:
            yield _fault(story, person.name, "is nobody that is known yet", PEOPLE)
        for change in person.changes:
            if change not in CHANGES:
                yield _fault(story, change, "is nothing about a person that is known yet", CHANGES)
        profile = PEOPLE.get(person.name)
        if person.split and profile and len(profile.identifiers) < 2:
            yield _fault(story, person.name, "has nothing to be split", [])


def _phrase_faults(story: Story) -> Iterator[Fault]:
    for phrase in story.phrases:
        if not any(pattern.fullmatch(phrase) for pattern, _ in PHRASES):
            yield _fault(story, phrase, "is not known yet", _EXAMPLES)
        elif not people(story):
            yield _fault(story, phrase, "belongs to nobody: the world has no people", PEOPLE)


def _fault(story: Story, value: str, says: str, known: Iterable[str]) -> Fault:
    return Fault(story.file, story.world_line, value, says, suggestion(value, known))


def _moment(calendar: Calendar, day: int) -> Moment:
    moment = calendar.moment(f"D{day}T00:00")
    assert moment is not None
    return moment
