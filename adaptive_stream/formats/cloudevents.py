"""CloudEvents 1.0 over Kafka: binary (attributes in `ce_` headers) and structured (all in JSON).

Rule 1: the attributes win over what the data says of itself.
Rule 2: `data` is our `data`, with `identifiers` in it; or it is a whole native record.
Rule 3: a type may carry a reversed domain and a version: com.shop.order.completed.v2.
"""

import re
from base64 import b64decode

import orjson

from adaptive_stream.engine.admit import Draft
from adaptive_stream.engine.fact import FACT_TYPES
from adaptive_stream.engine.refusal import Reason, Refusal
from adaptive_stream.formats.draft import Headers, Reading, Record, as_object, as_text, fact_id

STRUCTURED = b"application/cloudevents"
_VERSION = re.compile(r"\.v[0-9]+$")
_ATTRIBUTES = ("id", "source", "type", "time", "subject", "sentat")


def binary(headers: Headers) -> bool:
    """Whether the headers carry an event whose data is the record's value."""
    return "ce_type" in headers and not structured(headers)


def structured(headers: Headers) -> bool:
    """Whether the headers say that the value is a whole event."""
    return (headers.get("content-type") or b"").strip().lower().startswith(STRUCTURED)


def recognises(record: Record, headers: Headers) -> bool:
    """Whether a record of unknown format is meant as this one."""
    if "specversion" in record:
        return True
    return bool(headers) and (binary(headers) or structured(headers))


def read(record: Record, headers: Headers) -> Reading:
    """One fact. `sentat` is our extension for the clock-skew rule."""
    if binary(headers):
        event: Record = {name: _header(headers, name) for name in _ATTRIBUTES}
        data: object = record
    else:
        event, data = record, _data(record)
        if type(data) is Refusal:
            return [data]
    inner = as_object(data)
    whole = "identifiers" in inner and type(inner.get("data")) is dict
    own = as_object(inner["data"]) if whole else inner
    return [
        Draft(
            id=fact_id(event.get("id"), {"event": event, "data": data}),
            type=fact_type(event.get("type")),
            time=event.get("time") or (inner.get("time") if whole else None),
            sent_at=event.get("sentat") or (inner.get("sent_at") if whole else None),
            source=as_text(event.get("source")),
            identifiers=_identifiers(inner, event),
            data=own,
        )
    ]


def fact_type(said: object) -> object:
    """`order.completed` of com.shop.order.completed.v2; anything else as it is."""
    if type(said) is not str or said in FACT_TYPES:
        return said
    short = ".".join(_VERSION.sub("", said.strip().lower()).rsplit(".", 2)[-2:])
    return short if short in FACT_TYPES else said


def _identifiers(inner: Record, event: Record) -> Record:
    """Those in the data, and the subject when it is a `type:value` whose type is told apart."""
    identifiers = as_object(inner.get("identifiers") or event.get("identifiers"))
    kind, colon, value = as_text(event.get("subject")).partition(":")
    if colon and "/" not in kind and kind not in identifiers:
        return {**identifiers, kind: value}
    return identifiers


def _data(event: Record) -> object:
    """The data of a structured event, which may be JSON in base64."""
    encoded = event.get("data_base64")
    if type(encoded) is not str:
        return event.get("data")
    try:
        return orjson.loads(b64decode(encoded, validate=True))
    except ValueError:  # orjson.JSONDecodeError and binascii.Error are both of this kind.
        return Refusal(Reason.NOT_JSON, "data_base64")


def _header(headers: Headers, name: str) -> str | None:
    said = headers.get(f"ce_{name}")
    return said.decode("utf-8", "replace") if said else None
