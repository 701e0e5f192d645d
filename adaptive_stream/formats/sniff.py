"""Which format a record is written in, when its channel's file does not say."""

from collections.abc import Iterable

from adaptive_stream.engine.refusal import Refusal
from adaptive_stream.formats import cloudevents, native, segment
from adaptive_stream.formats.draft import Headers, Reader, Record
from adaptive_stream.formats.json_value import by_name, decode_value

# In the order in which they are asked: native last, since it takes whatever has a `type`.
FORMATS = {"cloudevents": cloudevents, "segment": segment, "native": native}
READERS: dict[str, Reader] = {name: module.read for name, module in FORMATS.items()}


def recognise(record: Record, headers: Headers) -> str:
    """The format's name, "" when nothing in the record tells."""
    for name, module in FORMATS.items():
        if module.recognises(record, headers):
            return name
    return ""


def detect(value: bytes | None, headers: Iterable[tuple[str, bytes | None]]) -> str:
    """The format of a record as it came from Kafka; a reason of refusal when it has none."""
    named = by_name(headers)
    if not value and cloudevents.binary(named):
        return "cloudevents"
    record = decode_value(value, named)
    if type(record) is Refusal:
        return str(record.reason)
    return (type(record) is dict and recognise(record, named)) or "unknown_format"
