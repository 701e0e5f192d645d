"""policy/standing.yaml: rules about each message of any tool, with or without a journey file.

Rule: one entry is one rule; its reason is the name of its condition, so no two about the same
thing have the same.
"""

from dataclasses import dataclass

from adaptive_stream.catalog.conditions import Conditions
from adaptive_stream.catalog.examples import Example, read_examples
from adaptive_stream.catalog.faults import Fault, suggestion
from adaptive_stream.catalog.fields import Fields
from adaptive_stream.catalog.journey_stops import read_hold
from adaptive_stream.catalog.journey_words import Reach, Words
from adaptive_stream.catalog.yaml_lines import Node
from adaptive_stream.engine.journey import PURPOSES, StandingRule
from adaptive_stream.engine.span import Span
from adaptive_stream.engine.word import Use

FILE = "policy/standing.yaml"
KEYS = (
    "stop", "hold", "of", "when", "for", "at_most", "then_rest", "offer", "kind", "offers_as",
    "channels", "good_for", "examples",
)  # fmt: skip
SCOPES = ("message", "endpoint", "all")  # or a purpose
KINDS = ("instead", "next")
HOLD_ONLY = ("for", "at_most", "then_rest")
OFFER_ONLY = ("kind", "offers_as", "channels", "good_for")


@dataclass(frozen=True, slots=True)
class StandingEntry:
    """One rule, and the examples that show it. `inline`: the condition, if it defines it here."""

    file: str
    line: int
    rule: StandingRule
    examples: tuple[Example, ...]
    inline: tuple[str, ...] = ()


def read_standing(
    nodes: list[Node], conditions: Conditions, reach: Reach, faults: list[Fault]
) -> tuple[StandingEntry, ...]:
    """The rules that have no fault, in the order of the file."""
    found: list[StandingEntry] = []
    for node in nodes:
        if not isinstance(node.value, list):
            remedy = "write `- {stop: message, when: …}` for each rule"
            faults.append(node.fault("is no list of standing rules", remedy))
        for entry in node.entries():
            noted = len(faults)
            read = _entry(entry, conditions, reach, faults)
            twin = next((e for e in found if read and _are_twins(e.rule, read.rule)), None)
            if read and twin:
                says = f"a rule on line {twin.line} has the same `when`"
                faults.append(entry.fault(says, "keep one of them"))
            elif read and len(faults) == noted:
                found.append(read)
    return tuple(found)


def _are_twins(one: StandingRule, other: StandingRule) -> bool:
    """Whether nobody could tell which of them spoke, or made an offer."""
    same = (one.scope, one.purpose) == (other.scope, other.purpose)
    return one.use == other.use and (same or bool(one.offer and other.offer))


def _entry(
    node: Node, conditions: Conditions, reach: Reach, faults: list[Fault]
) -> StandingEntry | None:
    fields = Fields(node, "a standing rule", faults, KEYS, ("when",))
    if not isinstance(node.value, dict):
        return None
    words = Words(conditions, reach, faults, for_each="message")
    use = words.use(fields, "when")
    verb, scope = _judges(fields)
    examples = read_examples(fields.entries("examples"), faults)
    rule = _rule(fields, words, use, verb, scope)
    if rule is None or not verb:
        return None
    _note_misfit(fields, rule)
    return StandingEntry(node.file, node.line, rule, examples, tuple(words.inline))


def _judges(fields: Fields) -> tuple[str, str]:
    """Its verb, stop or hold, and what it judges."""
    said = [verb for verb in ("stop", "hold") if fields.get(verb)]
    if len(said) != 1:
        says = "says both stop and hold" if said else "says neither what it stops nor what it holds"
        remedy = "write `stop: message`, or `hold: marketing`"
        fields.note(fields.node, f"a standing rule {says}", remedy, "")
        return "", ""
    return said[0], fields.choice(said[0], (*SCOPES, *PURPOSES))


def _note_misfit(fields: Fields, rule: StandingRule) -> None:
    """What its condition speaks of must be there where the rule looks, or it never bites."""
    name, speaks_of = rule.use.condition.name, rule.use.condition.speaks_of
    at, offer = fields.get("when") or fields.node, fields.get("offer")
    if rule.scope == "message":
        says, remedy = "", ""
    elif speaks_of("about"):
        says, remedy = f"{name!r} speaks of what one message is about", "write `stop: message`"
    elif rule.scope == "endpoint" and rule.verb == "hold":
        says, remedy = "an endpoint is stopped, and never held", "write `stop: endpoint`"
    elif rule.scope == "endpoint" and not speaks_of("message"):
        says = f"{name!r} says nothing of an endpoint"
        remedy = "write `stop: marketing`, or use a condition that speaks of `message`"
    elif speaks_of("message") and (rule.verb == "hold" or rule.scope == "all"):
        says = f"{name!r} speaks of a message, and the rule is about herself"
        remedy = "write `stop: message`, `stop: endpoint` or `stop: marketing`"
    else:
        says, remedy = "", ""
    if says:
        fields.note(at, says, remedy, "")
    elif offer and (rule.scope != "purpose" or speaks_of("message")):
        says = "'offer' is for a rule about herself and a purpose"
        fields.note(offer, says, "delete it, or write `hold: marketing`", "")


def _of(fields: Fields, scope: str) -> tuple[str, ...]:
    """The purposes of the messages that it judges."""
    nodes = fields.words("of")
    if nodes and scope and scope not in ("message", "endpoint"):
        at = fields.get("of") or fields.node
        fields.note(at, "'of' is for a rule about a message or an endpoint", "delete it", "")
    for node in nodes:
        if node.value not in PURPOSES:
            says = f"{node.value!r} is no purpose"
            fields.note(node, says, suggestion(str(node.value), PURPOSES))
    return tuple(str(node.value) for node in nodes) or ("marketing",)


def _rule(
    fields: Fields, words: Words, use: Use | None, verb: str, scope: str
) -> StandingRule | None:
    hold = read_hold(fields, use) if verb == "hold" else None
    then_rest = fields.optional_span("then_rest")
    offer = words.code(fields, "offer") or None
    of = _of(fields, scope)
    kind = fields.choice("kind", KINDS, "instead")
    offers_as = fields.choice("offers_as", PURPOSES, "service")
    channels = words.channels(fields, "channels", sending=True) or ("email", "callcentre")
    good_for = fields.span("good_for", Span(days=14))
    for key, needs in (*((k, "hold") for k in HOLD_ONLY), *((k, "offer") for k in OFFER_ONLY)):
        if fields.get(key) and not fields.get(needs) and verb:
            at = fields.get(key) or fields.node
            fields.note(at, f"{key!r} is for a rule with `{needs}`", "delete it", "")
    purpose = scope if scope in PURPOSES else ""
    if offer and purpose and offers_as == purpose:
        at = fields.get("offers_as") or fields.node
        says = f"the offer would be {purpose}, which this rule holds"
        fields.note(at, says, "write `offers_as: service`", "")
    if use is None:
        return None
    return StandingRule(
        verb=verb,
        scope="purpose" if purpose else scope,
        use=use,
        purpose=purpose,
        of=of,
        at_most=hold.at_most if hold else None,
        lasts=hold.lasts if hold else None,
        then_rest=then_rest,
        offer=offer,
        kind=kind,
        offers_as=offers_as,
        channels=channels,
        good_for=good_for,
    )
