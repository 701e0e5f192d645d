"""`steps` of a journey file: the messages of a run, and how long it waits before each."""

from adaptive_stream.catalog.faults import Fault, suggestion
from adaptive_stream.catalog.fields import Fields
from adaptive_stream.catalog.journey_words import GOOD_FOR, NAME, Words
from adaptive_stream.catalog.yaml_lines import Node
from adaptive_stream.engine.journey import Step
from adaptive_stream.engine.span import Span

KEYS = ("send", "by", "good_for", "unless", "offer")


def read_steps(journey: Fields, words: Words) -> tuple[Step, ...]:
    """Every step that has a name, in order; each knows the wait before it."""
    steps: list[Step] = []
    wait, trailing = Span(), None
    for entry in journey.entries("steps"):
        pairs = list(entry.items())
        if len(pairs) != 1:
            remedy = "write `- wait: 3d`, or `- remind: {send: cart-reminder, by: email}`"
            journey.note(entry, "a step has one name, and its keys in { }", remedy)
            continue
        name, node = pairs[0]
        if name == "wait":
            waited = journey.span_of(node, Span(ms=1))
            wait, trailing = Span(wait.days + waited.days, wait.ms + waited.ms), entry
            continue
        _check_name(name, entry, steps, journey)
        steps.append(_step(name, wait, node, steps, words))
        wait, trailing = Span(), None
    if trailing:
        journey.note(trailing, "nothing follows this wait", "delete it, or add a step", "")
    if journey.get("steps") and not steps:
        remedy = "add `- remind: {send: cart-reminder, by: email}`"
        journey.note(journey.node, "the journey has no step", remedy, "")
    return tuple(steps)


def _check_name(name: str, entry: Node, before: list[Step], journey: Fields) -> None:
    line = entry.line_of(name)
    if name in {step.name for step in before}:
        says = f"two steps are called {name!r}"
        journey.faults.append(Fault(entry.file, line, name, says, "give one another name"))
    elif not NAME.fullmatch(name):
        remedy = "use small letters, digits and -, as in `remind`"
        says = f"{name!r} is no name for a step"
        journey.faults.append(Fault(entry.file, line, name, says, remedy))


def _step(name: str, wait: Span, node: Node, before: list[Step], words: Words) -> Step:
    fields = Fields(node, f"the step {name!r}", words.faults, KEYS, ("send", "by"))
    unless = words.uses(fields, "unless")
    earlier = [step.name for step in before]
    for use in unless:
        if use.condition.takes == "step" and use.argument not in earlier:
            says = f"{use.argument!r} is no step before {name!r}"
            at = fields.get("unless") or node
            remedy = suggestion(use.argument or "", earlier)
            fields.note(at, says, remedy if earlier else "no step comes before this one")
    by = words.channels(fields, "by", sending=True)
    send, offer = words.code(fields, "send"), words.code(fields, "offer") or None
    return Step(name, wait, send, by, fields.span("good_for", GOOD_FOR), unless, offer)
