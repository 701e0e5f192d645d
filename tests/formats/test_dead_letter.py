"""Dead letters: the exact record, the reason for people and tools, and no card number."""

from struct import unpack

import pytest

from adaptive_stream.engine.refusal import SENTENCES, Dropped, Flaw, Reason, Refusal
from adaptive_stream.formats import ReadRule, admit, dead_letter
from adaptive_stream.formats.dead_letter import mask_cards
from tests.formats.hostile import NOW_MS, hostile

NOT_JSON = Refusal(Reason.NOT_JSON, "at line 1")


def test_the_record_as_it_came_and_why():
    """An operator finds the record unchanged, and its reason under three families of headers."""
    came = [("traceparent", b"00-1"), ("traceparent", b"00-2"), ("empty", None)]

    topic, key, value, headers = dead_letter(
        "channel.store.v1", 3, 8812, NOW_MS, b"\xff", b"{not json", came, NOT_JSON
    )
    named = dict(headers)

    assert (topic, key, value) == ("channel.store.v1.dlq", b"\xff", b"{not json")
    assert headers[:3] == came
    assert named["adaptive-stream.reason"] == b"not_json"
    assert named["__connect.errors.topic"] == b"channel.store.v1"
    assert named["__connect.errors.partition"] == b"3"
    assert named["__connect.errors.offset"] == b"8812"
    assert named["__connect.errors.exception.message"] == b"its value is not JSON (at line 1)"
    assert named["kafka_dlt-original-topic"] == b"channel.store.v1"
    assert unpack(">i", named["kafka_dlt-original-partition"] or b"") == (3,)
    assert unpack(">q", named["kafka_dlt-original-offset"] or b"") == (8812,)
    assert unpack(">q", named["kafka_dlt-original-timestamp"] or b"") == (NOW_MS,)
    assert "adaptive-stream.masked" not in named


@pytest.mark.parametrize(
    ("came", "kept"),
    [
        (b'{"card": 4111111111111111', b'{"card": XXXXXXXXXXXX1111'),
        (b"4111 1111 1111 1111", b"XXXX XXXX XXXX 1111"),
        (b";5500-0000-0000-0004=2512", b";XXXX-XXXX-XXXX-0004=2512"),
        (b"amex 378282246310005 x", b"amex XXXXXXXXXXX0005 x"),
        (b"\xff4111111111111111\x00", b"\xffXXXXXXXXXXXX1111\x00"),
        (b"4111111111111111 123", b"XXXXXXXXXXXX1111 123"),
        (b"2 4111111111111111", b"2 XXXXXXXXXXXX1111"),
        (b"2026-03-03 4111-1111-1111-1111 123", b"2026-03-03 XXXX-XXXX-XXXX-1111 123"),
        (b"123 4111111111111111 378282246310005", b"123 XXXXXXXXXXXX1111 XXXXXXXXXXX0005"),
        (b"4111111111111112", b"4111111111111112"),
        (b"1772534467000", b"1772534467000"),
        (b"41111111111111111111111", b"41111111111111111111111"),
        (b"+447700900123", b"+447700900123"),
        (None, None),
    ],
)
def test_card_numbers_are_masked(came, kept):
    """Only what is a card's number is masked, but for its last four digits."""
    assert mask_cards(came) == kept


def test_a_header_says_that_something_was_masked():
    """Who reads a dead letter knows whether the bytes are exact."""
    for where in ("value", "key", "header"):
        card = b"4111111111111111"
        _, key, value, headers = dead_letter(
            "t",
            0,
            0,
            -1,
            card if where == "key" else b"k",
            card if where == "value" else b"v",
            [("h", card if where == "header" else b"h")],
            NOT_JSON,
        )

        assert dict(headers)["adaptive-stream.masked"] == b"card"
        assert card not in b"".join((key or b"", value or b"", headers[0][1] or b""))


def test_every_reason_and_flaw_has_a_sentence():
    """Whatever a metric or a dead letter names, a person can read what it means."""
    assert set(SENTENCES) == {*Reason, *Flaw, *Dropped}


def test_hostile_records_arrive_as_they_were():
    """Each refused record reaches its dead-letter topic byte for byte."""
    for case in hostile(2_000, seed=2):
        read = ReadRule("store")
        refused = admit(case.value, case.key, case.headers, case.timestamp_ms, read).refused
        if refused is not None:
            _, key, value, headers = dead_letter(
                "t", 0, 1, case.timestamp_ms, case.key, case.value, case.headers, refused
            )
            assert headers[: len(case.headers)] == case.headers
            if "adaptive-stream.masked" not in dict(headers):
                assert (key, value) == (case.key, case.value)
            assert sum(len(name) + len(said or b"") for name, said in headers) < 64 * 1024
