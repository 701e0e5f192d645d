"""Identifiers that are nobody's, at the door."""

import json

from adaptive_stream.engine.blocked import blocked
from adaptive_stream.engine.refusal import Flaw, Reason
from adaptive_stream.formats import Admission, ReadRule, admit

NOW_MS = 1_772_534_467_000
READ = ReadRule(
    "store", blocked=blocked(["loyalty:L-0"], ["email:*@shop.example"]), key_is="loyalty"
)


def admitted(identifiers: dict[str, object], key: bytes | None = None) -> Admission:
    record = {"id": "f-1", "type": "store.visited", "identifiers": identifiers, "data": {}}
    return admit(json.dumps(record).encode(), key, [], NOW_MS, READ)


def test_a_fact_goes_by_its_other_identifiers() -> None:
    """A receipt with the test card and her address is hers, and the card is never linked to her."""
    admission = admitted({"loyalty": "L-0", "email": "Ana@example.com"})

    assert [fact.identifiers for fact in admission.facts] == [("email:ana@example.com",)]
    assert admission.flaws == (Flaw.IDENTIFIER_BLOCKED,)


def test_a_fact_of_nobody_is_refused() -> None:
    """A receipt with nothing but the shop's own address is kept in the dead letters, and said."""
    admission = admitted({"email": "till-4@shop.example"})

    assert admission.facts == ()
    assert admission.refused is not None
    assert admission.refused.reason == Reason.NO_IDENTITY
    assert admission.refused.detail == "blocked"


def test_a_blocked_key_is_no_identifier() -> None:
    """What a record's key says is judged as what is in it."""
    assert admitted({}, b"L-0").facts == ()
    assert admitted({}, b"L-1").facts[0].identifiers == ("loyalty:L-1",)
