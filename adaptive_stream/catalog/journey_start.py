"""`starts` of a journey file: what begins a run, for what, and whether it may begin again."""

from dataclasses import dataclass

from adaptive_stream.catalog.conditions import entities
from adaptive_stream.catalog.fields import Fields
from adaptive_stream.catalog.journey_words import FOR_EACH, Words
from adaptive_stream.engine.span import Span
from adaptive_stream.engine.word import Expression, Use

KEYS = ("when", "for_each", "only_if", "not_older_than", "again")
NEVER = "never"
NOT_OLDER_THAN = Span(ms=3_600_000)  # Two years of history, loaded on day one, start nothing.


@dataclass(frozen=True, slots=True)
class Start:
    """As the Journey has it."""

    when: Use
    for_each: str
    only_if: Expression | None
    not_older_than: Span
    again_after: Span | None
    once: bool


def read_start(journey: Fields, words: Words) -> Start | None:
    """None when it cannot be known what begins a run. Read it first: what words may speak of
    depends on it, and `words` is told."""
    node = journey.get("starts")
    if node is None:
        return None
    fields = Fields(node, "`starts`", journey.faults, KEYS, ("when", "for_each"))
    for_each = words.for_each = fields.choice("for_each", FOR_EACH)
    use = words.use(fields, "when")
    only_if = words.expression(fields, "only_if", words.speakable())
    not_older_than = fields.span("not_older_than", NOT_OLDER_THAN)
    again = fields.get("again")
    once = again is not None and again.value == NEVER
    again_after = None if once else _again(fields)
    if use is None or not for_each:
        return None
    where = use.condition.where
    at = fields.get("when") or node
    if for_each != "customer" and for_each not in entities(use.condition):
        says = f"{use.condition.name!r} says nothing of one {for_each}"
        fitting = [n for n, c in words.conditions.found.items() if for_each in entities(c)]
        remedy = f"begin with one that does ({', '.join(fitting) or 'none is defined yet'})"
        fields.note(at, says, remedy)
    elif where and "now" in where.names:
        says = f"{use.condition.name!r} asks for the time, and nothing begins by looking again"
        fields.note(at, says, "give the condition `after: 30d`, or ask in `only_if`")
    return Start(use, for_each, only_if, not_older_than, again_after, once)


def _again(fields: Fields) -> Span | None:
    node = fields.get("again")
    if node is None:
        return None
    noted = len(fields.faults)
    span = fields.span_of(node, Span(days=1))
    if len(fields.faults) > noted:
        fault = fields.faults.pop()
        fields.note(node, fault.says, "write `again: never`, or `again: 30d`", fault.value)
    return span
