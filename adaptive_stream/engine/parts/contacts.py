"""Contacts: addresses and numbers at which she says she can be reached; they name nobody.

The last word on each type counts, for each member: an address given in the shop does not undo one
that was given on the telephone before anybody knew that both are hers.
"""

from adaptive_stream.engine.customer import Customer, Kept
from adaptive_stream.engine.fact import Fact

PART = "contacts"
FACTS = ("profile.changed", "customer.registered")


def key(_: Fact) -> str:
    """One key: each fact may speak of several types."""
    return PART


def kept_data(fact: Fact) -> dict[str, object]:
    """The field that fold reads: "type:value", or "type:" for none any more."""
    return {"contact": fact.data["contact"]}


def contacts(customer: Customer) -> list[str]:
    """All that she can be reached at, "type:value", in a fixed order."""
    members = customer.members.values()
    kept = [member.parts[PART][PART] for member in members if PART in member.parts]
    if not kept:
        return []
    retracted = {fact_id for member in members for fact_id in member.retracted}
    return sorted({contact for facts in kept for contact in fold(facts, retracted)})


def fold(facts: list[Kept], retracted: set[str]) -> list[str]:
    """Of one member."""
    by_kind: dict[str, list[str]] = {}
    for kept in facts:
        said = kept.data["contact"]
        if kept.id not in retracted and isinstance(said, list):
            by_kind |= _by_kind(map(str, said))
    return [contact for found in by_kind.values() for contact in found]


def _by_kind(said: "map[str]") -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for contact in said:
        kind, _, value = contact.partition(":")
        found.setdefault(kind, []).extend([contact] if value else [])
    return found
