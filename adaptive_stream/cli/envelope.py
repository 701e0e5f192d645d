"""A record as commands show it: one JSON object, or one line for people."""

import base64
from datetime import UTC, datetime
from typing import Any

import orjson

KEY_CHARACTERS = 20  # A customer id is 18 characters long.


def envelope(record: Any) -> dict[str, object]:
    """{timestamp, topic, partition, offset, key, headers, value}: what --filter and --json see.

    A value that is JSON is shown as what it says, other text as text, the rest as {"base64": ...}.
    Of several headers of one name the last is shown.
    """
    return {
        "timestamp": time_text(record.timestamp),
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "key": _text(record.key),
        "headers": {name: _text(value) for name, value in record.headers},
        "value": _json(record.value),
    }


def line(record: Any) -> str:
    """Time, key and value on one line; a tombstone and a missing key are told in words."""
    key = record.key.decode("utf-8", "backslashreplace") if record.key is not None else "(no key)"
    if record.value is None:
        value = "(tombstone)"
    else:
        value = record.value.decode("utf-8", "backslashreplace")
    text = f"{time_text(record.timestamp):<24}  {key:<{KEY_CHARACTERS}}  {value}"
    # What a stranger wrote must not move the cursor or colour the terminal.
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def time_text(at_ms: int) -> str:
    """UTC with milliseconds. A record without a timestamp has -1."""
    if at_ms < 0:
        return "(no time)"
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")[:23] + "Z"


def _text(data: bytes | None) -> object:
    if data is None:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}


def _json(data: bytes | None) -> object:
    if data is None:
        return None
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return _text(data)
