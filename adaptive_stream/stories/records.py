"""A row of a story -> the record that a source would write, in the native form (DESIGN §4).

Rule: only the record. Nothing is normalised or corrected here: that is the engine's work.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from adaptive_stream.stories import phrases
from adaptive_stream.stories.calendar import Moment, iso
from adaptive_stream.stories.story import Item, Row, Value

MESSAGE_FIELDS = ("id", "sent_at")  # They stand beside the data, not in it.
LISTS = ("about",)


@dataclass(frozen=True, slots=True)
class Written:
    """One record of a channel topic. `at_ms`: its timestamp. No key: whoever writes has none."""

    channel: str
    at_ms: int
    value: bytes
    line: int = 0


def written(row: Row) -> Written:
    """The record of an `in` or `do` row. Without `id=` it has none, as of a source without ids."""
    if row.action == "raw":
        return Written(row.subject, row.at_ms, str(row.fields.get("bytes", "")).encode(), row.line)
    message: dict[str, object] = {}
    if "id" in row.fields:
        message["id"] = str(row.fields["id"])
    message["type"] = row.action
    message["time"] = iso(row.at_ms if row.happened_ms is None else row.happened_ms)
    if "sent_at" in row.fields:
        message["sent_at"] = _plain("sent_at", row.fields["sent_at"])
    if row.identifiers:
        message["identifiers"] = _identifiers(row.identifiers)
    message["data"] = _data(row.fields, row.items)
    channel = phrases.REQUEST_CHANNEL if row.verb == "do" else row.subject
    return Written(channel, row.at_ms, _json(message), row.line)


def fact(
    channel: str,
    at_ms: int,
    kind: str,
    identifiers: tuple[str, ...],
    data: Mapping[str, Value],
    items: tuple[Item, ...] = (),
) -> Written:
    """The record of a fact that no row tells, as those that set up a world."""
    fields = {name: value for name, value in data.items() if name != "happened"}
    happened = data.get("happened")
    happened_ms = happened.at_ms if isinstance(happened, Moment) else None
    return written(Row(0, at_ms, "in", channel, kind, identifiers, (), items, fields, happened_ms))


def _identifiers(identifiers: tuple[str, ...]) -> dict[str, object]:
    """By type the value, or -> values where somebody has two of a type."""
    found: dict[str, object] = {}
    for identifier in identifiers:
        kind, _, value = identifier.partition(":")
        before = found.get(kind)
        if before is None:
            found[kind] = value
        else:
            found[kind] = [*before, value] if isinstance(before, list) else [before, value]
    return found


def _data(fields: Mapping[str, Value], items: tuple[Item, ...]) -> dict[str, object]:
    data = {
        name: _plain(name, value) for name, value in fields.items() if name not in MESSAGE_FIELDS
    }
    if items:
        data["items"] = [_item(item) for item in items]
    return data


def _item(item: Item) -> dict[str, object]:
    line: dict[str, object] = {"sku": item.sku}
    if item.quantity is not None:
        line["quantity"] = _number(item.quantity)
    if item.price is not None:
        line["price"] = _number(item.price)
    return line


def _plain(name: str, value: Value) -> object:
    if isinstance(value, Moment):
        return iso(value.at_ms)
    if name == "contact":
        kind, _, address = str(value).partition(":")
        return {kind: address}
    if name in LISTS:
        return value.split(",")
    if value in ("true", "false"):
        return value == "true"
    return _number(value) if name in ("value", "price") else value


def _number(text: str) -> object:
    """A number when it is one; else the text, as a broken till would write it."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def _json(message: dict[str, object]) -> bytes:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
