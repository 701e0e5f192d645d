"""A customer's state for people to read: one paragraph a part, nothing for a part that is empty."""

from collections.abc import Iterator
from typing import Any

View = dict[str, Any]


def state_text(view: View) -> str:
    """The whole state. Times are UTC, as the state has them."""
    return "\n".join(_lines(view)) + "\n"


def _lines(view: View) -> Iterator[str]:
    yield f"{view['customer']}, state {view['state_seq']}"
    yield "  known as    " + (
        ", ".join(f"{one['type']}:{one['value']}" for one in view.get("identifiers", ()))
        or "nobody can tell"
    )
    if view.get("was"):
        yield f"  was also    {', '.join(view['was'])}"
    if view.get("profile"):
        yield f"  profile     {_pairs(view['profile'])}"
    for cart, has in view.get("carts", {}).items():
        left = _money(has) if has.get("remaining") else ""
        yield f"  cart        {cart}: {_words(has.get('status'))}, {_items(has)}{left}"
    yield from _orders(view.get("orders") or {})
    for contract, has in view.get("contracts", {}).items():
        ends = f", ends {has['ends_at']}" if has.get("ends_at") else ""
        yield f"  contract    {contract}: {_words(has.get('status'))}{ends}"
    for case, has in view.get("cases", {}).items():
        yield f"  case        {case}: {_words(has.get('kind'))}, {_words(has.get('status'))}"
    for one in view.get("consent", ()):
        yield f"  consent     {_pairs(one)}"
    for message, has in view.get("messages", {}).items():
        yield f"  message     {message}: {_words(has.get('status'))} on {has.get('channel')}"
    for one in view.get("journeys", ()):
        yield from _journey(one)
    for one in view.get("offers", ()):
        yield f"  offer       {_offer(one)}, good until {one.get('good_until')}"


def outbox(view: View) -> list[dict[str, Any]]:
    """What is on its way to her: each message as it was planned, by the moment that it is due."""
    messages = view.get("messages", {})
    planned = [{"message": name, **messages[name]} for name in view.get("outbox", ())]
    return sorted(planned, key=lambda one: (one.get("due", ""), one["message"]))


def outbox_text(view: View) -> str:
    """The same for people."""
    lines = []
    for one in outbox(view):
        what = one.get("campaign") or "/".join(filter(None, map(one.get, ("journey", "step"))))
        words = [f"{one.get('due', 'standing'):20}", one["channel"], one["message"]]
        words += [f"{name} {one[name]}" for name in ("sender", "handle") if one.get(name)]
        words += [what] if what else []
        words += [f"about {', '.join(one['about'])}"] if one.get("about") else []
        words += [f"until {one['revocable_until']}"] if one.get("revocable_until") else []
        lines.append("  ".join(words))
    return "\n".join(lines or ["nothing is on its way to her"]) + "\n"


def _orders(orders: View) -> Iterator[str]:
    if orders.get("count"):
        yield f"  orders      {orders['count']}, worth {orders.get('value')} in all"
    for order, has in (orders.get("items") or {}).items():
        where = has.get("store") or has.get("channel") or ""
        when = f" {has['time']}" if has.get("time") else ""
        yield (
            f"  order       {order}: {_words(has.get('status'))}{when}"
            f"{' in ' + where if where else ''}, {_items(has)}{_money(has)}"
        )


def _journey(one: View) -> Iterator[str]:
    because = f" because {one['because']}" if one.get("because") else ""
    until = f" until {one['until']}" if one.get("until") else ""
    yield (
        f"  journey     {one.get('journey')}/{one.get('instance')}: "
        f"{_words(one.get('status'))}{because}{until}"
    )
    for step in one.get("steps", ()):
        outcome = _words(step["outcome"]) if step.get("outcome") else f"due {step.get('due')}"
        yield f"                {step.get('name')}: {outcome}"


def _offer(one: View) -> str:
    if one.get("kind") == "step":
        return f"{one.get('step')} of {one.get('journey')}/{one.get('instance')}"
    return f"{one.get('offer')} instead of {one.get('journey')}/{one.get('instance')}"


def _items(has: View) -> str:
    lines = has.get("lines") or ()
    said = ", ".join(
        str(line.get("item")) + (f" x{line['quantity']}" if line.get("quantity", 1) != 1 else "")
        for line in lines
    )
    return said or "no item known"


def _money(has: View) -> str:
    if has.get("value") is None:
        return ""
    return f", {has['value']:.2f} {has.get('currency') or ''}".rstrip()


def _words(status: object) -> str:
    return str(status or "open").replace("_", " ")


def _pairs(has: View) -> str:
    return ", ".join(f"{name} {value}" for name, value in has.items() if value is not None)
