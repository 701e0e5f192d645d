"""The `examples:` of a journey are its tests: which pass, and which of its conditions they show.

Rule: a condition is shown by an example that would fail without it. So nobody has to declare what
an example is about, and a condition that no example needs is told to the journey's owner.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from adaptive_stream.catalog.channels import CHANNELS
from adaptive_stream.catalog.examples import Example
from adaptive_stream.catalog.faults import CatalogError
from adaptive_stream.catalog.journeys import JourneyFile
from adaptive_stream.catalog.standing import StandingEntry
from adaptive_stream.engine.journey import Journey, Rules
from adaptive_stream.engine.word import Use
from adaptive_stream.formats import ReadRule
from adaptive_stream.stories import engine_world, report
from adaptive_stream.stories.expect import judge
from adaptive_stream.stories.short import read_example
from adaptive_stream.stories.story import Story
from adaptive_stream.stories.verdict import FAILED

LOOKED_AT = """
hint: a price or a stock visits nobody. It is seen at her next fact that some rule hears, or within
  the hour: write `D1 11:30 once email due STEP` for exactly one up to then."""
_READING = {name: ReadRule(name) for name in CHANNELS}


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """What became of one example. `why`: the rows that failed and what came near, "" if passed.

    `conditions_shown`: those that no example before it has shown, as the file writes them:
    `owns care-kit` with its argument.
    """

    name: str
    passed: bool
    why: str
    conditions_shown: frozenset[str]


def run_examples(file: JourneyFile, rules: Rules) -> list[ExampleResult]:
    """Every example of a journey file, in its order, with that journey alone in force."""

    def alone(journey: Journey | None) -> Rules:
        return replace(rules, journeys=() if journey is None else (journey,), standing=())

    poorer = [(name, alone(less)) for name, less in _without_each(file.journey)]
    hint = LOOKED_AT if file.journey.begins_by_context else ""
    case = _Case(file.file, file.journey.name, alone(file.journey), poorer, hint)
    return _run_all(case, file.examples)


def run_standing(entry: StandingEntry, rules: Rules) -> list[ExampleResult]:
    """Every example of a standing rule, with that rule alone in force."""
    alone = replace(rules, journeys=(), standing=(entry.rule,))
    poorer = [(name, replace(alone, standing=())) for name in standing_conditions(entry)]
    case = _Case(entry.file, "", alone, poorer)
    return _run_all(case, entry.examples)


def conditions(journey: Journey) -> tuple[str, ...]:
    """Every condition of a journey that an example can show, in the order of the file."""
    return tuple(dict.fromkeys(name for name, _ in _without_each(journey)))


def standing_conditions(entry: StandingEntry) -> tuple[str, ...]:
    """The one condition of a standing rule."""
    return (_name(entry.rule.use),)


@dataclass(frozen=True, slots=True)
class _Case:
    """What examples of one file are played with. `journey`: "" for a standing rule; `poorer`: each
    condition, and the rules without it; `hint`: said of what fails."""

    file: str
    journey: str
    rules: Rules
    poorer: Sequence[tuple[str, Rules]]
    hint: str = ""


def _run_all(case: _Case, examples: Sequence[Example]) -> list[ExampleResult]:
    """In order; what is shown once need not be looked for again."""
    results: list[ExampleResult] = []
    unshown = list(case.poorer)
    for example in examples:
        result = _run(replace(case, poorer=unshown), example)
        unshown = [pair for pair in unshown if pair[0] not in result.conditions_shown]
        results.append(result)
    return results


def _run(case: _Case, example: Example) -> ExampleResult:
    told = (example.story, example.story_line + 1)
    wanted = (example.expect, example.expect_line + 1)
    try:
        story = read_example(case.file, example.it, case.journey, told, wanted)
    except CatalogError as error:
        return ExampleResult(example.it, False, str(error), frozenset())
    why = _failures(story, case.rules)
    if why:
        return ExampleResult(example.it, False, f"{why}{case.hint}", frozenset())
    shown = {condition for condition, poorer in case.poorer if _failures(story, poorer)}
    return ExampleResult(example.it, True, "", frozenset(shown))


def _failures(story: Story, rules: Rules) -> str:
    """What fails when these rules are all there is."""
    verdicts = judge(story, engine_world.play(story, rules, _READING))
    if any(verdict.result == FAILED for verdict in verdicts):
        return report.failures(story, verdicts)
    return ""


def _without_each(journey: Journey) -> Iterator[tuple[str, Journey | None]]:
    """Each condition, and the journey as if it had not been written."""
    yield _name(journey.when), None
    if journey.only_if:
        yield journey.only_if.text, replace(journey, only_if=None)
    for use in journey.stop_when:
        kept = tuple(other for other in journey.stop_when if other != use)
        yield _name(use), replace(journey, stop_when=kept)
    for hold in journey.hold_when:
        holds = tuple(other for other in journey.hold_when if other != hold)
        yield _name(hold.use), replace(journey, hold_when=holds)
    for restart in journey.restart_when:
        restarts = tuple(other for other in journey.restart_when if other != restart)
        yield f"restart_when {_name(restart.use)}", replace(journey, restart_when=restarts)
        if restart.only_if:
            always = (*restarts, replace(restart, only_if=None))
            yield restart.only_if.text, replace(journey, restart_when=always)
    for number, step in enumerate(journey.steps):
        for use in step.unless:
            free = replace(step, unless=tuple(other for other in step.unless if other != use))
            steps = (*journey.steps[:number], free, *journey.steps[number + 1 :])
            yield _name(use), replace(journey, steps=steps)
    for number, instead in enumerate(journey.instead):
        before, after = journey.instead[:number], journey.instead[number + 1 :]
        for use in instead.unless:
            unless = tuple(other for other in instead.unless if other != use)
            offers = (*before, replace(instead, unless=unless), *after)
            yield _name(use), replace(journey, instead=offers)
        if instead.only_if:
            offers = (*before, replace(instead, only_if=None), *after)
            yield instead.only_if.text, replace(journey, instead=offers)


def _name(use: Use) -> str:
    return f"{use.condition.name} {use.argument}" if use.argument else use.condition.name
