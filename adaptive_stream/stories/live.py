"""The rules that a story's commands put in force, one after the other, in whatever log they lie.

Rule: the edits, the log and the compiler are those of the commands: only where records of the log
are kept differs between the two runners.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping
from typing import Any, Protocol

from adaptive_stream.catalog.asked import (
    as_always,
    changed,
    current,
    pausing_of,
    publishing_of,
    resuming_of,
    rolling_back,
    shadowing_of,
)
from adaptive_stream.catalog.bundle import ChannelInfo, bundle_of
from adaptive_stream.catalog.edits import Edited
from adaptive_stream.catalog.published import compiled, path_of, steps_version
from adaptive_stream.catalog.publishing import (
    Append,
    Appended,
    Edit,
    Effect,
    Published,
    ReadOn,
    first,
    publishing,
)
from adaptive_stream.catalog.shelf import Shelf
from adaptive_stream.engine.customer import decode_customer
from adaptive_stream.engine.journey import Journey, Rules
from adaptive_stream.engine.switch import Switch
from adaptive_stream.stories.output import Output
from adaptive_stream.stories.phrases import INSTANCES
from adaptive_stream.stories.story import Row

BECAUSE = "--because"
UNDER_WAY = ("live", "held")


class Files(Protocol):
    """Whoever writes the files that a story publishes: the desk."""

    @property
    def loaded(self) -> Mapping[str, bytes]:
        """Those that are in force when the story begins, by path."""

    @property
    def channels(self) -> Mapping[str, ChannelInfo]:
        """What the rules need to know of each."""

    def contents_at(self, at_ms: int) -> Mapping[str, bytes]:
        """Those that she has written by then, by path."""


class Log(Protocol):
    """Where rules.v1 lies."""

    def run(self, work: Generator[Effect, Any, Published]) -> Published:
        """A generator to its end."""

    def shelf(self) -> Shelf:
        """All that it holds now."""


class RulesInMemory:
    """rules.v1 as a list. Nobody is told: the one partition is switched by hand."""

    def __init__(self) -> None:
        self._records: list[tuple[bytes, bytes]] = []

    def run(self, work: Generator[Effect, Any, Published]) -> Published:
        """A generator to its end."""
        result = None
        while True:
            try:
                effect = work.send(result)
            except StopIteration as end:
                return end.value
            result = None
            match effect:
                case ReadOn(shelf):
                    self._read(shelf)
                case Append(key, value):
                    self._records.append((key, value))
                    result = Appended(len(self._records) - 1, 0)

    def shelf(self) -> Shelf:
        """All that it holds now."""
        shelf = Shelf()
        self._read(shelf)
        return shelf

    def _read(self, shelf: Shelf) -> None:
        for offset, (key, value) in enumerate(self._records):
            shelf.take(offset, key, value)


class LiveRules:
    """`rules`: those that are in force; `before`: those that the story began with."""

    rules: Rules
    before: Rules

    def __init__(self, desk: Files, log: Log) -> None:
        self._desk = desk
        self._log = log
        self._library: dict[str, Rules] = {}
        self._named: set[str] = set()  # The journeys that commands spoke of.

    def begin(self) -> Rules:
        """What the first worker would put in force."""
        ours = Edited(*bundle_of(self._desk.loaded, self._desk.channels))
        self._log.run(publishing(first(ours), "start", at_ms=0))
        return self.known()

    def known(self) -> Rules:
        """What is in force already, as somebody else has put it there."""
        self.rules = self.before = self._compiled(current(self._log.shelf()))
        return self.rules

    def publish(self, row: Row) -> Switch:
        """Does what the row says, at its time. Raises EditError, CatalogError."""
        edit, because = self._edit(row)
        did = " ".join(row.words[:2])
        work = publishing(edit, did, because, "story", at_ms=row.at_ms)
        switch = self._log.run(work).switch
        self.rules = self._compiled(current(self._log.shelf()))
        self._named.add(row.words[1].removesuffix(".yaml"))
        return switch

    def tried(self, row: Row) -> tuple[Rules, Rules]:
        """What is in force, and what would be with the row's file, as if each had always been."""
        now = current(self._log.shelf())
        then = changed(now, self._file(row), self._desk.channels, row.at_ms, whole=False)
        before, after = (as_always(each) for each in (now, then))
        return compiled(before.bundle, before.contents), compiled(after.bundle, after.contents)

    def compiled(self, id_: str) -> Rules:
        """The rules of that name."""
        return self._library.get(id_) or self._compiled(self._log.shelf().edited(id_))

    def _compiled(self, edited: Edited) -> Rules:
        id_ = edited.bundle.id
        if id_ not in self._library:
            self._library[id_] = compiled(edited.bundle, edited.contents)
        return self._library[id_]

    def journeys(self) -> Iterator[tuple[Journey, Journey]]:
        """Of those that commands spoke of: as it was, and as it is now."""
        for name in sorted(self._named):
            if name in self.before.by_name and name in self.rules.by_name:
                yield self.before.by_name[name], self.rules.by_name[name]

    def _edit(self, row: Row) -> tuple[Edit, str]:
        action, name = row.words[:2]
        because = row.words[-1].strip('"') if BECAUSE in row.words else ""
        if action == "publish":
            files = self._file(row)
            if "--shadow" in row.words:
                return shadowing_of(files), because
            return publishing_of(files, self._desk.channels, whole=False), because
        if action == "rollback":
            return rolling_back(name, None, self._desk.channels), because
        return {"pause": pausing_of, "resume": resuming_of}[action](name), because

    def _file(self, row: Row) -> dict[str, bytes]:
        """The file that the row names, as it lies on the desk then."""
        path = path_of(row.words[1].removesuffix(".yaml"))
        return {path: self._desk.contents_at(row.at_ms)[path]}


def instances(
    states: Iterable[bytes], in_force: Iterable[Rules], live: LiveRules, at_ms: int
) -> Iterator[Output]:
    """What the runs go by of the journeys that commands spoke of. `in_force`: of each partition."""
    each = [*in_force]
    runs = [
        run
        for state in states
        for member in decode_customer(state).members.values()
        for run in member.instances.values()
        if run.status in UNDER_WAY
    ]
    for before, now in live.journeys():
        name = now.name
        told = {_stops(rules.by_name.get(name)) for rules in each}
        own = [run for run in runs if run.journey == name]
        kept = all(
            (journey := rules.of_run(name, run.version)) is not None
            and steps_version(journey) == run.version
            for run in own
            for rules in each
        )
        stop_rules = "old" if told == {_stops(before)} else "new"
        yield Output(INSTANCES, at_ms, name, {
            "count": len(own),
            "stop_rules": stop_rules if len(told) == 1 else "some of each",
            "steps": "as_entered" if kept and own else "of today",
        })  # fmt: skip


def _stops(journey: Journey | None) -> object:
    return journey and (journey.stop_when, journey.hold_when)
