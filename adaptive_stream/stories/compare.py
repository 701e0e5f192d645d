"""Compares what a row says with what a record says: one field, one state, one transition."""

from collections import ChainMap
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation

from adaptive_stream.stories import phrases
from adaptive_stream.stories.calendar import Moment, parse_duration, parse_iso
from adaptive_stream.stories.output import Json, Output, found, plain
from adaptive_stream.stories.story import Row, Value

Seen = Mapping[str, Json]

_ABOUT_THE_LOOK = ("found", "id_of", "state_bytes_max")  # Of `see customer`: no field of a state.
_IN_MESSAGES = ("message", "sender", "handle", "revocable_until")


def tellings(row: Row, output: Output) -> Iterator[tuple[str, Seen]]:
    """(action, fields) of a record; a record of transitions tells several things."""
    value = output.value
    if value is None:
        yield "tombstone", {}
    elif output.topic == phrases.STATE:
        for transition in _transitions(value):
            loser = transition.get("name") == "customer.merged" and "into" in transition
            if not loser or "into" in row.fields:
                yield str(transition.get("name")), ChainMap(transition, value)
    else:
        yield str(value.get("action", "put")), value


def _transitions(value: Mapping[str, Json]) -> list[dict[str, Json]]:
    transitions = value.get("transitions")
    return transitions if isinstance(transitions, list) else []


def field(seen: Seen, name: str) -> Json:
    """A field of a record; of a message, of each of those that it tells of."""
    if name in _IN_MESSAGES and name not in seen:
        messages = seen.get("messages")
        return [found(one, name) for one in messages] if isinstance(messages, list) else None
    return found(seen, name) if not isinstance(seen, ChainMap) else _in_either(seen, name)


def _in_either(seen: "ChainMap[str, Json]", name: str) -> Json:
    """The transition's own word first, then the record's."""
    for each in seen.maps:
        value = found(each, name)
        if value is not None:
            return value
    return None


def state_differences(row: Row, value: Mapping[str, Json]) -> Iterator[tuple[str, str, str]]:
    """(path, wanted, is) of each field of a state that is otherwise than a row says."""
    beside = ""
    for name, wanted in row.fields.items():
        if name in _ABOUT_THE_LOOK:
            continue
        path = name
        if "." in name:
            beside = name.rpartition(".")[0]
        elif name not in value and beside:
            path = f"{beside}.{name}"  # `carts.cart-9.added_at=… time_source=…`
        actual = found(value, path)
        if not equal(wanted, actual):
            yield path, str(wanted), "none" if actual is None else str(plain(actual))


def equal(wanted: Value, actual: Json, *, among: bool = False) -> bool:
    """Whether a record's value is what a row says."""
    actual = plain(actual)
    if isinstance(wanted, Moment):
        each = actual if isinstance(actual, frozenset) else (actual,)  # Of several messages.
        return {parse_iso(one) for one in each if isinstance(one, str)} == {wanted.at_ms}
    if wanted == "none":
        return actual in (None, "", frozenset())
    if isinstance(actual, frozenset) or among:
        given = actual if isinstance(actual, frozenset) else frozenset((str(actual),))
        names = frozenset(wanted.split(","))
        return names <= given if among else names == given
    if isinstance(actual, bool):
        return wanted == str(actual).lower()
    if isinstance(actual, int | float):
        return wanted == "n" or _number(wanted) == Decimal(str(actual))
    if not isinstance(actual, str):
        return False
    duration = parse_duration(actual) if actual.startswith("P") else None
    return actual == wanted or (duration is not None and duration == parse_duration(wanted))


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
