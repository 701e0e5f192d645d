"""Which part keeps a fact, and what is dropped when a customer grows too large.

Named limits: a customer is a person, not a shop. What goes first is what a message could least be
about any more; each drop has a name that the shell counts.
"""

from types import ModuleType

import msgspec

from adaptive_stream.engine.customer import (
    Customer,
    Kept,
    Member,
    encode_customer,
    encode_facts,
)
from adaptive_stream.engine.fact import Fact, Line
from adaptive_stream.engine.parts import (
    carts,
    claims,
    consent,
    contacts,
    contracts,
    interest,
    messages,
    orders,
    preferences,
    profile,
    registrations,
    seen,
    service,
    topics,
)
from adaptive_stream.engine.parts.kept import FACTS_PER_KEY_MAX, keep, rank

PARTS: dict[str, ModuleType] = {
    "carts": carts,
    "orders": orders,
    "contracts": contracts,
    "cases": service,
    "consent": consent,
    "messages": messages,
    "profile": profile,
    "topics": topics,
    "preferences": preferences,
    "claims": claims,
    "interest": interest,
    "seen": seen,
}
PART_OF = {type_: name for name, part in PARTS.items() for type_ in part.FACTS}
KEYS_MAX = {
    "carts": 20,
    "orders": 200,
    "contracts": 20,
    "cases": 50,
    "consent": 50,
    "messages": 100,
    "topics": 50,
    "preferences": 20,
    "claims": 50,
    "interest": 20,
    "registrations": 10,
}
UNSHOWN = frozenset(("seen", "interest"))  # What is no news to anybody the moment that it comes.
LINES_MAX = 100  # Of one cart or order; a longer list is a warehouse's.
RETRACTED_MAX = 200
DAY_MS = 86_400_000
NONE: dict[str, list[Kept]] = {}
# A checkpoint is one record batch, which a state must not outgrow: 256 KiB is a hundred times the
# usual. What is over goes by whole things, the oldest of each part first.
STATE_BYTES_MAX = 240 * 1024
FACT_BYTES = 256  # What a fact can add beside itself: names, and what was told of it.
DROPPED_FIRST = ("interest", "messages", "topics", "claims") + (
    "carts", "orders", "cases", "contracts", "consent",
)  # fmt: skip
ORDER_LINES_MS = 90 * DAY_MS  # Behind the partition's clock; then an order's total stays.


def keep_fact(member: Member, fact: Fact, known_ms: int) -> tuple[str, ...]:
    """Put the fact where it belongs. Returns the names of what was dropped for it."""
    if fact.type == "fact.retracted":
        return _retract(member, str(fact.data.get("fact") or ""), fact.at_ms)
    name = PART_OF.get(fact.type)
    if name is None:
        return ()  # identity.linked and the like: what it says is in its identifiers.
    part = PARTS[name]
    said = (fact.at_ms, fact.id, fact.type, fact.channel, fact.source)
    kept = Kept(*said, known_ms, fact.time_source, _lines(fact), part.kept_data(fact))
    key = part.key(fact)
    if name == "seen":
        _keep_latest(member, key, kept)
        return ()
    if "contact" in fact.data and fact.type in contacts.FACTS:
        contact = msgspec.structs.replace(kept, data=contacts.kept_data(fact))
        keep(member, contacts.PART, contacts.key(fact), contact)
    if fact.type in registrations.FACTS:
        joined = msgspec.structs.replace(kept, data=registrations.kept_data(fact))
        keep(member, registrations.PART, registrations.key(fact), joined)
    most = interest.LOOKS_MAX if name == "interest" else FACTS_PER_KEY_MAX
    dropped = keep(member, name, key, kept, most)
    evicted = _evict(member, name)
    if name == "interest":
        return ()  # It fades anyway: what was seen before all that is no loss to anybody.
    return tuple(d for d in (dropped, evicted) if d) if dropped or evicted else ()


def _lines(fact: Fact) -> tuple[Line, ...]:
    if fact.lines:
        return fact.lines[:LINES_MAX]
    if fact.type == "cart.item_added" and fact.data.get("item"):
        return (Line(str(fact.data["item"])),)
    return ()


def _keep_latest(member: Member, key: str, kept: Kept) -> None:
    by_key = member.parts.setdefault("seen", {})
    by_key[key] = [max([kept, *by_key[key]], key=rank) if key in by_key else kept]


def _retract(member: Member, fact_id: str, at_ms: int) -> tuple[str, ...]:
    if not fact_id:
        return ()
    member.retracted[fact_id] = max(at_ms, member.retracted.get(fact_id, 0))
    if len(member.retracted) <= RETRACTED_MAX:
        return ()
    del member.retracted[min(member.retracted, key=lambda i: (member.retracted[i], i))]
    return ("retraction",)


def _evict(member: Member, name: str) -> str | None:
    by_key = member.parts[name]
    if len(by_key) <= KEYS_MAX.get(name, 1000):
        return None
    del by_key[min(by_key, key=lambda key: (by_key[key][-1].at_ms, key))]
    return name


def keep_small(customer: Customer, added_bytes: int) -> tuple[str, ...]:
    """Hold the state below STATE_BYTES_MAX. `added_bytes`: of what came. Returns what was dropped.

    It is measured only when what came since the last time could have filled it.
    """
    customer.bytes_at_most += added_bytes + FACT_BYTES
    if customer.bytes_at_most <= STATE_BYTES_MAX:
        return ()
    dropped = []
    size = len(encode_customer(customer))
    for part, member, key in _oldest_first(customer):
        if size <= STATE_BYTES_MAX // 2:  # Half, so that the next fact does not begin it again.
            break
        size -= len(encode_facts(member.parts[part].pop(key)))
        dropped.append(part)
    customer.bytes_at_most = size
    return tuple(dict.fromkeys(dropped))


def _oldest_first(customer: Customer) -> list[tuple[str, Member, str]]:
    things = [
        (DROPPED_FIRST.index(part), facts[-1].at_ms, name, part, key)
        for name, member in customer.members.items()
        for part, by_key in member.parts.items()
        if part in DROPPED_FIRST
        for key, facts in by_key.items()
    ]
    return [(part, customer.members[name], key) for _, _, name, part, key in sorted(things)]


def forget_old(customer: Customer, now_ms: int) -> bool:
    """Drop what no rule looks at any more. Depends on the partition's clock alone. Returns whether
    there was something."""
    dropped = False
    for member in customer.members.values():
        left = member.parts.get("carts", NONE)
        for cart_id in list(left):
            if left[cart_id][-1].at_ms < now_ms - carts.CART_MS:
                del left[cart_id]
                dropped = True
        for facts in member.parts.get("orders", NONE).values():
            for index, kept in enumerate(facts):
                if kept.at_ms >= now_ms - ORDER_LINES_MS:
                    break  # They are in order of time.
                if kept.lines:
                    facts[index] = _without_lines(kept)
                    dropped = True
    return dropped


def forgets_ms(customer: Customer) -> int | None:
    """When `forget_old` will next find something."""
    moments: list[int] = []
    for member in customer.members.values():
        facts_of_carts = member.parts.get("carts", NONE).values()
        moments += [facts[-1].at_ms + carts.CART_MS for facts in facts_of_carts]
        for facts in member.parts.get("orders", NONE).values():
            moments += [kept.at_ms + ORDER_LINES_MS for kept in facts if kept.lines]
    return min(moments, default=None)


def _without_lines(kept: Kept) -> Kept:
    value = kept.data.get("value")
    if not isinstance(value, int):
        value = sum((line.price or 0) * line.quantity for line in kept.lines)
    return Kept(
        at_ms=kept.at_ms,
        id=kept.id,
        type=kept.type,
        channel=kept.channel,
        source=kept.source,
        known_ms=kept.known_ms,
        time_source=kept.time_source,
        data=kept.data | {"value": value},
    )
