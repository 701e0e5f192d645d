"""Registrations: each time that she joined, under the card or the account that she joined with."""

from adaptive_stream.engine.customer import Kept
from adaptive_stream.engine.entity import Registration
from adaptive_stream.engine.fact import Fact
from adaptive_stream.engine.parts.kept import latest_by_type

PART = "registrations"
FACTS = ("customer.registered",)
NUMBERS = ("account", "loyalty")  # An address is no name for a run: channels are told its name.


def key(fact: Fact) -> str:
    """The number of her card or account; without one it stands for itself."""
    numbers = (text.partition(":") for text in fact.identifiers)
    return next((value for kind, _, value in numbers if kind in NUMBERS), f"~{fact.id}")


def kept_data(fact: Fact) -> dict[str, object]:
    """The field that fold reads."""
    return {name: fact.data[name] for name in ("store",) if name in fact.data}


def fold(kept_by_key: dict[str, list[Kept]]) -> dict[str, Registration]:
    """Key -> the first time, which is when she joined; what comes later repeats it."""
    return {
        name: Registration(
            id=name,
            time=facts[0].at_ms,
            channel=facts[0].channel,
            store=str(facts[0].data.get("store") or ""),
            heard=latest_by_type(facts[:1], name),
        )
        for name, facts in sorted(kept_by_key.items())
    }
