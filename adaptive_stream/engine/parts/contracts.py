"""Contracts: when one is due for renewal, whether she is renewing it, and what came of it."""

from adaptive_stream.engine.customer import Kept
from adaptive_stream.engine.entity import Contract
from adaptive_stream.engine.fact import CONTRACT, Fact
from adaptive_stream.engine.parts.kept import latest_by_type

FACTS = CONTRACT
# Looking at the offer is intent, not a step of the renewal: it moves nothing (S04b).
STATUS_AFTER = {
    "contract.renewal_due": "renewal_due",
    "renewal.started": "renewing",
    "contract.renewed": "renewed",
    "contract.cancelled": "cancelled",
}


def key(fact: Fact) -> str:
    """The contract's number; a shop with one contract for each customer does not name it."""
    return str(fact.data.get("contract") or "contract")


def kept_data(fact: Fact) -> dict[str, object]:
    """The fields that fold reads."""
    return {name: fact.data[name] for name in ("ends_ms",) if name in fact.data}


def fold(kept_by_key: dict[str, list[Kept]]) -> dict[str, Contract]:
    """Number -> Contract; its status is what happened to it last."""
    contracts = {}
    for number, facts in kept_by_key.items():
        status = ""
        ends_at = None
        for kept in facts:
            status = STATUS_AFTER.get(kept.type, status)
            said = kept.data.get("ends_ms")
            ends_at = said if isinstance(said, int) else ends_at
        heard = latest_by_type(facts, number)
        contracts[number] = Contract(number, status, ends_at, facts[0].at_ms, heard)
    return contracts
