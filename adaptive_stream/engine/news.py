"""Transitions: what of the public state is new since we last spoke of it.

Rule 1: a transition is the difference between what was told and what is; nothing else makes one.
Rule 2: only what has a transition raises `state_seq`.
"""

from collections.abc import Container, Mapping

from adaptive_stream.engine.customer import Customer, Told
from adaptive_stream.engine.decision import Cause, Transition
from adaptive_stream.engine.entity import Heard, Order
from adaptive_stream.engine.view import View

CONTRACT_NEWS = {
    "renewing": "contract.renewing",
    "renewed": "contract.renewed",
    "cancelled": "contract.ended",
}
LAST_HEARD: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "cart": {
        "bought": ("order.completed",),
        "part_bought": ("order.completed",),
        "abandoned": ("cart.abandoned",),
        "emptied": ("cart.emptied", "cart.item_removed"),
    },
    "contract": {
        "renewing": ("renewal.started",),
        "renewed": ("contract.renewed",),
        "cancelled": ("contract.cancelled",),
    },
}
REVERSED = ("cancelled", "refunded")


def news(customer: Customer, view: View, at_ms: int) -> list[Transition]:
    """What changed, in a fixed order; `told` is brought up to date. `at_ms`: the fact's own time,
    for changes that no other fact explains."""
    told, fresh = customer.told, view.fresh
    found: list[Transition] = []
    if "carts" in fresh:
        _forget(told.carts, view.cart_by_id)
        found += _carts(told, view, at_ms)
    if "orders" in fresh:
        kept = (member.parts.get("orders", ()) for member in customer.members.values())
        _forget(told.orders, {number for by_key in kept for number in by_key})
        found += _orders(told, view, at_ms)
    if "contracts" in fresh:
        _forget(told.contracts, view.contract_by_number)
        found += _contracts(told, view, at_ms)
    if "cases" in fresh:
        _forget(told.cases, view.case_by_number)
        found += _cases(told, view, at_ms)
    if "topics" in fresh:
        _forget(told.topics, view.topic_by_name)
        found += _topics(told, view)
    if "consent" in fresh:
        _forget(told.consent, {_endpoint(row) for row in view.consent})
        found += _consent(told, view, at_ms)
    if "preferences" in fresh:
        _forget(told.preferences, view.stated)
        found += _preferences(told, view, at_ms)
    if "profile" in fresh:
        found += _profile(told, view, at_ms)
    if "orders" in fresh:
        _forget(told.exposures, view.order_by_number)
        found += _exposures(told, view)
    return found


def _forget(told: dict[str, str], known: Container[str]) -> None:
    """What was dropped, with time or for its size, is no news to anybody."""
    for key in [key for key in told if key not in known]:
        del told[key]


def _cause(heard: Heard, kind: str, status: str) -> Cause | None:
    known = [heard[type_] for type_ in LAST_HEARD[kind].get(status, ()) if type_ in heard]
    return max(known, key=lambda cause: (cause.at_ms, cause.id), default=None)


def _carts(told: Told, view: View, at_ms: int) -> list[Transition]:
    found = []
    for key, cart in view.cart_by_id.items():
        before, now = told.carts.get(key, "open"), cart.status
        told.carts[key] = now
        if now == before:
            continue
        fields: dict[str, object] = {"key": key, "cart": key, "from": before, "to": now}
        name = f"cart.{now}"
        if now == "open" or (now == "abandoned" and before != "open"):
            name = "cart.reopened"
            fields["status"] = now
        if now == "part_bought":
            fields["remaining"] = cart.remaining
        by = None if name == "cart.reopened" else _cause(cart.heard, "cart", now)
        found.append(Transition(name, by.at_ms if by else at_ms, fields, by))
    return found


def _orders(told: Told, view: View, at_ms: int) -> list[Transition]:
    found = []
    live = {key: order for key, order in view.order_by_number.items() if order.paid}
    for key, order in live.items():
        known = [told.orders[name] for name in order.also_known_as if name in told.orders]
        before = known[0] if known else ""
        now = order.status if order.status in REVERSED else "added"
        for name in order.also_known_as:
            told.orders.pop(name, None)
        told.orders[key] = now
        if now == before:
            continue
        fields = {"key": key, "order": key, "from": before or None, "to": order.status}
        if before == "":
            by = order.heard["order.completed"]
            found.append(Transition("order.added", order.time, fields | {"to": "completed"}, by))
            fields |= {"from": "completed"}
        if now != "added":
            cause = order.heard.get(f"order.{now}")
            moment = cause.at_ms if cause else at_ms
            found.append(Transition("order.reversed", moment, fields, cause))
    for key in [key for key in told.orders if key not in live]:
        fields = {"key": key, "order": key, "from": told.orders.pop(key), "to": "never_was"}
        found.append(Transition("order.reversed", at_ms, fields))
    return found


def _contracts(told: Told, view: View, at_ms: int) -> list[Transition]:
    found = []
    for key, contract in view.contract_by_number.items():
        before, now = told.contracts.get(key, ""), contract.status
        if now == before:
            continue
        told.contracts[key] = now
        if now in CONTRACT_NEWS:
            fields = {"key": key, "contract": key, "from": before or None, "to": now}
            by = _cause(contract.heard, "contract", now)
            found.append(Transition(CONTRACT_NEWS[now], by.at_ms if by else at_ms, fields, by))
    return found


def _cases(told: Told, view: View, at_ms: int) -> list[Transition]:
    found = []
    for key, case in view.case_by_number.items():
        before, now = told.cases.get(key, ""), case.status
        if now == before:
            continue
        told.cases[key] = now
        if case.kind != "complaint" or (now == "closed" and not before):
            continue
        name = "service.complaint_open" if now == "open" else "service.complaint_closed"
        cause = case.heard.get("case.opened" if now == "open" else "case.closed")
        fields = {"key": key, "case": key, "from": before or None, "to": now}
        found.append(Transition(name, cause.at_ms if cause else at_ms, fields))
    return found


def _topics(told: Told, view: View) -> list[Transition]:
    """That she has had to ask too often about one thing; that it is solved is no news."""
    found = []
    for key, topic in view.topic_by_name.items():
        before, now = told.topics.get(key, ""), "high" if topic.effort_high else ""
        told.topics[key] = now
        if now and not before:
            by = max(topic.heard.values(), key=lambda cause: (cause.at_ms, cause.id))
            fields = {"key": key, "topic": key, "touches": topic.touches}
            fields |= {"channels": topic.channels}
            found.append(Transition("service.effort_high", by.at_ms, fields, by))
    return found


def _preferences(told: Told, view: View, at_ms: int) -> list[Transition]:
    found = []
    for channel, said in view.stated.items():
        now = repr(sorted(said.items()))
        if told.preferences.get(channel) != now:
            told.preferences[channel] = now
            fields = {"key": channel, "channel": channel, **said}
            found.append(Transition("preference.changed", at_ms, fields))
    return found


def _exposures(told: Told, view: View) -> list[Transition]:
    """She paid with what a campaign offers: she has seen it, in a message or on paper."""
    found = []
    for key, order in view.order_by_number.items():
        if key in told.exposures or not order.paid or not (order.offer or order.coupon):
            continue
        campaign, channel = _seen_where(order, view)
        if campaign:
            told.exposures[key] = campaign
            by = order.heard["order.completed"]
            fields = {"key": campaign, "campaign": campaign, "channel": channel, "order": key}
            found.append(Transition("exposure.seen", by.at_ms, fields, by))
    return found


def _seen_where(order: Order, view: View) -> tuple[str, str]:
    """The campaign of what she used and the channel on which she had it: that of a message that
    was sent to her, else the screen, the radio or the paper."""
    named = [one for one in view.messages if one.campaign and one.offer == order.offer != ""]
    sent = [one for one in named if one.sent_at is not None and one.sent_at <= order.time]
    if sent:
        return sent[-1].campaign, sent[-1].channel
    kinds = (("coupon", order.coupon), ("offer", order.offer))
    aired = [view.context.campaign(kind, name) for kind, name in kinds if name]
    said = next((str(one.data["campaign"]) for one in aired if one and "campaign" in one.data), "")
    return said or next((one.campaign for one in named), ""), "broadcast"


def _consent(told: Told, view: View, at_ms: int) -> list[Transition]:
    found = []
    for row in view.consent:
        key = _endpoint(row)
        before, now = told.consent.get(key, ""), str(row["status"])
        told.consent[key] = now
        if now != before:
            fields = {"channel": row["channel"], "purpose": row["purpose"]}
            fields |= {"from": before or None, "to": now}
            moment = row["at_ms"] if isinstance(row["at_ms"], int) else at_ms
            found.append(Transition("consent.changed", moment, fields))
    return found


def _endpoint(row: dict[str, object]) -> str:
    return f"{row['channel']}|{row['purpose']}|{row['endpoint']}"


def _profile(told: Told, view: View, at_ms: int) -> list[Transition]:
    before, told.profile = told.profile, dict(view.profile)
    changed = sorted(name for name, value in view.profile.items() if before.get(name) != value)
    return [Transition("profile.changed", at_ms, {"fields": changed})] if changed else []
