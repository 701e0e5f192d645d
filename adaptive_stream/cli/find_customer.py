"""Which customer is meant: by her id, or by any identifier of hers, in customer.state.v1.

The topic is compacted and read as a whole: personal data is kept in no index of this command.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
import orjson

from adaptive_stream.cli.exits import Exit, Refused
from adaptive_stream.cli.reader import Reader
from adaptive_stream.engine.identifier import normalise

STATE_TOPIC = "customer.state.v1"
MERGED = b'{"merged_into":'


class Found(NamedTuple):
    """The customer as she is now. `ids` are hers and those of all that were merged into her."""

    view: dict[str, Any]
    ids: tuple[str, ...]


def views_with(reader: Reader, topic: str, text: bytes) -> Iterator[dict[str, Any]]:
    """The newest state of each customer in which this text stands: boards need only some."""
    newest: dict[bytes, bytes] = {}
    for record in reader.read_all(topic):
        is_one = record.value is not None and not record.value.startswith(MERGED)
        if is_one and text in record.value:
            newest[record.key] = record.value
        else:
            newest.pop(record.key, None)
    return map(orjson.loads, newest.values())


def find_customer(reader: Reader, topic: str, word: str) -> Found:
    """The customer that `word` names. Raises Refused when it names nobody, or several."""
    named = _Named(word)
    latest: dict[str, bytes] = {}
    merged: dict[str, str] = {}
    for record in reader.read_all(topic):
        customer = record.key.decode()
        value = record.value
        if value is not None and value.startswith(MERGED):
            merged[customer] = orjson.loads(value)["merged_into"]
            value = None
        elif value is not None:
            merged.pop(customer, None)  # A merge that was undone.
        if value is not None and (customer in latest or named.perhaps(customer, value)):
            latest[customer] = value
        elif value is None:
            latest.pop(customer, None)
    views = {key: view for key, text in latest.items() if named.is_in(view := orjson.loads(text))}
    if named.id in merged:
        return _winner(reader, topic, named.id, merged)
    if not views:
        raise _nobody(word)
    if named.id in views:
        views = {named.id: views[named.id]}
    if len(views) > 1:
        raise Refused(
            f"{word} names {len(views)} customers: {', '.join(sorted(views))}",
            "ask for one of them by its id, or write the type too: email:ana@example.com",
        )
    ((customer, view),) = views.items()
    return Found(view, _ids(customer, view, merged))


def _winner(reader: Reader, topic: str, customer: str, merged: dict[str, str]) -> Found:
    """A customer who was merged is known under the id of the one that she is now."""
    winner = customer
    while winner in merged:
        winner = merged[winner]
    view: dict[str, Any] | None = None
    for record in reader.read_all(topic, keys=[winner.encode()]):
        view = None if record.value is None else orjson.loads(record.value)
    if view is None:
        raise _nobody(customer)
    return Found(view, _ids(winner, view, merged))


def _ids(customer: str, view: dict[str, Any], merged: dict[str, str]) -> tuple[str, ...]:
    ids = {customer: None, **dict.fromkeys(view.get("was", ()))}
    for loser in sorted(merged):
        winner = loser
        while winner in merged:
            winner = merged[winner]
        if winner == customer:
            ids[loser] = None
    return tuple(ids)


def _nobody(word: str) -> Refused:
    return Refused(
        f"{word} names no customer that is known",
        "identifiers are written type:value, as in email:ana@example.com or loyalty:L-204; "
        "`adaptive-stream doctor` says whether the worker keeps up",
        Exit.NOT_FOUND,
    )


class _Named:
    """What a person typed: an id, `type:value`, or a value alone."""

    def __init__(self, word: str) -> None:
        kind, colon, value = word.strip().partition(":")
        self.id = word if word.startswith("c-") else ""
        self.identifiers: set[tuple[str, str]] = set()
        self.value = ""
        if self.id:
            self._needle = msgspec.json.encode(word)
            return
        if not colon:
            kind, value = ("email" if "@" in word else ""), word.strip()
        if kind:
            normal = normalise(kind.strip().lower(), value)
            if normal is None:
                raise Refused(
                    f"{word} is no identifier of anybody",
                    "write type:value, as in email:ana@example.com or loyalty:L-204",
                )
            kind, _, value = normal.partition(":")
            self.identifiers = {(kind, value)}
        self.value = value
        self._needle = msgspec.json.encode(value)

    def perhaps(self, customer: str, value: bytes) -> bool:
        """A quick look, so that few of many states are decoded."""
        return customer == self.id or self._needle in value

    def is_in(self, view: dict[str, Any]) -> bool:
        """Whether the state is of the customer that was asked for."""
        if self.id:
            return self.id in (view.get("customer"), *view.get("was", ()))
        for identifier in view.get("identifiers", ()):
            pair = (identifier.get("type"), identifier.get("value"))
            if pair in self.identifiers or (not self.identifiers and pair[1] == self.value):
                return True
        return False
