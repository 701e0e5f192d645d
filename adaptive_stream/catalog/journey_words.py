"""What a journey file says in several places: conditions, expressions, channels, foreign names.

Rule 1: what a word may speak of depends on what the journey is about (`for_each`), so it is checked
where the word is used.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from adaptive_stream.catalog.conditions import Conditions, read_inline, read_use
from adaptive_stream.catalog.expression import read_expression
from adaptive_stream.catalog.faults import Fault, suggestion
from adaptive_stream.catalog.fields import Fields
from adaptive_stream.catalog.spoken import listed
from adaptive_stream.catalog.vocabulary import carried
from adaptive_stream.catalog.yaml_lines import Node
from adaptive_stream.engine.span import Span
from adaptive_stream.engine.word import ENTITIES, Expression, Use

FOR_EACH = (
    "cart", "order", "contract", "case", "viewed_item", "registration", "customer",
)  # fmt: skip
NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")  # of a journey or a step
GOOD_FOR = Span(ms=12 * 3_600_000)  # a message, unless its step says otherwise
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,79}")  # a template or an offer of another system


@dataclass(frozen=True, slots=True)
class Reach:
    """What journeys need to know of channels and senders: which channels there are, can be sent
    to, have sources that say when they are complete, and what each can carry."""

    channels: frozenset[str]
    sendable: frozenset[str]
    carries: Mapping[str, frozenset[str] | None]  # None: anything
    complete: frozenset[str] = frozenset()
    senders: frozenset[str] = frozenset()

    def heeds(self, fact_types: Collection[str]) -> frozenset[str]:
        """The channels that can carry one of these facts."""
        wanted = frozenset().union(*(carried(fact_type) for fact_type in fact_types))
        return frozenset(
            channel
            for channel, carries in self.carries.items()
            if carries is None or carries & wanted
        )


class Words:
    """Reads them. `for_each` is "" until the journey has said it; `inline`: the names of the
    conditions that it defines in its own file."""

    def __init__(
        self, conditions: Conditions, reach: Reach, faults: list[Fault], for_each: str = ""
    ) -> None:
        self.conditions = conditions
        self.reach = reach
        self.faults = faults
        self.for_each = for_each
        self.inline: list[str] = []

    def speakable(self) -> set[str]:
        """What an expression may speak of where nothing else than the run's own thing is known."""
        return {self.for_each, "customer", "about", "now"}

    def use(self, fields: Fields, key: str) -> Use | None:
        node = fields.get(key)
        return self.use_of(node) if node else None

    def uses(self, fields: Fields, key: str) -> tuple[Use, ...]:
        uses: list[Use] = []
        for node in fields.listed(key):
            use = self.use_of(node)
            if use in uses:
                fields.note(node, f"{node.value!r} is listed twice", "keep one")
            elif use is not None:
                uses.append(use)
        return tuple(uses)

    def use_of(self, node: Node) -> Use | None:
        if isinstance(node.value, dict):
            use = read_inline(node, self.conditions, self.faults)
            if use is not None:
                self.inline.append(use.condition.name)
        else:
            use = read_use(node, self.conditions, self.faults)
        where = use.condition.where if use else None
        others = sorted((where.names if where else set()) & set(ENTITIES) - {self.for_each})
        says, remedy = "", ""
        if not self.for_each or use is None:
            return use
        if "message" in others:
            says = f"{use.condition.name!r} speaks of one message"
            remedy = "it is for policy/standing.yaml; what a run is about is `about`"
        elif len(others) > 1:
            says = f"{use.condition.name!r} speaks of {listed([f'one {one}' for one in others])}"
            remedy = f"in a journey for each {self.for_each} it can speak of one of them"
            if self.for_each == "message":
                remedy = "beside its message a standing rule can speak of one of them"
        if not says:
            return use
        self.faults.append(node.fault(says, remedy))
        return None

    def expression(self, fields: Fields, key: str, names: set[str]) -> Expression | None:
        node = fields.get(key)
        expression = read_expression(node, self.faults) if node else None
        if node and expression and self.for_each and not expression.names <= names:
            unknown = listed(sorted(expression.names - names))
            says = f"{unknown} cannot be known here"
            remedy = f"speak of {listed(sorted(names), 'or')}, or use a condition"
            fields.note(node, says, remedy)
        return expression

    def channels(self, fields: Fields, key: str, *, sending: bool) -> tuple[str, ...]:
        nodes = fields.words(key)
        for node in nodes:
            channel = str(node.value)
            if not self.reach.channels:
                continue  # Their files have faults of their own.
            if channel not in self.reach.channels:
                says = f"{channel!r} is no channel"
                fields.note(node, says, suggestion(channel, self.reach.channels))
            elif sending and channel not in self.reach.sendable:
                says = f"nobody can be reached by {channel!r}: its file names no `endpoints`"
                fields.note(node, says, f"choose one of: {', '.join(sorted(self.reach.sendable))}")
        return tuple(dict.fromkeys(str(node.value) for node in nodes))

    def code(self, fields: Fields, key: str) -> str:
        code = fields.text(key)
        node = fields.get(key)
        if code and node and not CODE.fullmatch(code):
            remedy = "write the name that the other system has for it, as `cart-reminder`"
            fields.note(node, f"{code!r} is no name of a template or an offer", remedy)
        return code
