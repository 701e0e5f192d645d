"""The public state as JSON: what customer.state.v1 holds, and what `customer show` prints."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from adaptive_stream.engine import money
from adaptive_stream.engine.customer import Customer, Instance, Quiet
from adaptive_stream.engine.entity import (
    Cart,
    Case,
    Contract,
    Message,
    Order,
    Topic,
    ViewedItem,
)
from adaptive_stream.engine.fact import Line
from adaptive_stream.engine.journey import SHADOW
from adaptive_stream.engine.outbox import planned
from adaptive_stream.engine.parts.interest import points
from adaptive_stream.engine.public_identity import apart, contact_pairs, joinings, pair
from adaptive_stream.engine.rfc3339 import timestamp
from adaptive_stream.engine.view import View

Json = dict[str, object]
Thing = TypeVar("Thing")
MESSAGE_TEXTS = ("sender", "handle", "campaign", "offer", "journey", "instance", "step")


def public(customer: Customer, view: View) -> Json:
    """All that is known of a customer, JSON-ready. It holds personal data in the clear."""
    if view.who is None:
        view.who = _who(customer, view)
    return {
        "customer": customer.id,
        "state_seq": customer.state_seq,
        **view.who,
        "flagged": "too_busy" if customer.too_busy else None,
        "identity_epoch": customer.identity_epoch,
        "consent_epoch": customer.consent_epoch,
        "carts": _each(_cart, view.cart_by_id),
        "orders": _orders(view.order_by_number),
        "contracts": _each(_contract, view.contract_by_number),
        "cases": _each(_case, view.case_by_number),
        "topics": _each(_topic, view.topic_by_name),
        "consent": [_consent(row) for row in view.consent],
        "preferences": _preferences(view),
        "interest": _each(_interest, view.viewed_by_item),
        "profile": dict(sorted(view.profile.items())) if view.profile else {},
        "messages": _each(_message, view.message_by_id),
        "contacts": _contacts(view) if view.message_by_id else {},
        "outbox": _outbox(customer, view) if view.message_by_id else [],
        "journeys": _journeys(customer),
        "held": _held(customer.quiet) if customer.quiet else {},
        "offers": _offers(customer) if customer.offers else [],
    }


def _each(shown: Callable[[Thing], Json], things: Mapping[str, Thing]) -> Json:
    return {key: shown(thing) for key, thing in things.items()} if things else {}


def _who(customer: Customer, view: View) -> Json:
    contested = sorted(customer.contested.items()) if customer.contested else ()
    return {
        "identifiers": [pair(text) for text in view.identifiers],
        "addresses": contact_pairs(customer, view.identifiers),
        "members": sorted(customer.members),
        "was": list(customer.was),
        "contested": {identifier: one.reason for identifier, one in contested},
        "apart": apart(customer) if customer.apart else [],
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


def _orders(orders: dict[str, Order]) -> Json:
    paid = [order for order in orders.values() if order.paid] if orders else []
    currency = next((order.currency for order in paid if order.currency), "") if paid else ""
    value_minor = sum([order.value_minor for order in paid])
    return {
        "count": len(paid),
        "value": money.major_units(value_minor, currency),
        "items": _each(_order, orders),
    }


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


def _topic(topic: Topic) -> Json:
    """`touches`: how often she has asked since it was solved last, and where."""
    return {"touches": topic.touches, "channels": topic.channels, "solved": topic.solved}


def _preferences(view: View) -> Json:
    """What she said binds; what she shows is counted, channel by channel, and only advises."""
    shown: dict[str, dict[str, int]] = {}
    acts: list[tuple[str, str]] = []
    if view.message_by_id:
        messages = view.message_by_id.values()
        acts += [("opened", one.channel) for one in messages if "message.opened" in one.heard]
        acts += [("clicked", one.channel) for one in messages if "message.clicked" in one.heard]
    if view.order_by_number:
        orders = view.order_by_number.values()
        acts += [("bought", order.channel) for order in orders if order.paid]
    for act, channel in acts:
        counts = shown.setdefault(channel, {})
        counts[act] = counts.get(act, 0) + 1
    return {"stated": view.stated, "shown": dict(sorted(shown.items()))}


def _interest(item: ViewedItem) -> Json:
    """`points` as of the last look: they fade from then on (parts/interest.py)."""
    viewed_at = item.views[-1]
    return {
        "looks": len(item.views),
        "viewed_at": timestamp(viewed_at),
        "points": points(item.views, viewed_at),
        "category": item.category or None,
    }


def _outbox(customer: Customer, view: View) -> list[str]:
    return [message.id for message in planned(customer, view, view.now_ms)]


def _held(quiet: dict[str, Quiet]) -> Json:
    return {purpose: _quiet(one) for purpose, one in sorted(quiet.items()) if one.because}


def _quiet(quiet: Quiet) -> Json:
    until = None if quiet.until_ms is None else timestamp(quiet.until_ms)
    return {"because": quiet.because, "until": until}


def _message(message: Message) -> Json:
    """What was said of it; its price is a part of what it shows, and no business of the state's."""
    times = {
        "due": message.due,
        "revocable_until": message.revocable_until,
        "reported": max((cause.at_ms for cause in message.heard.values()), default=None),
    }
    said: Json = {name: text for name in MESSAGE_TEXTS if (text := getattr(message, name))}
    if message.about:
        said["about"] = message.about
    said |= {name: timestamp(at_ms) for name, at_ms in times.items() if at_ms is not None}
    if message.standing:  # She is in an audience: since when, and until when she was.
        gone = message.heard.get("message.cancelled") if message.status == "cancelled" else None
        said |= {"standing": True, "since": timestamp(message.begun_ms)}
        said |= {"until": timestamp(gone.at_ms)} if gone else {}
    return said | {"status": message.status, "channel": message.channel}


def _contacts(view: View) -> Json:
    """Of each channel, how many messages she was sent in the last seven days."""
    since_ms, messages = view.now_ms - 7 * 86_400_000, view.message_by_id.values()
    sent = dict.fromkeys(sorted({message.channel for message in messages}), 0)
    for message in messages:
        sent[message.channel] += message.sent_at is not None and message.sent_at > since_ms
    return {channel: {"7d": count} for channel, count in sent.items()}


def _consent(row: Json) -> Json:
    said = {name: value for name, value in row.items() if name != "at_ms"}
    at_ms = row["at_ms"]
    return said | {"at": timestamp(at_ms) if isinstance(at_ms, int) else None}


def _begun(run: tuple[str, Instance]) -> tuple[int, str, str]:
    return (run[1].begun_ms, run[1].journey, run[1].key)


def _journeys(customer: Customer) -> list[Json]:
    """In order of their beginning; the order of members is one of made names."""
    runs = customer.instances()
    runs.sort(key=_begun)
    return [
        {
            "journey": instance.journey,
            "instance": instance.key,
            "thing": instance.about,
            "member": member,
            "status": instance.status,
            "because": instance.because or None,
            "waits_for": instance.waits_for or None,
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
        if not instance.journey.endswith(SHADOW)
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
