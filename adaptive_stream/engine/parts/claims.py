"""Claims: which channel took an opportunity first, and what she would not have.

Taking one is a claim that no second channel can make: of two that take it the earlier has it.
"""

from dataclasses import dataclass

from adaptive_stream.engine.customer import Kept
from adaptive_stream.engine.fact import OFFER, Fact

FACTS = OFFER


@dataclass(frozen=True, slots=True)
class Claim:
    """One word about an offer. `taken`: by `channel`; else she declined it there."""

    at_ms: int
    taken: bool
    channel: str


def key(fact: Fact) -> str:
    """The opportunity's id, if it is said, or the name of the offer, or the step."""
    for name in ("opportunity", "offer"):
        if fact.data.get(name):
            return str(fact.data[name])
    said = (fact.data.get(name) or "" for name in ("journey", "instance", "step"))
    return "{}/{}#{}".format(*said)


def kept_data(_: Fact) -> dict[str, object]:
    """None: the key and the channel say it all."""
    return {}


def fold(kept_by_key: dict[str, list[Kept]]) -> dict[str, list[Claim]]:
    """Key -> every word about it, in order."""
    return {
        name: [Claim(k.at_ms, k.type == "opportunity.taken", k.channel) for k in facts]
        for name, facts in kept_by_key.items()
    }
