"""journeys/*.yaml: one file each, from what a business user wrote to what the engine runs.

Rule 1: `read_journey` is the table of contents; each function below it reads one key of the file.
Rule 2: what can be known to be wrong when the file is read is a fault here, never a surprise later.
"""

import re
from dataclasses import dataclass, replace

from adaptive_stream.catalog.conditions import Conditions, entities
from adaptive_stream.catalog.examples import Example, read_examples
from adaptive_stream.catalog.faults import Fault, closest, suggestion
from adaptive_stream.catalog.fields import Fields, roughly_ms
from adaptive_stream.catalog.journey_words import Reach, Words
from adaptive_stream.catalog.yaml_lines import Node
from adaptive_stream.engine.journey import (
    ENTITIES,
    Expression,
    Hold,
    Instead,
    Journey,
    Step,
    Use,
)
from adaptive_stream.engine.span import Span

KEYS = (
    "journey", "says", "owner", "purpose", "worth", "starts", "steps", "stop_when", "hold_when",
    "instead", "ends", "examples",
)  # fmt: skip
NEEDED = ("journey", "says", "owner", "purpose", "starts", "steps")
STARTS_KEYS = ("when", "for_each", "only_if", "not_older_than")
STEP_KEYS = ("send", "by", "good_for", "unless", "offer")
HOLD_KEYS = ("when", "for", "at_most", "then")
INSTEAD_KEYS = ("after", "offer", "unless", "only_if", "good_for", "channels")
PURPOSES = ("marketing", "service", "mandatory")

NOT_OLDER_THAN = Span(ms=3_600_000)  # Two years of history, loaded on day one, start nothing.
GOOD_FOR = Span(ms=12 * 3_600_000)
ENDS_AFTER = Span(days=14)
INSTEAD_CHANNELS = ("email", "callcentre")
NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True)
class JourneyFile:
    """One file: what the engine runs, and the examples that show it."""

    file: str
    journey: Journey
    examples: tuple[Example, ...]


def read_journey(
    node: Node, stem: str, conditions: Conditions, reach: Reach, faults: list[Fault]
) -> JourneyFile | None:
    """The journey of one document, None when it has a fault. `stem`: the file's name."""
    noted = len(faults)
    reading = _Reading(node, conditions, reach, faults)
    fields = reading.fields
    starts = reading.starts()
    steps = reading.steps()
    stops = reading.stops()
    holds = reading.holds(stops)
    instead = reading.instead(stops, holds)
    ends = reading.ends(steps)
    name = reading.name(stem)
    examples = read_examples(fields.entries("examples"), faults)
    says, owner = fields.text("says"), fields.text("owner")
    purpose, worth = fields.choice("purpose", PURPOSES), fields.number("worth", 0.0)
    if len(faults) > noted or starts is None:
        return None
    when, for_each, only_if, not_older_than = starts
    journey = Journey(
        name, says, owner, purpose, worth, for_each, when, only_if, not_older_than, steps, stops,
        holds, instead, ends,
    )  # fmt: skip
    conditions_used = [use.condition for use in journey.uses()]
    heard = {fact for used in conditions_used for fact in (*used.hears, *used.ends_on)}
    return JourneyFile(node.file, replace(journey, heeds=reach.heeds(heard)), examples)


class _Reading:
    """One file while it is read."""

    def __init__(
        self, node: Node, conditions: Conditions, reach: Reach, faults: list[Fault]
    ) -> None:
        self.fields = Fields(node, "a journey", faults, KEYS, NEEDED)
        self.words = Words(conditions, reach, faults)
        self.faults = faults
        self.stops_read = True

    def name(self, stem: str) -> str:
        name = self.fields.text("journey")
        node = self.fields.get("journey")
        if node is None:
            return ""
        if not NAME.fullmatch(name):
            remedy = "use small letters, digits and -, as in `abandoned-cart`"
            self.fields.note(node, f"{name!r} is no name for a journey", remedy)
        elif name != stem:
            remedy = f"call the file {name}.yaml, or write `journey: {stem}`"
            self.fields.note(node, f"the file is called {stem}.yaml", remedy)
        return name

    def starts(self) -> tuple[Use, str, Expression | None, Span] | None:
        node = self.fields.get("starts")
        if node is None:
            return None
        fields = Fields(node, "`starts`", self.faults, STARTS_KEYS, ("when", "for_each"))
        # First of all: what words may speak of depends on it.
        for_each = self.words.for_each = fields.choice("for_each", (*ENTITIES, "customer"))
        use = self.words.use(fields, "when")
        only_if = self.words.expression(fields, "only_if", {for_each, "customer"})
        not_older_than = fields.span("not_older_than", NOT_OLDER_THAN)
        if use and for_each in ENTITIES and for_each not in entities(use.condition):
            says = f"{use.condition.name!r} says nothing of one {for_each}"
            fitting = [n for n, c in self.words.conditions.found.items() if for_each in entities(c)]
            remedy = f"begin with one that does ({', '.join(fitting) or 'none is defined yet'})"
            fields.note(fields.get("when") or node, says, remedy)
        return (use, for_each, only_if, not_older_than) if use and for_each else None

    def steps(self) -> tuple[Step, ...]:
        steps: list[Step] = []
        wait, trailing = Span(), None
        for entry in self.fields.entries("steps"):
            pairs = list(entry.items())
            if len(pairs) != 1:
                remedy = "write `- wait: 3d`, or `- remind: {send: cart-reminder, by: email}`"
                self.fields.note(entry, "a step has one name, and its keys in { }", remedy)
                continue
            name, node = pairs[0]
            if name == "wait":
                waited = self.fields.span_of(node, Span(ms=1))
                wait, trailing = Span(wait.days + waited.days, wait.ms + waited.ms), entry
                continue
            line = entry.line_of(name)
            if name in {step.name for step in steps}:
                says = f"two steps are called {name!r}"
                self.faults.append(Fault(entry.file, line, name, says, "give one another name"))
            elif not NAME.fullmatch(name):
                remedy = "use small letters, digits and -, as in `remind`"
                says = f"{name!r} is no name for a step"
                self.faults.append(Fault(entry.file, line, name, says, remedy))
            steps.append(self.step(name, wait, node, steps))
            wait, trailing = Span(), None
        if trailing:
            self.fields.note(trailing, "nothing follows this wait", "delete it, or add a step", "")
        if self.fields.get("steps") and not steps:
            remedy = "add `- remind: {send: cart-reminder, by: email}`"
            self.fields.note(self.fields.node, "the journey has no step", remedy, "")
        return tuple(steps)

    def step(self, name: str, wait: Span, node: Node, before: list[Step]) -> Step:
        fields = Fields(node, f"the step {name!r}", self.faults, STEP_KEYS, ("send", "by"))
        unless = self.words.uses(fields, "unless")
        earlier = [step.name for step in before]
        for use in unless:
            if use.condition.takes == "step" and use.argument not in earlier:
                says = f"{use.argument!r} is no step before {name!r}"
                fields.note(
                    fields.get("unless") or node, says, suggestion(use.argument or "", earlier)
                )
        by = self.words.channels(fields, "by", sending=True)
        send, offer = self.words.code(fields, "send"), self.words.code(fields, "offer") or None
        return Step(name, wait, send, by, fields.span("good_for", GOOD_FOR), unless, offer)

    def stops(self) -> tuple[Use, ...]:
        noted = len(self.faults)
        stops = self.words.uses(self.fields, "stop_when")
        self.stops_read = len(self.faults) == noted
        return stops

    def holds(self, stops: tuple[Use, ...]) -> tuple[Hold, ...]:
        holds: list[Hold] = []
        for node in self.fields.entries("hold_when"):
            fields = Fields(node, "an entry of `hold_when`", self.faults, HOLD_KEYS, ("when",))
            use = self.words.use(fields, "when")
            at_most, lasts = fields.optional_span("at_most"), fields.optional_span("for")
            then_stop = fields.choice("then", ("stop",)) == "stop"
            if use is None:
                continue
            name = use.condition.name
            if at_most and lasts:
                says = f"{name!r} has both `for` and `at_most`"
                remedy = "keep `for` if it always lasts that long, `at_most` if it can end earlier"
                fields.note(node, says, remedy, "")
            if not at_most and not lasts and not use.condition.ends_on:
                says = f"nothing ever ends the hold for {name!r}"
                fields.note(node, says, "add `for: 24h`, or `at_most: 24h`", "")
            if then_stop and not at_most and not lasts:
                remedy = "add `at_most: 24h`: that is when it stops"
                fields.note(node, "`then: stop` needs a time", remedy, "")
            if use in stops:
                remedy = "keep it in one of the two: what stops a journey need not hold it"
                fields.note(fields.get("when") or node, f"{name!r} stops the journey too", remedy)
            if use in [hold.use for hold in holds]:
                fields.note(fields.get("when") or node, f"{name!r} is listed twice", "keep one")
            holds.append(Hold(use, at_most, lasts, then_stop))
        return tuple(holds)

    def instead(self, stops: tuple[Use, ...], holds: tuple[Hold, ...]) -> tuple[Instead, ...]:
        ending = [use.condition.name for use in stops]
        ending += [hold.use.condition.name for hold in holds if hold.then_stop]
        # An offer rests on what stopped the journey, which may be an order.
        spoken_of = {self.words.for_each, "customer", "order"}
        instead = []
        for node in self.fields.entries("instead"):
            what = "an entry of `instead`"
            fields = Fields(node, what, self.faults, INSTEAD_KEYS, ("after", "offer"))
            after = fields.text("after")
            if after and after not in ending and not self.told(after):
                says = f"{after!r} never stops this journey"
                remedy = "add it to `stop_when`"
                if closest(after, ending):
                    remedy = f"{suggestion(after, ending)} (or {remedy})"
                fields.note(fields.get("after") or node, says, remedy)
            channels = self.words.channels(fields, "channels", sending=False) or INSTEAD_CHANNELS
            instead.append(
                Instead(
                    after,
                    self.words.code(fields, "offer"),
                    channels,
                    fields.span("good_for", GOOD_FOR),
                    self.words.uses(fields, "unless"),
                    self.words.expression(fields, "only_if", spoken_of),
                )
            )
        return tuple(instead)

    def told(self, after: str) -> bool:
        """Whether what is wrong with this word is told elsewhere: one mistake is one fault."""
        conditions = self.words.conditions
        return after in conditions.broken or (not self.stops_read and after in conditions.found)

    def ends(self, steps: tuple[Step, ...]) -> Span:
        node = self.fields.get("ends")
        ends = ENDS_AFTER
        if node is not None:
            fields = Fields(node, "`ends`", self.faults, ("after",), ("after",))
            ends = fields.span("after", ends)
        if sum(roughly_ms(step.wait) for step in steps) >= roughly_ms(ends):
            says = f"the journey ends after {ends.text()}, before its last step is due"
            remedy = "let it end later (`ends: {after: 30d}`), or wait less"
            self.fields.note(node or self.fields.node, says, remedy, "")
        return ends
