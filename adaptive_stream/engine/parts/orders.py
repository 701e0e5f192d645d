"""Orders: what she paid for, however often and under whatever number it was reported.

Retraction takes back, reversal moves on: a void or a failed payment means that the order never
was; a cancellation or a refund leaves it paid, and only its status moves (RULES.md §2).
"""

from collections import Counter

from adaptive_stream.engine import money
from adaptive_stream.engine.customer import Kept
from adaptive_stream.engine.entity import Heard, Order
from adaptive_stream.engine.fact import ORDER, Fact
from adaptive_stream.engine.parts.kept import cause_of, latest_by_type, rank

FACTS = ORDER
DATA = ("value", "currency", "gift", "cart", "store", "replaces", "by", "reason", "coupon", "offer")


def key(fact: Fact) -> str:
    """The order's number; a report without one stands for itself."""
    return str(fact.data.get("order") or f"~{fact.id}")


def kept_data(fact: Fact) -> dict[str, object]:
    """The fields that fold reads."""
    return {name: fact.data[name] for name in DATA if name in fact.data}


def fold(kept_by_key: dict[str, list[Kept]]) -> dict[str, Order]:
    """Number -> Order, without those that never were. A replaced one lives on in its successor."""
    successor = {
        str(kept.data["replaces"]): number
        for number, facts in sorted(kept_by_key.items())
        for kept in facts
        if kept.data.get("replaces")
    }
    orders = {}
    for number, (names, facts) in _grouped(kept_by_key, successor).items():
        order = _fold_one(number, facts, names)
        if order is not None:
            orders[number] = order
    return orders


def _grouped(
    kept_by_key: dict[str, list[Kept]], successor: dict[str, str]
) -> dict[str, tuple[tuple[str, ...], list[Kept]]]:
    """The number that counts -> all its numbers, and all that was said under them, in order."""
    if not successor:
        return {number: ((number,), kept_by_key[number]) for number in sorted(kept_by_key)}
    names: dict[str, list[str]] = {}
    for number in sorted(kept_by_key):
        names.setdefault(_follow(number, successor), []).append(number)
    return {
        final: (tuple(each), sorted((k for name in each for k in kept_by_key[name]), key=rank))
        for final, each in names.items()
    }


def _follow(number: str, successor: dict[str, str]) -> str:
    path = [number]
    while path[-1] in successor:
        following = successor[path[-1]]
        if following in path:  # Numbers that replace each other: one of them speaks for all.
            return min(path[path.index(following) :])
        path.append(following)
    return path[-1]


def _best(facts: list[Kept], type_: str) -> Kept | None:
    """Of several reports of one thing: the one that says what was in it, then the earliest."""
    best = None
    for kept in facts:
        if kept.type == type_:
            if kept.lines:
                return kept
            best = best or kept
    return best


def _fold_one(number: str, facts: list[Kept], names: tuple[str, ...]) -> Order | None:
    heard = latest_by_type(facts, number)
    completed = _best(facts, "order.completed") if "order.completed" in heard else None
    report = completed or _best(facts, "order.placed")
    if report is None or "order.voided" in heard:
        return None  # It never was; or no source has reported yet what was refunded or cancelled.
    paid = not _failed(heard, "order.completed")
    if completed is not None and len(facts) > 1:
        heard["order.completed"] = cause_of(completed, number)
    said: dict[str, object] = {}
    for kept in facts:  # The later word counts, but above all that of the report.
        if kept.type in ("order.completed", "order.placed"):
            said |= kept.data
    said |= report.data
    value_minor, currency = _value(report, said)
    refunded = "order.refunded" in heard
    returned, whole = _returned(report, value_minor, facts) if refunded else ([], False)
    status = _status(heard, paid=paid, whole=whole)
    return Order(
        id=number,
        status=status,
        paid=paid,
        time=report.at_ms,
        lines=report.lines,
        value_minor=value_minor,
        currency=currency,
        value=money.major_units(value_minor, currency),
        gift=bool(said.get("gift")),
        cart=str(said.get("cart") or ""),
        store=str(said.get("store") or ""),
        channel=report.channel,
        reason=_said(facts, "order.refunded" if returned else f"order.{status}", "reason"),
        cancelled_by=_said(facts, "order.cancelled", "by") if "order.cancelled" in heard else "",
        also_known_as=names,
        returned=returned,
        offer=str(said.get("offer") or ""),
        coupon=str(said.get("coupon") or ""),
        heard=heard,
    )


def _said(facts: list[Kept], type_: str, name: str) -> str:
    """The first word on this in facts of this type."""
    for kept in facts:
        if kept.type == type_ and (word := kept.data.get(name)):
            return str(word)
    return ""


def _failed(heard: Heard, report: str) -> bool:
    """Whether there is no such report of the order, or its payment failed after the latest."""
    failed = heard.get("order.payment_failed")
    return report not in heard or (failed is not None and failed.at_ms >= heard[report].at_ms)


def _returned(report: Kept, value_minor: int, facts: list[Kept]) -> tuple[list[str], bool]:
    """The items that came back to the last piece, and whether that is all of the order.

    A refund that names nothing known is for everything, unless it is for less money: then it is a
    part of the price.
    """
    pieces: Counter[str] = Counter()
    for line in report.lines:
        pieces[line.item] += line.quantity
    back: Counter[str] = Counter()
    less_minor = 0
    for kept in (one for one in facts if one.type == "order.refunded"):
        known = [line for line in kept.lines if line.item in pieces]
        for line in known:
            back[line.item] += line.quantity
        value = kept.data.get("value")
        if not known:
            less_minor += value if isinstance(value, int) else value_minor
            if less_minor >= value_minor:
                return list(pieces), True
    returned = [item for item, count in pieces.items() if back[item] >= count]
    return returned, bool(pieces) and len(returned) == len(pieces)


def _status(heard: Heard, *, paid: bool, whole: bool) -> str:
    if whole:
        return "refunded"
    if "order.cancelled" in heard:
        return "cancelled"
    if not paid:
        return "failed" if _failed(heard, "order.placed") else "placed"
    return "delivered" if "order.delivered" in heard else "completed"


def _value(report: Kept, said: dict[str, object]) -> tuple[int, str]:
    currency = str(said.get("currency") or "")
    value = said.get("value")
    if isinstance(value, int):
        return value, currency
    return sum((line.price or 0) * line.quantity for line in report.lines), currency
