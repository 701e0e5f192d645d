"""What a command asks to be done to the rules in force, as an edit of whatever is active then.

Rule: the same for who types the command and for a story in which somebody does.
"""

from collections.abc import Mapping

from adaptive_stream.catalog.bundle import Bundle
from adaptive_stream.catalog.edits import (
    Channels,
    Edited,
    EditError,
    pause,
    publish,
    publish_shadow,
    resume,
    roll_back,
)
from adaptive_stream.catalog.published import journey_of, path_of
from adaptive_stream.catalog.publishing import Edit
from adaptive_stream.catalog.shelf import Shelf


class NothingYetError(EditError):
    """Nothing was ever published."""


def publishing_of(files: Mapping[str, bytes], channels: Channels, *, whole: bool) -> Edit:
    """These files, by path. `whole`: they are all there is, and what else is in force goes."""

    return lambda shelf, at_ms: changed(current(shelf), files, channels, at_ms, whole=whole)


def changed(
    now: Edited, files: Mapping[str, bytes], channels: Channels, at_ms: int, *, whole: bool
) -> Edited:
    """The same, made of these rules. Raises CatalogError."""
    left_out = dict.fromkeys(now.bundle.files.keys() - files.keys()) if whole else {}
    return publish(now, {**files, **left_out}, channels, at_ms)


def as_always(edited: Edited) -> Edited:
    """The same files as if they had been in force for ever: what became of them in the log, when
    they began and who paused them, is left out."""
    said = edited.bundle
    bundle = Bundle(said.files, said.channels, said.tzdata, said.semantics)
    return Edited(bundle, edited.contents)


def shadowing_of(files: Mapping[str, bytes]) -> Edit:
    """The one journey of these files, beside what is in force."""
    names = [name for path in files if (name := journey_of(path)) is not None]
    if len(files) != 1 or not names:
        raise EditError("one journey at a time runs in the shadow", "name its file alone")

    def beside(shelf: Shelf, at_ms: int) -> Edited:
        return publish_shadow(current(shelf), names[0], files[path_of(names[0])], at_ms)

    return beside


def pausing_of(name: str) -> Edit:
    """Nothing of a journey is due from now on."""
    return lambda shelf, at_ms: pause(current(shelf), name, at_ms)


def resuming_of(name: str) -> Edit:
    """And now it is."""
    return lambda shelf, at_ms: resume(current(shelf), name, at_ms)


def rolling_back(name: str | None, to: str | None, channels: Channels) -> Edit:
    """A journey, or all files, as they were before, or as the rules `to` had them."""

    def back(shelf: Shelf, at_ms: int) -> Edited:
        before = shelf.edited(to) if to else _before(shelf, name)
        return roll_back(current(shelf), before, name, channels, at_ms)

    return back


def current(shelf: Shelf) -> Edited:
    """What is in force. Raises NothingYetError, MissingError."""
    if shelf.current is None:
        remedy = "the first worker that starts publishes its files: `adaptive-stream worker`"
        raise NothingYetError("no rules are in force yet", remedy)
    return shelf.current


def _before(shelf: Shelf, name: str | None) -> Edited:
    """The newest bundle of the past whose files, or whose file of this journey, are others."""
    now = current(shelf)
    if name in now.bundle.shadows or shelf.active is None:
        return now
    for past in reversed(shelf.active.past):
        files = shelf.bundles[past.id].files if past.id in shelf.bundles else now.bundle.files
        same = files == now.bundle.files
        if name is not None:
            same = files.get(path_of(name)) == now.bundle.files.get(path_of(name))
        if not same:
            return shelf.edited(past.id)
    return now
