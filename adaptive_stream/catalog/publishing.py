"""How rules come into force, without I/O: a generator that says what is to be written, and where.

Rule 1: first whatever the bundle names, acknowledged, then its activation: whoever reads of a
bundle can load it.
Rule 2: a partition goes over at a record of its own, so that a replay does so at the same place.
Whoever published writes it into every partition before the command returns; if they die amid
that, the owner of the clock does, who tells every partition what is active when it begins and
whenever that changes. A record that says nothing new changes nothing.
"""

from collections.abc import Callable, Generator
from typing import Any, NamedTuple

from adaptive_stream.catalog.edits import Edited
from adaptive_stream.catalog.shelf import ACTIVE, Past, Shelf, encode_active
from adaptive_stream.engine.switch import Switch

NOW = b"now"  # Says nothing: its stamp is the brokers' time, and nobody else's clock counts.


class ReadOn(NamedTuple):
    """-> None, once the shelf has taken what rules.v1 holds now."""

    shelf: Shelf


class Append(NamedTuple):
    """-> Appended, once rules.v1 has it."""

    key: bytes
    value: bytes


class Appended(NamedTuple):
    """Where a record stands, and the broker's stamp, UTC ms."""

    offset: int
    at_ms: int


class Tell(NamedTuple):
    """-> None, once every partition of identity.facts.v1 and customer.facts.v1 has it."""

    switch: Switch


Effect = ReadOn | Append | Tell
Edit = Callable[[Shelf, int], Edited]  # of what is active, and the time


class Published(NamedTuple):
    """`changed`: whether anything is otherwise than before."""

    switch: Switch
    changed: bool


def publishing(
    edit: Edit,
    did: str,
    because: str = "",
    by: str = "",
    at_ms: int | None = None,
    shelf: Shelf | None = None,
) -> Generator[Effect, Any, Published]:
    """Makes the edit of whatever is active and puts it in force. `at_ms`: the time, where it is
    not the brokers'; `shelf`: one that knows some already. Raises what the edit raises."""
    shelf = shelf or Shelf()
    yield ReadOn(shelf)
    now_ms = at_ms
    if now_ms is None:
        appended: Appended = yield Append(NOW, b"")
        now_ms = appended.at_ms
    while True:
        edited = edit(shelf, now_ms)
        changed = shelf.active is None or edited.bundle.id != shelf.active.id
        if not changed:
            break
        for key, value in shelf.missing(edited):
            yield Append(key, value)
        active = shelf.following(Past(-1, edited.bundle.id, now_ms, did, because, by))
        appended = yield Append(ACTIVE, encode_active(active))
        yield ReadOn(shelf)
        if shelf.rev >= appended.offset:  # Else somebody else was first, and ours is void.
            break
    switch = shelf.switch
    assert switch is not None, "something is active by now"
    yield Tell(switch)
    return Published(switch, changed)


def first(edited: Edited) -> Edit:
    """What is published where nothing was: these files. Whatever is active stays so."""

    def edit(shelf: Shelf, _: int) -> Edited:
        return shelf.current or edited

    return edit
