"""Consent: what each address, number or token may be used for. It belongs to the endpoint.

A withdrawal that names no endpoint of its channel (said on the phone, about e-mail) is kept under
`*` and binds all of hers. Of two that happened at once, the withdrawal counts.
"""

from collections.abc import Iterable

from adaptive_stream.engine.customer import Kept
from adaptive_stream.engine.fact import Fact

FACTS = ("consent.given", "consent.confirmed", "consent.withdrawn")
ANY_ENDPOINT = "*"
MISSING = "missing"
STRONGEST = ("given", "unconfirmed", "withdrawn")
# What the law calls the address: a tool's own id for her is none.
ADDRESS_TYPES = {
    "email": ("email",),
    "sms": ("phone",),
    "callcentre": ("phone",),
    "push": ("device", "push_token"),
}


def key(fact: Fact) -> str:
    """`channel|purpose|endpoint`."""
    channel = str(fact.data.get("channel") or fact.channel)
    purpose = str(fact.data.get("purpose") or "marketing")
    types = ADDRESS_TYPES.get(channel, ())
    mine = [i for i in fact.identifiers if i.partition(":")[0] in types]
    return f"{channel}|{purpose}|{mine[0] if mine else ANY_ENDPOINT}"


def kept_data(fact: Fact) -> dict[str, object]:
    """The fields that fold reads."""
    return {name: fact.data[name] for name in ("confirm", "proof") if name in fact.data}


def fold(kept_by_key: dict[str, list[Kept]]) -> list[dict[str, object]]:
    """One JSON-ready row for each endpoint and purpose: status given, unconfirmed, withdrawn."""
    rows: list[dict[str, object]] = []
    for name in sorted(kept_by_key):
        channel, purpose, endpoint = name.split("|", 2)
        status = ""
        proofs: list[str] = []
        for kept in sorted(
            kept_by_key[name], key=lambda k: (k.at_ms, k.type == "consent.withdrawn", k.id)
        ):
            status, proofs = _after(kept, status, proofs)
        rows.append(
            {
                "channel": channel,
                "purpose": purpose,
                "endpoint": endpoint,
                "status": status,
                "proof": proofs,
                "at_ms": kept_by_key[name][-1].at_ms,
            }
        )
    return rows


def statuses(rows: list[dict[str, object]], channel: str, purpose: str) -> dict[str, str]:
    """Endpoint -> status, on one channel for one purpose. What she withdraws for all of hers
    (`*`) binds each that has not agreed since; an address that withdrew is bound by its own word.
    """
    mine = [row for row in rows if (row["channel"], row["purpose"]) == (channel, purpose)]
    every = next((row for row in mine if row["endpoint"] == ANY_ENDPOINT), None)
    found = {}
    for row in mine:
        bound = every is not None and every["status"] == "withdrawn"
        since = every is not None and _moment(every) >= _moment(row)
        found[str(row["endpoint"])] = "withdrawn" if bound and since else str(row["status"])
    return found


def status_of(said: dict[str, str], endpoints: Iterable[str]) -> str:
    """The best that any of these endpoints has said; `missing` if none has."""
    mine = {said.get(endpoint, said.get(ANY_ENDPOINT, MISSING)) for endpoint in endpoints}
    return next((status for status in STRONGEST if status in mine), MISSING)


def _moment(row: dict[str, object]) -> int:
    at_ms = row["at_ms"]
    assert isinstance(at_ms, int)
    return at_ms


def _after(kept: Kept, status: str, proofs: list[str]) -> tuple[str, list[str]]:
    proof = [str(kept.data["proof"])] if kept.data.get("proof") else []
    if kept.type == "consent.withdrawn":
        return "withdrawn", proof
    if kept.type == "consent.confirmed":
        return ("given" if status in ("unconfirmed", "given") else status), proofs + proof
    return ("unconfirmed" if kept.data.get("confirm") == "required" else "given"), proof
