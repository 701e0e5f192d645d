"""conditions.yaml: the words that journeys are made of, each with a sentence.

Rule 1: a condition is defined once, by someone who reads expressions; everyone else uses its word.
Rule 2: a condition with a fault is still a known word, so that one mistake makes one fault.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from adaptive_stream.catalog.expression import read_expression
from adaptive_stream.catalog.faults import Fault, suggestion
from adaptive_stream.catalog.fields import Fields
from adaptive_stream.catalog.vocabulary import HEARABLE, SCOPE, entity_of
from adaptive_stream.catalog.yaml_lines import Node
from adaptive_stream.engine.fact import FACT_TYPES
from adaptive_stream.engine.word import Condition, Use

KEYS = ("says", "hears", "ends_on", "where", "after", "takes")
NEEDED = ("says", "hears")
INLINE_KEYS = ("name", "says", "hears", "ends_on", "where", "after")
INLINE_NEEDED = ("name", "says", "hears", "where")
WORD = re.compile(r"[a-z][a-z0-9_]{0,39}")

_GAP = re.compile(r"\{([^{}]*)\}")


@dataclass(slots=True)
class Conditions:
    """`found`: name -> condition. `broken`: names that are defined, but with a fault."""

    found: dict[str, Condition] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    lines: dict[str, tuple[str, int]] = field(default_factory=dict)  # name -> file and line

    @property
    def names(self) -> list[str]:
        return [*self.found, *self.broken]


def read_conditions(nodes: list[Node], said: Mapping[str, str], faults: list[Fault]) -> Conditions:
    """The conditions of conditions.yaml. `said`: what a `{…}` in a sentence stands for."""
    conditions = Conditions()
    for node in nodes:
        if not isinstance(node.value, dict):
            remedy = "write `name:` and its keys below, indented"
            faults.append(node.fault("is no set of conditions", remedy))
        for name, definition in node.items():
            line = node.line_of(name)
            if name in conditions.lines:
                says = f"{name!r} is defined on line {conditions.lines[name][1]} too"
                faults.append(Fault(node.file, line, name, says, "keep one of them"))
                continue
            conditions.lines[name] = (node.file, line)
            noted = len(faults)
            if not WORD.fullmatch(name):
                says = f"{name!r} is no name for a condition"
                remedy = "use small letters, digits and _, as in `just_bought`"
                faults.append(Fault(node.file, line, name, says, remedy))
            fields = Fields(definition, f"the condition {name!r}", faults, KEYS, NEEDED)
            condition = _condition(name, fields, said, _takes(fields))
            if len(faults) == noted:
                conditions.found[name] = condition
            else:
                conditions.broken.add(name)
    return conditions


def read_use(node: Node, conditions: Conditions, faults: list[Fault]) -> Use | None:
    """A condition as a journey names it: its word, after a blank its argument if it takes one."""
    words = node.value.split(maxsplit=1) if isinstance(node.value, str) else []
    name = words[0] if words else ""
    argument = words[1].strip() if len(words) > 1 else None
    if name in conditions.broken:
        return None  # Its fault is told where it is defined.
    condition = conditions.found.get(name)
    if condition is None:
        shown = name or str(node.plain())
        says = f"{shown!r} is no condition"
        faults.append(node.fault(says, suggestion(shown, conditions.names), shown))
        return None
    if condition.takes and not argument:
        remedy = f"write `{name} {condition.takes.upper()}`, with the {condition.takes} you mean"
        faults.append(node.fault(f"{name!r} needs to be told which {condition.takes}", remedy))
        return None
    if argument and not condition.takes:
        remedy = f"write `{name}` alone, or a list in [ ] for several conditions"
        faults.append(node.fault(f"{name!r} takes no {argument!r}", remedy))
        return None
    return Use(condition, argument)


def read_inline(node: Node, conditions: Conditions, faults: list[Fault]) -> Use | None:
    """A condition that a journey defines where it uses it: the way out where no word fits."""
    noted = len(faults)
    fields = Fields(node, "a condition written in line", faults, INLINE_KEYS, INLINE_NEEDED)
    name = fields.text("name")
    at = fields.get("name") or node
    if name and not WORD.fullmatch(name):
        remedy = "use small letters, digits and _, as in `just_bought`"
        fields.note(at, f"{name!r} is no name for a condition", remedy)
    elif name in conditions.lines:
        remedy = f"write `{name}` alone to use that one, or take another name"
        fields.note(at, f"{name!r} is a condition of conditions.yaml", remedy)
    condition = _condition(name, fields, {}, None)
    return Use(condition) if len(faults) == noted else None


def entities(condition: Condition) -> frozenset[str]:
    """The entities that it speaks of, by its expression or by what it hears."""
    named = condition.where.names & frozenset(SCOPE) if condition.where else frozenset()
    heard = {entity_of(fact_type) for fact_type in condition.hears}
    return named | frozenset(entity for entity in heard if entity)


def _condition(name: str, fields: Fields, said: Mapping[str, str], takes: str | None) -> Condition:
    where = fields.get("where")
    return Condition(
        name=name,
        says=_sentence(fields, said, takes),
        hears=_facts(fields, "hears"),
        ends_on=_facts(fields, "ends_on"),
        where=read_expression(where, fields.faults, takes) if where else None,
        after=fields.optional_span("after"),
        takes=takes,
    )


def _takes(fields: Fields) -> str | None:
    takes = fields.text("takes")
    if not takes or (WORD.fullmatch(takes) and takes not in SCOPE):
        return takes or None
    at = fields.get("takes") or fields.node
    fields.note(at, f"{takes!r} is no name for what it takes", "use a word as `item`")
    return None


def _sentence(fields: Fields, said: Mapping[str, str], takes: str | None) -> str:
    says = fields.text("says").rstrip(".")
    known = {**said, **({takes: f"{{{takes}}}"} if takes else {})}
    for gap in _GAP.findall(says):
        if gap not in known:
            at = fields.get("says") or fields.node
            fields.note(at, f"nothing fills {{{gap}}} in its sentence", suggestion(gap, known), gap)
    return _GAP.sub(lambda gap: known.get(gap[1], gap[0]), says)


def _facts(fields: Fields, key: str) -> tuple[str, ...]:
    nodes = fields.words(key)
    for node in nodes:
        fact_type = str(node.value)
        if fact_type in HEARABLE:
            continue
        if fact_type in FACT_TYPES:
            remedy = "choose a fact of hers, as order.completed"
            fields.note(node, f"{fact_type!r} is not about one customer's doings", remedy)
        else:
            fields.note(node, f"{fact_type!r} is no fact", suggestion(fact_type, HEARABLE))
    if fields.get(key) and not nodes:
        fields.note(fields.node, f"{key!r} names no fact", "write [order.completed]", "")
    return tuple(str(node.value) for node in nodes)
