"""Who a customer is: her names, how each came to be hers, and what is doubted."""

from collections.abc import Iterator
from typing import Any

View = dict[str, Any]
CONTESTED = {
    "apart": "somebody has parted the two",
    "shared": "more than one person uses it",
    "limit": "one person does not have so many of these",
    "pace": "it was seen more often in a day than one person can be",
}


def links(view: View) -> dict[str, Any]:
    """The part of a state that is about identity, for programs."""
    return {
        "customer": view["customer"],
        "was": view.get("was", []),
        "identifiers": [_text(one) for one in view.get("identifiers", ())],
        "addresses": [_text(one) for one in view.get("addresses", ())],
        "joinings": view.get("joinings", []),
        "contested": view.get("contested", {}),
        "apart": view.get("apart", []),
        "flagged": view.get("flagged"),
    }


def links_text(view: View) -> str:
    """The same for people. Times are UTC, as the state has them."""
    return "\n".join(_lines(links(view))) + "\n"


def _lines(known: dict[str, Any]) -> Iterator[str]:
    yield known["customer"] + (f", once {', '.join(known['was'])}" if known["was"] else "")
    joined = {one["named"]: one for one in known["joinings"] if one["named"]}
    width = max(map(len, known["identifiers"]), default=0)
    for identifier in known["identifiers"]:
        how = "what she was first known by, or joined so long ago that it stays"
        if one := joined.get(identifier):
            how = f"seen with {one['by'] or 'a name that has gone'} at {one['at']}"
            how += f", was {one['customer']}" if one["customer"] in known["was"] else ""
        if reason := known["contested"].get(identifier):
            how += f"; contested: {CONTESTED.get(reason, reason)}"
        yield f"  {identifier:<{width}}  {how}"
    for identifier, reason in known["contested"].items():
        if identifier not in known["identifiers"]:
            yield f"  not hers: {identifier}: {CONTESTED.get(reason, reason)}"
    for one in known["apart"]:
        yield f"  parted from {one['customer']}, whoever says otherwise of {one['identifier']}"
    if known["addresses"]:
        yield f"  is reached at {', '.join(known['addresses'])} as well"
    if known["flagged"]:
        yield f"  flagged: {known['flagged'].replace('_', ' ')}"


def _text(one: dict[str, str]) -> str:
    return f"{one['type']}:{one['value']}"
