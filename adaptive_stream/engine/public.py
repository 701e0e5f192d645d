"""The public state as JSON: what customer.state.v1 holds, and what `customer show` prints."""

from datetime import UTC, datetime
from functools import lru_cache

from adaptive_stream.engine import money
from adaptive_stream.engine.customer import Customer
from adaptive_stream.engine.entity import Cart, Case, Contract, Order
from adaptive_stream.engine.fact import Line
from adaptive_stream.engine.public_identity import apart, contact_pairs, joinings, pair
from adaptive_stream.engine.view import View

Json = dict[str, object]


@lru_cache(maxsize=4096)  # One customer's times are told again and again.
def timestamp(at_ms: int) -> str:
    """RFC 3339 in UTC; milliseconds only where there are some."""
    at, ms = datetime.fromtimestamp(at_ms // 1000, UTC).isoformat()[:19], at_ms % 1000
    return f"{at}.{ms:03d}Z" if ms else f"{at}Z"


def public(customer: Customer, view: View) -> Json:
    """All that is known of a customer, JSON-ready. It holds personal data in the clear."""
    if view.who is None:
        view.who = _who(customer, view)
    paid = [order for order in view.orders if order.paid]
    currency = next((order.currency for order in paid if order.currency), "")
    return {
        "customer": customer.id,
        "state_seq": customer.state_seq,
        **view.who,
        "flagged": "too_busy" if customer.too_busy else None,
        "identity_epoch": customer.identity_epoch,
        "consent_epoch": customer.consent_epoch,
        "carts": {key: _cart(cart) for key, cart in view.cart_by_id.items()},
        "orders": {
            "count": len(paid),
            "value": money.major_units(sum(order.value_minor for order in paid), currency),
            "items": {order.id: _order(order) for order in view.orders},
        },
        "contracts": {key: _contract(one) for key, one in view.contract_by_number.items()},
        "cases": {key: _case(case) for key, case in view.case_by_number.items()},
        "consent": [_consent(row) for row in view.consent],
        "profile": dict(sorted(view.profile.items())),
        "messages": dict(sorted(view.messages.items())),
        "journeys": _journeys(customer),
        "offers": _offers(customer),
    }


def _who(customer: Customer, view: View) -> Json:
    return {
        "identifiers": [pair(text) for text in view.identifiers],
        "contacts": contact_pairs(customer, view.identifiers),
        "members": sorted(customer.members),
        "was": list(customer.was),
        "contested": {i: one.reason for i, one in sorted(customer.contested.items())},
        "apart": apart(customer),
        "joinings": [_joining(*one) for one in joinings(customer)],
    }


def _joining(was: str, named: str, by: str, at_ms: int) -> Json:
    return {"customer": was, "named": named or None, "by": by or None, "at": timestamp(at_ms)}


def _lines(lines: list[Line] | tuple[Line, ...], currency: str) -> list[Json]:
    return [
        {
            "item": line.item,
            "quantity": line.quantity,
            "price": None if line.price is None else money.major_units(line.price, currency),
        }
        for line in lines
    ]


def _cart(cart: Cart) -> Json:
    return {
        "status": cart.status,
        "lines": _lines(cart.lines, cart.currency),
        "settled": cart.settled,
        "remaining": cart.remaining,
        "value": cart.value,
        "currency": cart.currency or None,
        "added_at": timestamp(cart.added_at),
        "touched_at": timestamp(cart.touched_at),
        "abandoned_at": None if cart.abandoned_at is None else timestamp(cart.abandoned_at),
        "time_source": cart.time_source,
    }


def _order(order: Order) -> Json:
    return {
        "status": order.status,
        "time": timestamp(order.time),
        "value": order.value,
        "currency": order.currency or None,
        "channel": order.channel,
        "store": order.store or None,
        "cart": order.cart or None,
        "gift": order.gift,
        "lines": _lines(order.lines, order.currency),
    }


def _contract(contract: Contract) -> Json:
    ends = None if contract.ends_at is None else timestamp(contract.ends_at)
    return {"status": contract.status or None, "ends_at": ends}


def _case(case: Case) -> Json:
    return {"kind": case.kind, "status": case.status, "topic": case.topic or None}


def _consent(row: Json) -> Json:
    said = {name: value for name, value in row.items() if name != "at_ms"}
    at_ms = row["at_ms"]
    return said | {"at": timestamp(at_ms) if isinstance(at_ms, int) else None}


def _journeys(customer: Customer) -> list[Json]:
    """In order of their beginning; the order of members is one of made names."""
    runs = sorted(
        customer.instances(), key=lambda one: (one[1].begun_ms, one[1].journey, one[1].key)
    )
    return [
        {
            "journey": instance.journey,
            "instance": instance.key,
            "member": member,
            "status": instance.status,
            "because": instance.because or None,
            "until": None if instance.until_ms is None else timestamp(instance.until_ms),
            "began": timestamp(instance.begun_ms),
            "ends": timestamp(instance.ends_ms),
            "rev": instance.rev,
            "steps": [
                {"name": name, "due": timestamp(step.due_ms), "outcome": step.outcome}
                for name, step in instance.steps.items()
            ],
        }
        for member, instance in runs
        if instance.status != "too_old"
    ]


def _offers(customer: Customer) -> list[Json]:
    return [
        {
            "id": offer.id,
            "kind": offer.kind,
            "offer": offer.offer,
            "journey": offer.journey,
            "instance": offer.instance,
            "step": offer.step,
            "good_until": timestamp(offer.good_until_ms),
        }
        for _, offer in sorted(customer.offers.items())
    ]
