"""What has to be true of every world at rest, and what makes it equal to the oracle's."""

from collections import Counter
from collections.abc import Iterable

from adaptive_stream.engine.clock import Clock
from adaptive_stream.engine.context import Given
from adaptive_stream.engine.customer import Customer
from adaptive_stream.engine.decision import StateChanged, Suppression
from adaptive_stream.engine.fact import Fact
from adaptive_stream.engine.fold import fold
from adaptive_stream.engine.parcel import APART_MAX, JOININGS_MAX, RETURNED_MAX
from adaptive_stream.engine.parts.contacts import contacts
from adaptive_stream.engine.resolve import Row
from tests.identity.oracle import Expected
from tests.identity.rules import CHANNELS, ENDPOINTS, RULES
from tests.identity.world import Broken, World, hashed

SAID = {"stopped": ("suppress",), "held": ("hold",), "live": ("release", None)}
UNKEPT = ("identity.", "customer.")


def must(truth: object, says: str) -> None:
    """Raises Broken with what is not as it has to be."""
    if not truth:
        raise Broken(says)


def judge(world: World, facts: list[Fact], *, forgets: bool = False, routed: bool = True) -> None:
    """The invariants: rows, redirects, bounds, conservation, numbers, timers.

    `forgets`: strangers were forgotten, so what they did may be gone. `routed`: a fact is kept
    under its first identifier; one that is mute speaks for nobody.
    """
    customers = world.customers()
    _judge_rows(world, customers)
    if not forgets:
        _judge_members(world, customers)
    for customer in customers.values():
        _judge_customer(customer, customers)
    kept = _kept(customers, world.rows() if routed else None)
    _judge_conservation(kept, facts, forgets=forgets)
    _judge_recipients(world, customers)
    _judge_numbers(world, customers, forgets=forgets)
    for partition in world.partitions.values():
        late = [who for who, at in partition.wakes.items() if at <= partition.clock.now_ms]
        must(not late, f"a timer is due and does not fire: {late}")


def _judge_rows(world: World, customers: dict[str, Customer]) -> None:
    rows = world.rows()
    for key, row in rows.items():
        if not row.member:
            continue
        customer = customers.get(row.customer)
        must(customer, f"{row.identifier} is said to be {row.customer}, who is nobody")
        assert customer is not None
        must(not customer.merged_into, f"{row.identifier} is left with a redirect")
        member = customer.members.get(row.member)
        must(member, f"{row.identifier} is not among {sorted(customer.members)}")
        assert member is not None
        must(key in member.identifiers, f"{row.identifier} does not name its own member")
    for customer in customers.values():
        for name, member in customer.members.items():
            for key, text in member.identifiers.items():
                row = rows.get(key)
                here = row and (row.member, row.customer) == (name, customer.id)
                must(here, f"{customer.id} has {text}, whose row says {row}")


def _judge_members(world: World, customers: dict[str, Customer]) -> None:
    """What nobody says to be hers is where the row says; else it is of a stray, who is alone."""
    strays = {row.stray for row in world.rows().values()}
    for customer in customers.values():
        if customer.id not in strays:
            unknown = [name for name in customer.members if not customer.has(name)]
            must(not unknown, f"{customer.id} keeps facts of {unknown}, who is somebody else")


def _judge_customer(customer: Customer, customers: dict[str, Customer]) -> None:
    must(len(customer.joinings) <= JOININGS_MAX, "joinings are not bounded")
    must(len(customer.returned) <= RETURNED_MAX, "returned is not bounded")
    must(len(customer.apart) <= APART_MAX, "apart is not bounded")
    must(not customer.waiting, f"{customer.id} waits at rest: {customer.waiting}")
    for one, other in customer.apart:
        both = one in customer.members and other in customer.members
        must(not both, f"{one} and {other} are apart, and both are {customer.id}")
    if customer.merged_into:
        must(not customer.members, "a redirect has members")
        root = customers.get(customer.merged_into)
        while root and root.merged_into:
            root = customers.get(root.merged_into)
        must(root is not None, f"the redirects of {customer.id} lead nowhere")


def _kept(customers: dict[str, Customer], rows: dict[str, Row] | None) -> Counter[tuple[str, str]]:
    """(fact id, hash of the identifier that it is kept under, or "") -> by how many members."""
    hashes = {row.member: key for key, row in rows.items()} if rows is not None else {}
    ids = {
        (customer.id, name): {
            fact.id for by_key in member.parts.values() for some in by_key.values() for fact in some
        }
        for customer in customers.values()
        for name, member in customer.members.items()
    }
    return Counter(
        (fact_id, hashes.get(name, "") if rows is not None else "")
        for (_, name), kept in ids.items()
        for fact_id in kept
    )


def _judge_conservation(
    kept: Counter[tuple[str, str]], facts: list[Fact], *, forgets: bool
) -> None:
    routed = any(key for _, key in kept)
    for fact in facts:
        if not fact.type.startswith(UNKEPT):
            times = kept.pop((fact.id, hashed(fact.identifiers[0]) if routed else ""), 0)
            # What an address says of itself is kept by everybody who can be reached there.
            is_consent = fact.type.startswith("consent.")
            most = len(fact.identifiers) if is_consent else 1
            # An address that names nobody yet keeps it in its row, until it does.
            least = 0 if forgets or (is_consent and not routed) else 1
            must(least <= times <= most, f"{fact.id} {fact.type} is kept {times} times")
    said = {fact.id for fact in facts if fact.type.startswith("consent.")}
    elsewhere = {key for key in kept if key[0] not in said}
    must(not elsewhere, f"kept where they do not belong: {elsewhere}")


def _judge_recipients(world: World, customers: dict[str, Customer]) -> None:
    last = world.stale()
    for customer in customers.values():
        for member, instance in customer.instances():
            if instance.status not in ("stopped", "held") or not customer.identifiers():
                continue
            for channel in instance.told:
                said = last[member, instance.journey, instance.key, channel]
                where = f"{said.id} names {said.recipients}, {customer.id} is"
                hers = {*customer.identifiers(), *contacts(customer)}
                must(_are_reached(said, hers), f"{where} {hers}")


def _are_reached(said: Suppression, names: Iterable[str]) -> bool:
    """Whether it names all of its channel's endpoints among these names, and no other."""
    types = ENDPOINTS[said.channel]
    hers = [name for name in names if name.partition(":")[0] in types]
    return sorted(f"{kind}:{value}" for kind, value in said.recipients) == sorted(hers)


def _judge_numbers(world: World, customers: dict[str, Customer], *, forgets: bool) -> None:
    seen: Counter[str] = Counter()
    for said in world.decisions:
        if isinstance(said, StateChanged):
            seen[said.customer] += 1
            must(
                seen[said.customer] == said.state_seq,
                f"a gap before {said.customer}'s {said.state_seq}",
            )
    for customer in customers.values():
        must(
            seen.pop(customer.id, 0) == customer.state_seq,
            f"{customer.id} is at {customer.state_seq}",
        )
    must(forgets or not seen, f"told of customers who are not: {seen}")


def compare(world: World, expected: dict[frozenset[str], Expected], now_ms: int) -> None:
    """Equal customers, equal states, equal suppressions."""
    found = {
        frozenset(customer.identifiers()): customer
        for customer in world.customers().values()
        if customer.identifiers()
    }
    must(
        found.keys() == expected.keys(),
        f"customers: found {_names(found)}, expected {_names(expected)}",
    )
    for names, customer in found.items():
        _compare_state(customer, expected[names], now_ms)
    _compare_suppressions(world, found, expected)


def _names(customers: dict) -> list[list[str]]:
    return sorted(sorted(names) for names in customers)


def _compare_state(customer: Customer, expected: Expected, now_ms: int) -> None:
    clock = Clock(now_ms=now_ms, known={"web": now_ms, "store": now_ms})
    view = fold(customer, Given(clock), RULES.policy)
    carts = {
        key: (cart.status, tuple(sorted(cart.settled)), tuple(sorted(cart.remaining)))
        for key, cart in view.cart_by_id.items()
    }
    must(carts == expected.carts, f"carts: {carts}, expected {expected.carts}")
    orders = {key: (order.status, order.paid) for key, order in view.order_by_number.items()}
    must(orders == expected.orders, f"orders: {orders}, expected {expected.orders}")
    contracts = {key: one.status for key, one in view.contract_by_number.items()}
    must(contracts == expected.contracts, f"contracts: {contracts}, not {expected.contracts}")
    cases = {key: one.status for key, one in view.case_by_number.items()}
    must(cases == expected.cases, f"cases: {cases}, expected {expected.cases}")
    consent = {
        (str(row["channel"]), str(row["purpose"]), str(row["endpoint"])): row["status"]
        for row in view.consent
    }
    must(consent == expected.consent, f"consent: {consent}, expected {expected.consent}")


def _compare_suppressions(
    world: World, found: dict[frozenset[str], Customer], expected: dict[frozenset[str], Expected]
) -> None:
    last = world.stale()
    for names, customer in found.items():
        journeys = dict(expected[names].journeys)
        for member, instance in customer.instances():
            key = (instance.journey, "" if instance.journey == "her" else instance.key)
            if instance.status == "ended":  # The cart was filled again: another run counts.
                for channel in CHANNELS[instance.journey]:
                    said = last.pop((member, instance.journey, instance.key, channel), None)
                    must(said is None or said.action != "hold", f"{key} ended, and is on hold")
                continue
            # Of two members' runs for one thing, the first counts, and the other is stopped.
            status, _ = journeys.get(key, ("stopped", False))
            where = f"{key} of {sorted(names)}: {instance.status}, expected {status}"
            must(instance.status == status, where)
            journeys[key] = ("stopped", False)
            for channel in CHANNELS[instance.journey]:
                said = last.pop((member, instance.journey, instance.key, channel), None)
                action = said.action if said else None
                must(action in SAID[status], f"{channel} was told {action} last, {where}")
                if said and status != "live":
                    to = f"{channel} was told of {said.recipients}, {where}"
                    must(_are_reached(said, names | expected[names].contacts), to)
        missing = [key for key, (_, needed) in journeys.items() if needed]
        must(not missing, f"{missing} of {sorted(names)} never began")
    left = {key: said.action for key, said in last.items() if said.action != "release"}
    must(not left, f"told of what is not: {left}")
