"""journeys/*.yaml: one file each, from what a business user wrote to what the engine runs.

Rule 1: `read_journey` is the table of contents; each function that it calls reads one key.
Rule 2: what can be known to be wrong when the file is read is a fault here, never a surprise later.
"""

from dataclasses import dataclass, replace

from adaptive_stream.catalog.conditions import Conditions
from adaptive_stream.catalog.examples import Example, read_examples
from adaptive_stream.catalog.faults import Fault, suggestion
from adaptive_stream.catalog.fields import Fields, roughly_ms
from adaptive_stream.catalog.journey_start import read_start
from adaptive_stream.catalog.journey_steps import read_steps
from adaptive_stream.catalog.journey_stops import Stops
from adaptive_stream.catalog.journey_words import NAME, Reach, Words
from adaptive_stream.catalog.yaml_lines import Node
from adaptive_stream.engine.journey import PURPOSES, Journey, Step, WaitFor
from adaptive_stream.engine.span import Span

KEYS = (
    "journey", "says", "owner", "purpose", "worth", "starts", "steps", "stop_when", "hold_when",
    "restart_when", "wait_for", "instead", "ends", "run_by", "migrate",
    "examples",
)  # fmt: skip
NEEDED = ("journey", "says", "owner", "purpose", "starts", "steps")
ENDS_AFTER = Span(days=14)


@dataclass(frozen=True, slots=True)
class JourneyFile:
    """One file: what the engine runs, and the examples that show it. `inline`: the conditions that
    it defines for itself."""

    file: str
    journey: Journey
    examples: tuple[Example, ...]
    inline: tuple[str, ...] = ()


def read_journey(
    node: Node, stem: str, conditions: Conditions, reach: Reach, faults: list[Fault]
) -> JourneyFile | None:
    """The journey of one document, None when it has a fault. `stem`: the file's name."""
    noted = len(faults)
    fields = Fields(node, "a journey", faults, KEYS, NEEDED)
    words = Words(conditions, reach, faults)
    start = read_start(fields, words)
    steps = read_steps(fields, words)
    stops = Stops(fields, words)
    restarts, instead = stops.restarts(), stops.instead()
    wait_for, run_by = _wait_for(fields, reach), _run_by(fields, reach)
    ends, migrate = _ends(fields, steps), fields.flag("migrate", default=False)
    name = _name(fields, stem)
    examples = read_examples(fields.entries("examples"), faults)
    says, owner = fields.text("says"), fields.text("owner")
    purpose, worth = fields.choice("purpose", PURPOSES), fields.number("worth", 0.0)
    if len(faults) > noted or start is None:
        return None
    journey = Journey(
        name=name,
        says=says,
        owner=owner,
        purpose=purpose,
        worth=worth,
        for_each=start.for_each,
        when=start.when,
        only_if=start.only_if,
        not_older_than=start.not_older_than,
        again_after=start.again_after,
        once=start.once,
        steps=steps,
        stop_when=stops.stops,
        hold_when=stops.holds,
        restart_when=restarts,
        wait_for=wait_for,
        instead=instead,
        ends=ends,
        run_by=run_by,
        migrate=migrate,
    )
    conditions_used = [use.condition for use in journey.uses()]
    heard = {fact for used in conditions_used for fact in (*used.hears, *used.ends_on)}
    journey = replace(journey, heeds=reach.heeds(heard))
    return JourneyFile(node.file, journey, examples, tuple(words.inline))


def _name(journey: Fields, stem: str) -> str:
    name = journey.text("journey")
    node = journey.get("journey")
    if node is None:
        return ""
    if not NAME.fullmatch(name):
        remedy = "use small letters, digits and -, as in `abandoned-cart`"
        journey.note(node, f"{name!r} is no name for a journey", remedy)
    elif name != stem:
        remedy = f"call the file {name}.yaml, or write `journey: {stem}`"
        journey.note(node, f"the file is called {stem}.yaml", remedy)
    return name


def _wait_for(journey: Fields, reach: Reach) -> tuple[WaitFor, ...]:
    node = journey.get("wait_for")
    if node is None:
        return ()
    fields = Fields(node, "`wait_for`", journey.faults, sorted(reach.channels))
    waits = []
    for channel, value in node.items():
        if channel in reach.channels and channel not in reach.complete:
            says = f"nothing says when {channel!r} is complete"
            remedy = "its channel file needs `sources: {heartbeat: 5m}`, or `nightly_by`"
            fields.note(value, says, remedy, channel)
        waits.append(WaitFor(channel, fields.span(channel, Span(ms=3_600_000))))
    return tuple(waits)


def _run_by(journey: Fields, reach: Reach) -> str:
    name = journey.text("run_by")
    node = journey.get("run_by")
    if node is not None and name and name not in reach.senders:
        journey.note(node, f"{name!r} is no sender", suggestion(name, reach.senders))
    return name


def _ends(journey: Fields, steps: tuple[Step, ...]) -> Span:
    node = journey.get("ends")
    ends = ENDS_AFTER
    if node is not None:
        fields = Fields(node, "`ends`", journey.faults, ("after",), ("after",))
        ends = fields.span("after", ends)
    if sum(roughly_ms(step.wait) for step in steps) >= roughly_ms(ends):
        says = f"the journey ends after {ends.text()}, before its last step is due"
        remedy = "let it end later (`ends: {after: 30d}`), or wait less"
        journey.note(node or journey.node, says, remedy, "")
    return ends
