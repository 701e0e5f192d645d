"""Reasons are told in order: of several things wrong with a record, the first is named."""

from itertools import combinations

import pytest

from adaptive_stream.engine.refusal import Reason
from adaptive_stream.formats import ReadRule, admit
from adaptive_stream.formats.json_value import RECORD_BYTES_MAX
from tests.formats.hostile import text

# From the time outwards: each adds one thing that is wrong, and what is wrong inside stays so.
LAYERS = {
    Reason.NO_TIME: lambda record: record | {"time": None},
    Reason.NO_SUBJECT: lambda record: record | {"type": "fact.retracted", "data": {}},
    Reason.NO_IDENTITY: lambda record: record | {"identifiers": {"loyalty": "null"}},
    Reason.UNKNOWN_FACT: lambda record: record | {"type": "order.competed"},
    Reason.NO_TYPE: lambda record: {n: v for n, v in record.items() if n != "type"},
    Reason.UNKNOWN_FORMAT: lambda record: {"data": record.get("data")},
}
GOOD = {
    "id": "r-1",
    "type": "order.completed",
    "time": "2026-03-03T10:41:07Z",
    "identifiers": {"loyalty": "L-204"},
    "data": {"order": "R-77"},
}
STORE = ReadRule("store")
# Ways in which bytes cannot be read at all; each hides all that is wrong further in.
UNREADABLE = {
    Reason.NOT_JSON: lambda value: value[:-1],
    Reason.NOT_UTF8: lambda value: value[:-1] + b', "x": "\xe9"}',
    Reason.NEEDS_SCHEMA: lambda value: b"\0\0\0\0\1" + value[:-1],
    Reason.NO_VALUE: lambda _: None,
    Reason.TOO_LARGE: lambda value: value[:-1] + b" " * RECORD_BYTES_MAX + b"}",
    Reason.TOO_DEEP: lambda value: value[:-1] + b', "x": ' + b"[" * 2_000 + b"]" * 2_000 + b"}",
    Reason.NOT_AN_OBJECT: lambda value: b"[" + value + b"]",
}


def reason(value):
    refused = admit(value, None, [], -1, STORE).refused
    return refused and refused.reason


def test_the_order_is_that_of_the_list():
    """The two tables below, read outwards, are the list of reasons."""
    assert [*UNREADABLE, *reversed(LAYERS)] == list(Reason)


def test_from_the_time_outwards():
    """A record wrong in more and more ways is told the outermost one."""
    record = GOOD
    assert reason(text(record)) is None
    for expected, spoil in LAYERS.items():
        record = spoil(record)
        assert reason(text(record)) == expected


@pytest.mark.parametrize(("outer", "inner"), [*combinations(reversed(LAYERS), 2)])
def test_every_pair(outer, inner):
    """Of any two things wrong with what a record says, the one earlier in the list is named."""
    record = LAYERS[outer](LAYERS[inner](GOOD))

    assert reason(text(record)) == outer


@pytest.mark.parametrize("unreadable", UNREADABLE)
def test_what_cannot_be_read_hides_the_rest(unreadable):
    """Who cannot be read is not told that the time is missing."""
    record = GOOD
    for spoil in LAYERS.values():
        assert reason(UNREADABLE[unreadable](text(record))) == unreadable
        record = spoil(record)
