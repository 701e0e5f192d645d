"""Seen: the last time that she did something which no other part counts (a visit, an app start).

Only the latest of each kind is kept: a condition asks when it last happened, not how often.
"""

from adaptive_stream.engine.fact import Fact

FACTS = (
    "app.opened",
    "page.viewed",
    "product.searched",
    "store.visited",
)


def key(fact: Fact) -> str:
    """The kind of thing."""
    return fact.type


def kept_data(fact: Fact) -> dict[str, object]:
    """The fields worth showing."""
    return {name: fact.data[name] for name in ("item", "store") if name in fact.data}
