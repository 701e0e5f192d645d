"""Profile: where she lives, her zone, her shop, her language; the last word on each counts."""

from adaptive_stream.engine.customer import Kept
from adaptive_stream.engine.fact import Fact

FACTS = ("profile.changed", "customer.registered", "loyalty.tier_changed")
DATA = ("zone", "region", "home_store", "language", "tier", "first_name", "country")


def key(_: Fact) -> str:
    """One key: all of these speak of the same person."""
    return "profile"


def kept_data(fact: Fact) -> dict[str, object]:
    """The fields that fold reads."""
    return {name: fact.data[name] for name in DATA if name in fact.data}


def fold(kept_by_key: dict[str, list[Kept]]) -> dict[str, str]:
    """Field -> value."""
    fields: dict[str, str] = {}
    for facts in kept_by_key.values():
        for kept in facts:
            fields |= {name: str(value) for name, value in kept.data.items()}
    return fields
