"""Guards: which identifiers may make two customers one, and which have stopped naming a person.

Rule 1: a refused link never makes a mega-customer; it makes an identifier contested, which is told.
Rule 2: what a wrong link would cost decides: a stop that was not needed is cheap, a cart that is
shown to a stranger is not.
Rule 3: strength is the order of identifier.STRENGTH; policy says which types are weak (they name a
thing that a person holds) and how many of each a person can have.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from adaptive_stream.engine.blocked import NOTHING, Blocked
from adaptive_stream.engine.identifier import strength_of

DAY_MS = 86_400_000
WEAK = frozenset(("device", "push_token", "cookie"))
LIMITS = {
    "account": 1,
    "loyalty": 5,
    "email": 5,
    "phone": 5,
    "braze": 5,
    "device": 20,
    "push_token": 20,
    "cookie": 50,
    "other": 20,
}
OTHER = "other"  # In limits: a type that is not named.
PACE = {"loyalty": 10}
MUTE_REASONS = frozenset(("shared", "pace"))  # What speaks for nobody, not even for itself.


@dataclass(frozen=True, slots=True)
class IdentityPolicy:
    """policy/identity.yaml, with its defaults.

    weak: types that prove no person. limits: how many of a type one customer may have.
    links_per_day: how many people one identifier may be linked to in 24 hours. pace: how many
    receipts an identifier of this type may bring in a day. blocked: what names nobody (admit's).
    """

    weak: frozenset[str] = WEAK
    limits: Mapping[str, int] = field(default_factory=lambda: dict(LIMITS))
    links_per_day: int = 10
    pace: Mapping[str, int] = field(default_factory=lambda: dict(PACE))
    contested_for_ms: int = 30 * DAY_MS
    sealed_after_ms: int = 90 * DAY_MS
    forgotten_after_ms: int = 30 * DAY_MS
    busy_facts_per_day: int = 1_000
    blocked: Blocked = NOTHING

    def is_weak(self, kind: str) -> bool:
        """Whether identifiers of this type name a thing, not a person."""
        return kind in self.weak

    def limit_of(self, kind: str) -> int:
        """How many identifiers of this type one customer may have."""
        return self.limits.get(kind, self.limits.get(OTHER, LIMITS[OTHER]))


def kind_of(identifier: str) -> str:
    """`email` of `email:ana@example.com`."""
    return identifier.partition(":")[0]


def weaker(one: str, other: str) -> str:
    """Of two identifiers ("type:value") the one that proves less; ties by value."""
    return max(one, other, key=lambda identifier: (strength_of(kind_of(identifier)), identifier))


def over_limit(identifiers: Iterable[str], policy: IdentityPolicy) -> str:
    """The first type of which one customer would have too many, or ""."""
    counts = Counter(kind_of(identifier) for identifier in set(identifiers))
    over = (kind for kind in sorted(counts) if counts[kind] > policy.limit_of(kind))
    return next(over, "")


def has_person(identifiers: Iterable[str], policy: IdentityPolicy) -> bool:
    """Whether any of these names a person."""
    weak = policy.weak
    return any(identifier.partition(":")[0] not in weak for identifier in identifiers)


def refusal(
    mine: list[str],
    theirs: list[str],
    *,
    between: tuple[str, str],
    links_today: tuple[int, int],
    policy: IdentityPolicy,
) -> tuple[str, str]:
    """Why two customers with these identifiers may not become one, and which identifier is to
    blame; ("", "") when they may.

    `between`: the two identifiers that one fact named, `links_today`: how many people each of
    them has joined within a day.
    """
    if not (has_person(mine, policy) and has_person(theirs, policy)):
        return "", ""  # Things come and go: many of them are no sign of two people.
    weak = any(policy.is_weak(kind_of(identifier)) for identifier in between)
    if weak and _are_two(mine, theirs, policy):
        return "shared", weaker(*between)
    over = over_limit((i for i in (*mine, *theirs) if not policy.is_weak(kind_of(i))), policy)
    for links, identifier in zip(links_today, between, strict=True):
        # A card that brings more addresses in a day than one person has is handed to everybody.
        handed = over and kind_of(identifier) in policy.pace and links >= policy.limit_of(over)
        if handed or links >= policy.links_per_day:
            return "pace", identifier
    return ("limit", weaker(*between)) if over else ("", "")


def _are_two(mine: list[str], theirs: list[str], policy: IdentityPolicy) -> bool:
    """Whether both have an identifier of one type that names a person: two logins on one device."""
    kinds = [
        {kind_of(identifier) for identifier in one if not policy.is_weak(kind_of(identifier))}
        for one in (mine, theirs)
    ]
    return bool(kinds[0] & kinds[1])
