"""What a channel's file says to drop: a field (`data.card`), or the whole record on a condition
(`data.training == true`). Paths are in the native shape, whatever the format.
"""

import json
import re
from dataclasses import dataclass

from adaptive_stream.engine.admit import Draft

DIRECT = 2  # names in a path such as data.card: nothing to walk through

_PATH = re.compile(r"(?:identifiers|data)(?:\.[A-Za-z_][A-Za-z0-9_-]*)+")
_NOTHING = object()


@dataclass(frozen=True, slots=True)
class Drop:
    """`equals` only counts when `whole`: then the record is dropped where the value is this."""

    path: tuple[str, ...]
    whole: bool = False
    equals: object = None


def parse_drop(text: str) -> Drop:
    """One entry of `drop:`. Raises ValueError with what to write instead."""
    left, operator, right = (part.strip() for part in text.partition("=="))
    if not _PATH.fullmatch(left):
        raise ValueError(f"{left!r} is no path; write one like data.card or identifiers.cookie")
    path = tuple(left.split("."))
    if not operator:
        return Drop(path)
    if len(right) > 1 and right[0] == right[-1] == "'":
        return Drop(path, True, right[1:-1])
    try:
        equals = json.loads(right)
    except ValueError:
        equals = _NOTHING
    if equals is _NOTHING or type(equals) in (dict, list):
        raise ValueError(f"{right!r} is no value; write true, false, null, 5 or 'training'")
    return Drop(path, True, equals)


def parse_path(text: str) -> tuple[str, ...]:
    """A path such as `data.store`. Raises ValueError with what to write instead."""
    drop = parse_drop(text)
    if drop.whole:
        raise ValueError(f"{text!r} is a condition; write a path like data.store")
    return drop.path


def value_at(draft: Draft, path: tuple[str, ...]) -> object:
    """What stands there, None when nothing does."""
    return next((holder[name] for holder, name in _holders(draft, path)), None)


def dropped(draft: Draft, drop: Drop) -> bool:
    """Whether this entry takes the whole record away."""
    found = (holder[name] for holder, name in _holders(draft, drop.path))
    return any(_same(value, drop.equals) for value in found)


def take_out(draft: Draft, drop: Drop) -> list[object]:
    """Removes the field wherever it stands, and gives back what was there."""
    return [holder.pop(name) for holder, name in _holders(draft, drop.path)]


def _holders(draft: Draft, path: tuple[str, ...]) -> list[tuple[dict[str, object], str]]:
    """The objects that hold the last name of the path, through lists on the way."""
    root = draft.data if path[0] == "data" else draft.identifiers
    last = path[-1]
    if len(path) == DIRECT:
        return [(root, last)] if last in root else []
    holders: list[object] = [root]
    for name in path[1:-1]:
        below = (each.get(name) for each in holders if type(each) is dict)
        holders = [row for each in below for row in (each if type(each) is list else [each])]
    return [(each, last) for each in holders if type(each) is dict and last in each]


def _same(value: object, equals: object) -> bool:
    """Equal, and true is not 1; but a till writes true as a text, too."""
    if type(equals) is bool and type(value) is str:
        return value.strip().lower() == str(equals).lower()
    return type(value) is type(equals) and value == equals
