"""What the examples of rule files come to: what `journeys check` says of each journey."""

from dataclasses import dataclass

from adaptive_stream.catalog.journeys import JourneyFile
from adaptive_stream.catalog.rules import RuleFiles
from adaptive_stream.catalog.spoken import listed
from adaptive_stream.catalog.standing import FILE as STANDING_FILE
from adaptive_stream.catalog.standing import StandingEntry
from adaptive_stream.stories.examples import (
    ExampleResult,
    conditions,
    run_examples,
    run_standing,
    standing_conditions,
)

STANDING = "standing"


@dataclass(frozen=True, slots=True)
class Shown:
    """What the examples of one journey or standing rule came to. `unproved`: the conditions that
    none shows; `inline`: those that it defines for itself."""

    name: str
    file: str
    results: list[ExampleResult]
    unproved: tuple[str, ...]
    inline: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """`journey`, or `standing`."""
        return STANDING if self.file == STANDING_FILE else "journey"

    @property
    def failed(self) -> list[ExampleResult]:
        return [result for result in self.results if not result.passed]

    def __str__(self) -> str:
        """`13 examples, all pass; no example shows cart_emptied.`"""
        number = len(self.results)
        if not number:
            return "No examples: nothing shows that it does what it should."
        text = f"{number} examples, all pass" if number > 1 else "1 example, it passes"
        if self.failed:
            text = f"{number} example{'s' if number > 1 else ''}, {len(self.failed)} failed"
        elif not self.unproved:
            text += "; every condition is shown"
        if self.unproved and not self.failed:
            text += f"; no example shows {listed([f'`{name}`' for name in self.unproved], 'or')}"
        return f"{text}."


def checked(files: RuleFiles) -> list[Shown]:
    """The journeys, then the standing rules, in the order of the files."""
    shown = [show(file, files) for file in files.journeys]
    return shown + [_show_standing(entry, files) for entry in files.standing]


def show(file: JourneyFile, files: RuleFiles) -> Shown:
    """What the examples of one journey come to."""
    results = run_examples(file, files.rules)
    unproved = _unproved(conditions(file.journey), results)
    return Shown(file.journey.name, file.file, results, unproved, file.inline)


def _show_standing(entry: StandingEntry, files: RuleFiles) -> Shown:
    results = run_standing(entry, files.rules)
    unproved = _unproved(standing_conditions(entry), results)
    rule, name = entry.rule, entry.rule.use.condition.name
    if rule.scope != "message":  # One condition may speak for both.
        name = f"{name} ({rule.purpose or rule.scope})"
    return Shown(name, entry.file, results, unproved, entry.inline)


def _unproved(names: tuple[str, ...], results: list[ExampleResult]) -> tuple[str, ...]:
    seen = {name for result in results for name in result.conditions_shown}
    return tuple(name for name in names if name not in seen)
