"""A mapping file: records of any shape become facts without a line of code."""

from pathlib import Path

import pytest
import yaml

from adaptive_stream.engine.fact import Line
from adaptive_stream.engine.refusal import Dropped, Reason
from adaptive_stream.formats import MappingError, ReadRule, admit, compile_mapping
from tests.formats.hostile import NOW_MS, hostile, text

TOPICS = Path(__file__).parents[2] / "topics"
POS = compile_mapping(yaml.safe_load((TOPICS / "mappings" / "pos.yaml").read_text()))
STORE = ReadRule("store", "mapping", POS, source_path=("data", "store"), zone="Europe/London")


def admitted(document, record):
    return admit(
        text(record), None, [], NOW_MS, ReadRule("store", mapping=compile_mapping(document))
    )


def test_the_tills_of_the_shops():
    """A record of several receipts becomes a purchase and a return; what is neither is no fact."""
    value = (TOPICS / "samples" / "pos-receipt.json").read_bytes()

    admission = admit(value, None, [], NOW_MS + 3_600_000, STORE)
    bought, returned = admission.facts

    assert (admission.refused, admission.flaws) == (None, ())
    assert (bought.id, bought.type, bought.source) == ("leeds-2-R-77", "order.completed", "leeds-2")
    assert bought.at_ms == NOW_MS
    assert bought.identifiers == ("loyalty:L-204",)
    assert bought.lines == (Line("gtin:4006381333931", 1, 8900),)
    assert bought.data == {"currency": "GBP", "order": "R-77", "store": "leeds-2", "value": 8900}
    assert returned.type == "order.refunded"
    assert returned.lines == (Line("gtin:4006381333948", 1, 3900),)
    assert returned.data["reason"] == "wrong_size"


def test_a_record_that_holds_none_is_no_fault():
    """What the mapping does not speak of is dropped and counted, not refused."""
    for record in ({}, {"receipts": []}, {"receipts": [{"kind": "NO_SALE"}]}, {"receipts": None}):
        admission = admit(text(record), None, [], NOW_MS, STORE)

        assert (admission.facts, admission.refused) == ((), None)
        assert admission.dropped == (Dropped.NOT_A_FACT,)


def test_a_receipt_without_a_card_is_refused():
    """A mapping cannot say who it was where the record does not."""
    record = {"receipts": [{"kind": "SALE", "number": "R-1", "shop": {"id": "leeds-2"}}]}

    refused = admit(text(record), None, [], NOW_MS, STORE).refused

    assert refused is not None
    assert refused.reason == Reason.NO_IDENTITY


def test_what_cannot_be_computed_is_absent():
    """An expression that fails on a record costs that field only."""
    document = {
        "facts": [
            {
                "type": "order.completed",
                "identifiers": {"loyalty": "card"},
                "data": {"order": "number", "value": "avg(lines[].price)", "store": "ceil(shop)"},
            }
        ]
    }

    (fact,) = admitted(document, {"card": "L-204", "number": 5, "lines": 5, "shop": "x"}).facts

    assert fact.data == {"order": "5"}


def test_two_facts_of_one_record_are_two():
    """A receipt that is a purchase and a visit has an id for each, the same ones each time."""
    document = {
        "facts": [
            {"type": "order.completed", "id": "no", "identifiers": {"loyalty": "card"}},
            {"type": "store.visited", "id": "no", "identifiers": {"loyalty": "card"}},
            {"type": "store.visited", "identifiers": {"loyalty": "card"}},
        ]
    }

    facts = admitted(document, {"card": "L-204", "no": "R-1"}).facts

    assert [fact.id for fact in facts][:2] == ["R-1", "R-1#1"]
    assert len({fact.id for fact in facts}) == 3


def test_every_fault_is_told_at_once():
    """A mapping file is refused with all that is wrong with it, and what to do about each."""
    document = {
        "mapping": "odd",
        "eech": "a",
        "each": "a[",
        "facts": [
            {
                "typ": "x",
                "data": {"colour": "c", "order": 5, "cart": "a[].foo(bar)", "by": "join(a)"},
            },
            {"type": "order.completed", "identifiers": ["a"], "when": "kind ="},
            "x",
        ],
    }

    with pytest.raises(MappingError) as caught:
        compile_mapping(document)

    assert {fault.path for fault in caught.value.faults} == {
        ("eech",),
        ("each",),
        ("facts", 0),
        ("facts", 0, "typ"),
        ("facts", 0, "data", "colour"),
        ("facts", 0, "data", "order"),
        ("facts", 0, "data", "cart"),
        ("facts", 0, "data", "by"),
        ("facts", 1, "identifiers"),
        ("facts", 1, "when"),
        ("facts", 2),
    }
    assert all(fault.says and fault.remedy for fault in caught.value.faults)


@pytest.mark.parametrize("document", [None, [], "x", {}, {"facts": {}}, {"facts": []}])
def test_no_mapping_at_all(document):
    """A file of another shape says so, rather than reading nothing for ever."""
    with pytest.raises(MappingError):
        compile_mapping(document)


def test_hostile_records_do_not_stop_a_mapping():
    """Whatever a topic with a mapping carries, the stage goes on."""
    for case in hostile(2_000, seed=3):
        admit(case.value, case.key, case.headers, case.timestamp_ms, STORE)
