"""The journeys that a story loads, as rules in memory and as a directory of rule files.

In brackets a story says what it has otherwise than the file: `abandoned-cart(wait_for=store:6h)`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from adaptive_stream.catalog.faults import CatalogError, Fault, suggestion
from adaptive_stream.catalog.published import journey_of, path_of
from adaptive_stream.catalog.rules import read_dir
from adaptive_stream.engine.journey import Journey, Rules, WaitFor
from adaptive_stream.engine.span import parse_span
from adaptive_stream.stories.story import Story

_CHANGED = re.compile(r"([a-z0-9-]+)\(wait_for=([a-z]+):([0-9]+[smhd])\)")


def rules_of(story: Story, rules: Rules) -> Rules:
    """The rules with those journeys only that the story loads. Raises CatalogError with every
    journey that it speaks of and nobody has written."""
    new = (row.words for row in story.rows if row.verb == "do" and row.words[:1] == ("new",))
    begun = {name for words in new for name in words[1:2]}
    known = begun | {journey.name for journey in rules.journeys}
    faults = list(_faults(story, known))
    if faults:
        raise CatalogError(faults)
    loaded = {_name(word): word for word in story.load}
    journeys = tuple(_changed(j, loaded[j.name]) for j in rules.journeys if j.name in loaded)
    return replace(rules, journeys=journeys)


def _name(word: str) -> str:
    return word.partition("(")[0]


def _changed(journey: Journey, word: str) -> Journey:
    match = _CHANGED.fullmatch(word)
    if match is None:
        return journey
    return replace(journey, wait_for=(WaitFor(match[2], parse_span(match[3])),))


def _faults(story: Story, known: set[str]) -> Iterator[Fault]:
    for word in story.load:
        if _name(word) not in known:
            remedy = suggestion(_name(word), known)
            yield Fault(story.file, story.load_line, word, "is no journey", remedy)
        elif _name(word) != word and not _CHANGED.fullmatch(word):
            remedy = "write `abandoned-cart(wait_for=store:6h)`"
            yield Fault(story.file, story.load_line, word, "changes nothing that is known", remedy)
    for row in story.rows:
        name = str(row.fields.get("journey", ""))
        # A typing mistake here would let a `not` pass for ever.
        if row.verb in ("out", "not", "see") and name and name not in known:
            remedy = suggestion(name, known)
            yield Fault(story.file, row.line, name, "is no journey", remedy)


def loaded_contents(contents: Mapping[str, bytes], load: tuple[str, ...]) -> dict[str, bytes]:
    """Of these rule files, by path: those journeys only, and as the story changes them."""
    loaded = {path_of(_name(word)): word for word in load}
    found = {}
    for path, content in contents.items():
        if journey_of(path) is None:
            found[path] = content
        elif path in loaded:
            match = _CHANGED.fullmatch(loaded[path])
            said = f"\nwait_for: {{{match[2]}: {match[3]}}}\n" if match else ""
            found[path] = content + said.encode()
    return found


def copy_rules(rules_dir: Path, load: tuple[str, ...], to: Path) -> Path:
    """A copy of a directory of rules with those journeys only; returns `to`."""
    for path, content in loaded_contents(read_dir(rules_dir, []), load).items():
        (to / path).parent.mkdir(parents=True, exist_ok=True)
        (to / path).write_bytes(content)
    return to
