"""CloudEvents over Kafka, by the protocol binding's two modes."""

from base64 import b64encode

import pytest

from adaptive_stream.engine.refusal import Reason
from adaptive_stream.formats import ReadRule, admit, detect
from tests.formats.hostile import NOW_MS, data, text

WEB = ReadRule("web")
BINARY = [
    ("ce_specversion", b"1.0"),
    ("ce_id", b"pos-8812"),
    ("ce_source", b"/shops/leeds-2"),
    ("ce_type", b"com.shop.order.completed.v2"),
    ("ce_time", b"2026-03-03T10:41:07Z"),
    ("ce_subject", b"loyalty:L-204"),
    ("content-type", b"application/json; charset=utf-8"),
]
STRUCTURED = {
    "specversion": "1.0",
    "id": "pos-8812",
    "source": "/shops/leeds-2",
    "type": "com.shop.order.completed.v2",
    "time": "2026-03-03T10:41:07Z",
    "subject": "loyalty:L-204",
    "datacontenttype": "application/json",
    "data": data(77),
}
NATIVE = {
    "id": "pos-8812",
    "type": "order.completed",
    "time": "2026-03-03T10:41:07Z",
    "source": "/shops/leeds-2",
    "identifiers": {"loyalty": "L-204"},
    "data": data(77),
}


def admitted(record, headers):
    return admit(record if isinstance(record, bytes) else text(record), None, headers, NOW_MS, WEB)


EXPECTED = admitted(NATIVE, [])


@pytest.mark.parametrize(
    ("record", "headers"),
    [
        (data(77), BINARY),
        ({"identifiers": {"loyalty": "L-204"}, "data": data(77)}, BINARY),
        ({"identifiers": {"loyalty": "L-204"}, **data(77)}, BINARY[:5]),
        (STRUCTURED, [("content-type", b"application/cloudevents+json")]),
        (STRUCTURED, [("Content-Type", b"application/cloudevents+json; charset=UTF-8")]),
        (STRUCTURED, []),
        (
            {n: v for n, v in STRUCTURED.items() if n != "data"}
            | {"data_base64": b64encode(text(data(77))).decode()},
            [("content-type", b"application/cloudevents+json")],
        ),
    ],
)
def test_both_modes_say_what_the_native_form_says(record, headers):
    """Whichever mode a producer's SDK writes, the fact is the same."""
    value = text(record)

    assert detect(value, headers) == "cloudevents"
    assert admitted(record, headers) == EXPECTED


@pytest.mark.parametrize("value", [None, b""])
def test_an_event_without_data_is_whole(value):
    """In binary mode the headers alone say who did what and when."""
    headers = [*BINARY[:3], ("ce_type", b"app.opened"), *BINARY[4:]]

    (fact,) = admit(value, None, headers, NOW_MS, WEB).facts

    assert (fact.type, fact.at_ms, fact.identifiers) == ("app.opened", NOW_MS, ("loyalty:L-204",))
    assert detect(value, headers) == "cloudevents"


@pytest.mark.parametrize(
    ("record", "headers", "reason"),
    [
        (b"<order/>", BINARY, Reason.NOT_JSON),
        (STRUCTURED | {"data": None, "data_base64": "%%"}, [], Reason.NOT_JSON),
        (STRUCTURED | {"subject": "R-77"}, [], Reason.NO_IDENTITY),
        (STRUCTURED | {"type": "com.shop.order"}, [], Reason.UNKNOWN_FACT),
        (STRUCTURED | {"type": None}, [], Reason.NO_TYPE),
        ([STRUCTURED], [("content-type", b"application/cloudevents-batch+json")], "not_an_object"),
    ],
)
def test_refused(record, headers, reason):
    """An event that leaves who or what open is refused like any other record."""
    admission = admitted(record, headers)

    assert admission.refused is not None
    assert admission.refused.reason == reason


def test_the_clock_of_a_device_is_corrected():
    """`sentat` is the extension by which a device says what its clock was when it sent."""
    late = {"time": "2026-03-03T13:41:00Z", "sentat": "2026-03-03T13:41:07Z"}

    (fact,) = admitted(STRUCTURED | late, []).facts

    assert (fact.at_ms, fact.time_source) == (NOW_MS - 7_000, "corrected")
