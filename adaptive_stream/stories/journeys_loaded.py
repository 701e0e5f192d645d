"""The journeys that a story loads, as rules in memory and as a directory of rule files."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from adaptive_stream.catalog.faults import CatalogError, Fault, suggestion
from adaptive_stream.engine.journey import Rules
from adaptive_stream.stories.story import Story


def rules_of(story: Story, rules: Rules) -> Rules:
    """The rules with those journeys only that the story loads. Raises CatalogError with every
    journey that it speaks of and nobody has written."""
    known = {journey.name for journey in rules.journeys}
    faults = list(_faults(story, known))
    if faults:
        raise CatalogError(faults)
    journeys = tuple(journey for journey in rules.journeys if journey.name in story.load)
    return replace(rules, journeys=journeys)


def _faults(story: Story, known: set[str]) -> Iterator[Fault]:
    for name in story.load:
        if name not in known:
            remedy = suggestion(name, known)
            yield Fault(story.file, story.load_line, name, "is no journey", remedy)
    for row in story.rows:
        name = str(row.fields.get("journey", ""))
        # A typing mistake here would let a `not` pass for ever.
        if row.verb in ("out", "not", "see") and name and name not in known:
            remedy = suggestion(name, known)
            yield Fault(story.file, row.line, name, "is no journey", remedy)


def copy_rules(rules_dir: Path, load: tuple[str, ...], to: Path) -> Path:
    """A copy of a directory of rules with those journeys only; returns `to`."""
    shutil.copytree(rules_dir, to)
    for path in (to / "journeys").glob("*.yaml"):
        if path.stem not in load:
            path.unlink()
    return to
