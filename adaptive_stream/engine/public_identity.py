"""Who she is, as customer.state.v1 tells it: her names, how they came together, what is doubted."""

from adaptive_stream.engine.customer import Customer
from adaptive_stream.engine.identifier import customer_of
from adaptive_stream.engine.parts.contacts import contacts

Json = dict[str, object]


def pair(text: str) -> Json:
    """{"type": "email", "value": "ana@example.com"}."""
    kind, _, value = text.partition(":")
    return {"type": kind, "value": value}


def joinings(customer: Customer) -> list[tuple[str, str, str, int]]:
    """(who they were, what was named, by what, when) of each joining, as "type:value", in order
    of time and name: what joined at one time has no order of its own."""
    if not customer.joinings:
        return []
    names: dict[str, str] = {}
    for member in customer.members.values():
        names |= member.identifiers
    found = [
        (one.customer, names.get(one.named, ""), names.get(one.by, ""), one.at_ms)
        for one in customer.joinings
    ]
    if len(found) > 1:
        found.sort(key=lambda one: (one[3], one[1], one[2]))
    return found


def apart(customer: Customer) -> list[Json]:
    """Hers and whom somebody has parted her from for good, once for each pair."""
    found: list[Json] = []
    for one, other in customer.apart:
        here, gone = (one, other) if one in customer.members else (other, one)
        if here in customer.members and gone not in customer.members:
            named = sorted(customer.members[here].identifiers.values())
            who = customer.elsewhere(gone) or customer_of(gone)
            found += [{"identifier": text, "customer": who} for text in named]
    return found


def contact_pairs(customer: Customer, identifiers: list[str]) -> list[Json]:
    """Where she can be reached beside her identifiers."""
    reached = contacts(customer)
    return [pair(text) for text in reached if text not in identifiers] if reached else []
