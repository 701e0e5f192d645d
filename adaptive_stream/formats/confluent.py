"""Confluent's wire format: a schema id in front of the payload, or its GUID in a header.

JSON with a schema is JSON behind five bytes, and is read. Avro and Protobuf say nothing without
the registry, which a stage on the path of a purchase must not wait for: they are refused.
"""

from adaptive_stream.formats.draft import Headers

MAGIC = 0
PREFIX_BYTES = 5  # the magic byte and a schema id of four
SCHEMA_HEADER = "__value_schema_id"


def framed(value: bytes, headers: Headers) -> bool:
    """Whether the payload was written with a schema. No JSON begins with a zero byte."""
    return SCHEMA_HEADER in headers or (len(value) >= PREFIX_BYTES and value[0] == MAGIC)


def strip(value: bytes) -> bytes:
    """The payload without the prefix. With the GUID in a header there is none."""
    return value[PREFIX_BYTES:] if value[:1] == b"\0" else value
