"""policy/identity.yaml: which identifiers may make two customers one.

Rule: a key that is left out, and a type that is not named, keeps its default, so that a short file
is as safe as a long one.
"""

import re
from collections.abc import Collection

from adaptive_stream.catalog.faults import Fault, closest
from adaptive_stream.catalog.fields import Fields, roughly_ms
from adaptive_stream.catalog.yaml_lines import Node
from adaptive_stream.engine.blocked import Blocked, blocked
from adaptive_stream.engine.guard import LIMITS, OTHER, PACE, IdentityPolicy
from adaptive_stream.engine.identifier import STRENGTH, normalise
from adaptive_stream.engine.span import Span

FILE = "policy/identity.yaml"
KEYS = (
    "weak", "limits", "links_per_day", "pace", "contested_for", "sealed_after",
    "forgotten_after", "busy_facts_per_day", "blocked",
)  # fmt: skip
TYPE = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)
# A state holds every identifier of a customer, a row every receipt of a day: both stay small.
LIMIT_MAX = 100
PACE_MAX = 100
LINKS_MAX = 1_000
BUSY_MIN, BUSY_MAX = 10, 1_000_000
PATTERNS_MAX = 100
PATTERN_CHARS_MAX = 100
DAY_MS = 86_400_000


def read_identity(nodes: list[Node], known: Collection[str], faults: list[Fault]) -> IdentityPolicy:
    """The policy of the file's one document. `known`: types that channels speak of."""
    if not nodes:
        return IdentityPolicy()
    for node in nodes[1:]:
        faults.append(node.fault("has a second document", "write all of it in one", ""))
    fields = Fields(nodes[0], "the identity policy", faults, KEYS)
    types = _Types({*STRENGTH, *known}, fields)
    default = IdentityPolicy()
    return IdentityPolicy(
        weak=types.weak(default.weak),
        limits=LIMITS | types.numbers("limits", LIMIT_MAX, (OTHER,)),
        links_per_day=fields.whole("links_per_day", default.links_per_day, 1, LINKS_MAX),
        pace=PACE | types.numbers("pace", PACE_MAX),
        contested_for_ms=_ms(fields, "contested_for", default.contested_for_ms),
        sealed_after_ms=_ms(fields, "sealed_after", default.sealed_after_ms),
        forgotten_after_ms=_ms(fields, "forgotten_after", default.forgotten_after_ms),
        busy_facts_per_day=fields.whole(
            "busy_facts_per_day", default.busy_facts_per_day, BUSY_MIN, BUSY_MAX
        ),
        blocked=_blocked(fields, types),
    )


class _Types:
    """Reads what is said of types of identifiers. A new type is welcome; a mistyped one is not,
    for it would switch a guard off and nobody would know."""

    def __init__(self, known: Collection[str], fields: Fields) -> None:
        self.known = known
        self.fields = fields

    def is_type(self, word: str, node: Node, line: int) -> bool:
        """Whether `word` can be a type; if not, it is noted."""
        says, remedy = "", ""
        if not TYPE.fullmatch(word):
            says = f"{word!r} is no type of identifier"
            remedy = f"write one like {', '.join(STRENGTH)}"
        elif word not in self.known:
            near = closest(word, self.known)
            if near and abs(len(near) - len(word)) <= 1:
                says, remedy = f"{word!r} is no known type", f"did you mean {near!r}?"
        if says:
            self.fields.faults.append(Fault(node.file, line, word, says, remedy))
        return not says

    def weak(self, default: frozenset[str]) -> frozenset[str]:
        """The types that name a thing."""
        nodes = self.fields.words("weak")
        if self.fields.get("weak") is None:
            return default
        return frozenset(
            str(node.value) for node in nodes if self.is_type(str(node.value), node, node.line)
        )

    def numbers(self, key: str, most: int, more: tuple[str, ...] = ()) -> dict[str, int]:
        """Type -> number. `more`: words that may stand for a type."""
        node = self.fields.get(key)
        if node is None:
            return {}
        if not isinstance(node.value, dict):
            self.fields.note(
                node, f"{key!r} takes a number for each type", f"write {key}: {{loyalty: 5}}"
            )
            return {}
        found = {}
        for word, value in node.items():
            if word in more or self.is_type(word, value, node.line_of(word)):
                number = self.fields.number_of(value, f"{key} of {word}", 1, most)
                if number is not None:
                    found[word] = number
        return found


def _ms(fields: Fields, key: str, default_ms: int) -> int:
    """A time between a day and three years. A day is 24 hours here: nobody's clock is meant."""
    node = fields.get(key)
    if node is None:
        return default_ms
    span = fields.span_of(node, Span(ms=default_ms))
    if roughly_ms(span) >= DAY_MS:
        return roughly_ms(span)
    fields.note(node, f"{key!r} is shorter than a day", "write 1d or more", str(node.plain()))
    return default_ms


def _blocked(fields: Fields, types: _Types) -> Blocked:
    node = fields.get("blocked")
    if node is None:
        return Blocked()
    below = Fields(node, "blocked", fields.faults, ("values", "patterns"))
    values = [_value(below, entry, types) for entry in below.words("values")]
    entries = below.words("patterns")
    if len(entries) > PATTERNS_MAX:
        says = f"blocked has more than {PATTERNS_MAX} patterns"
        below.note(entries[PATTERNS_MAX], says, "write single values under `values`")
    patterns = [_pattern(below, entry, types) for entry in entries[:PATTERNS_MAX]]
    return blocked(filter(None, values), filter(None, patterns))


def _value(fields: Fields, node: Node, types: _Types) -> str:
    kind, colon, value = str(node.value).partition(":")
    if not colon:
        fields.note(node, f"{node.value!r} is no identifier", "write type:value")
        return ""
    if not types.is_type(kind, node, node.line):
        return ""
    normal = normalise(kind, value)
    if normal is None:
        fields.note(node, f"{node.value!r} is taken for nobody's anyway", "delete the line")
    return normal or ""


def _pattern(fields: Fields, node: Node, types: _Types) -> str:
    text = str(node.value)
    kind, colon, value = text.partition(":")
    if not colon or not value:
        fields.note(node, f"{text!r} is no pattern", "write type:value, with * in the value")
    elif len(text) > PATTERN_CHARS_MAX:
        fields.note(node, f"is longer than {PATTERN_CHARS_MAX} characters", "shorten it with *")
    elif not value.strip("*?"):
        fields.note(node, f"{text!r} blocks every {kind}", "say more of the value")
    elif not set(value) & set("*?["):
        fields.note(node, f"{text!r} has no wildcard", "write it under `values`")
    elif types.is_type(kind, node, node.line):
        return f"{kind}:{value.lower() if kind == 'email' else value}"
    return ""
