"""Whatever arrives, the door stands: refused with a reason, or processed with its flaw counted."""

import json
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adaptive_stream.engine.blocked import blocked
from adaptive_stream.engine.fact import decode_fact, encode_fact
from adaptive_stream.engine.refusal import Flaw, Reason
from adaptive_stream.formats import FORMATS, Admission, ReadRule, admit, detect, parse_drop
from tests.amount import some
from tests.formats.hostile import NOW_MS, TABLE, Case, hostile

STORE = ReadRule(
    "store",
    source_path=("data", "store"),
    drop=(parse_drop("data.training == true"),),
    blocked=blocked([], ["email:*.invalid"]),
)
FACT_BYTES_MAX = 100_000


def admitted(case: Case) -> Admission:
    return admit(case.value, case.key, case.headers, case.timestamp_ms, STORE)


def check(case: Case, admission: Admission) -> None:
    """The table's word against what came of the record."""
    expect = case.expect
    reason = admission.refused.reason if admission.refused else None
    assert reason == expect.reason, (case.kind, case.value and case.value[:200], admission)
    assert len(admission.facts) == (0 if reason or expect.dropped else 1) or case.kind.startswith(
        "a batch"
    )
    if reason is None:
        assert set(admission.flaws) == ({expect.flaw} if expect.flaw else set()), case
        assert admission.dropped == ((expect.dropped,) if expect.dropped else ())


@pytest.mark.parametrize("kind", TABLE)
def test_kind(kind):
    """Each kind of damage has one outcome: a reason, a flaw, or none at all."""
    for case in hostile(600, seed=len(kind)):
        if case.kind == kind:
            check(case, admitted(case))


def test_twenty_thousand():
    """20,000 hostile records are judged as the table says, in seconds, each fact bounded."""
    cases = list(hostile(20_000, seed=1))
    began = process_time()
    admissions = [admitted(case) for case in cases]
    seconds = process_time() - began

    for case, admission in zip(cases, admissions, strict=True):
        check(case, admission)
        for fact in admission.facts:
            body = encode_fact(fact)
            assert len(body) <= FACT_BYTES_MAX
            assert decode_fact(body) == fact
    assert seconds < 10
    assert {case.kind for case in cases} == set(TABLE)


def test_every_reason_and_flaw_is_met():
    """No reason and no flaw is a word on paper: the table reaches each of them."""
    met = {k.expect.reason for k in TABLE.values()} | {k.expect.flaw for k in TABLE.values()}

    assert met >= set(Reason) | set(Flaw)


def test_the_same_seed_gives_the_same_records():
    """A failure can be looked at again."""
    assert list(hostile(300, seed=5)) == list(hostile(300, seed=5))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["id", "type", "time", "sent_at", "identifiers", "data", "items", "sku", "price"]
                + [
                    "quantity",
                    "batch",
                    "event",
                    "properties",
                    "traits",
                    "context",
                    "userId",
                    "about",
                ]
                + ["specversion", "subject", "data_base64", "value", "gift", "currency", "products"]
                + [
                    "externalIds",
                    "device",
                    "email",
                    "card",
                    "originalTimestamp",
                    "timestamp",
                    "due",
                ]
            )
            | st.text(max_size=5),
            inner | st.sampled_from(["order.completed", "track", "identify", "GBP", "2026-03-03"]),
            max_size=6,
        )
    ),
    max_leaves=25,
)


@given(st.binary(max_size=200), st.sampled_from([*FORMATS, "auto", "nonsense"]))
def test_any_bytes(value, name):
    """No bytes whatever stop the stage, however the topic is declared."""
    admit(
        value, value, [("ce_type", value), ("content-type", value)], NOW_MS, ReadRule("web", name)
    )
    detect(value, [("content-type", value)])


@settings(max_examples=some(300))
@given(JSON, st.sampled_from([*FORMATS, "auto"]))
def test_any_json(said, name):
    """No JSON whatever stops the stage, and what it lets in can be written."""
    value = json.dumps(said).encode("utf-8", "replace")
    drop = (parse_drop("data.items.price"), parse_drop("identifiers.email"))
    for timestamp_ms in (NOW_MS, -1):
        admission = admit(value, None, [], timestamp_ms, ReadRule("web", name, drop=drop))
        for fact in admission.facts:
            assert decode_fact(encode_fact(fact)) == fact
