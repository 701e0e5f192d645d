"""Takes the keys of one mapping apart, and notes every fault on the way.

Rule 1: nothing here raises for what a person wrote; a value that is wrong becomes the default, so
that the rest of the file is still checked.
Rule 2: every key that a file may have is named at the place that reads it.
"""

from collections.abc import Collection

from adaptive_stream.catalog.faults import Fault, suggestion
from adaptive_stream.catalog.yaml_lines import Node
from adaptive_stream.engine.span import Span, parse_span

SPAN_REMEDY = "write 90s, 30m, 72h or 3d (3d is the same time of day, 72h is 72 hours)"
DAY_MS = 86_400_000
SPAN_MS_MAX = 3 * 366 * DAY_MS
TEXT_CHARS_MAX = 500


def roughly_ms(span: Span) -> int:
    """Its length if every day had 24 hours: good enough to compare what people wrote."""
    return span.days * DAY_MS + span.ms


class Fields:
    """One mapping. `what` it is, for messages: "a step"; `known` and `needed` are its keys."""

    def __init__(
        self,
        node: Node,
        what: str,
        faults: list[Fault],
        known: Collection[str],
        needed: Collection[str] = (),
    ) -> None:
        self.node = node
        self.faults = faults
        if not isinstance(node.value, dict):
            remedy = f"write `key: value` lines: {', '.join(known)}"
            self.note(node, f"{what} is written with keys", remedy)
            return
        for key, value in node.items():
            if key not in known:
                line = node.line_of(key)
                says = f"{key!r} is no key of {what}"
                faults.append(Fault(node.file, line, key, says, suggestion(key, known)))
            elif value.value is None:
                self.note(value, f"{key!r} is empty", "give it a value or delete the line")
        for key in needed:
            if node.get(key) is None:
                remedy = f"add a line `{key}: …`"
                self.note(node, f"{what} needs {key!r}", remedy, value="")

    def note(self, node: Node, says: str, remedy: str, value: str | None = None) -> None:
        self.faults.append(node.fault(says, remedy, value))

    def get(self, key: str) -> Node | None:
        """The node under `key`; None when it is missing or empty."""
        node = self.node.get(key)
        return None if node is None or node.value is None else node

    def text(self, key: str, default: str = "") -> str:
        node = self.get(key)
        if node is None:
            return default
        if isinstance(node.value, str) and 0 < len(node.value.strip()) <= TEXT_CHARS_MAX:
            return " ".join(node.value.split())
        says = f"{key!r} must be a text of at most {TEXT_CHARS_MAX} characters"
        self.note(node, says, "write it in one line", str(node.plain()))
        return default

    def number(self, key: str, default: float) -> float:
        node = self.get(key)
        if node is None:
            return default
        value = node.value
        if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
            return float(value)
        self.note(node, f"{key!r} must be a number, 0 or more", "write it as 4.00", _text(node))
        return default

    def whole(self, key: str, default: int, least: int, most: int) -> int:
        node = self.get(key)
        number = self.number_of(node, key, least, most) if node else None
        return default if number is None else number

    def number_of(self, node: Node, what: str, least: int, most: int) -> int | None:
        """A whole number within these; None with a fault when it is none. `what`: its name."""
        if type(node.value) is int and least <= node.value <= most:
            return node.value
        self.note(node, f"{what} must be a whole number", f"write {least} to {most}", _text(node))
        return None

    def flag(self, key: str, *, default: bool) -> bool:
        node = self.get(key)
        if node is None or isinstance(node.value, bool):
            return default if node is None else bool(node.value)
        self.note(node, f"{key!r} must be true or false", f"write `{key}: true`", _text(node))
        return default

    def choice(self, key: str, words: Collection[str], default: str = "") -> str:
        node = self.get(key)
        if node is None or node.value in words:
            return default if node is None else str(node.value)
        says = f"{key!r} cannot be {_text(node)!r}"
        self.note(node, says, suggestion(_text(node), words), _text(node))
        return default

    def span(self, key: str, default: Span) -> Span:
        node = self.get(key)
        return default if node is None else self.span_of(node, default)

    def optional_span(self, key: str) -> Span | None:
        node = self.get(key)
        return None if node is None else self.span_of(node, Span(days=1))

    def span_of(self, node: Node, default: Span) -> Span:
        """A length of time above zero."""
        try:
            span = parse_span(node.value if isinstance(node.value, str) else "")
        except ValueError:
            self.note(node, f"{_text(node)!r} is no length of time", SPAN_REMEDY, _text(node))
            return default
        if 0 < roughly_ms(span) <= SPAN_MS_MAX:
            return span
        says = f"{_text(node)!r} is too short or too long a time"
        self.note(node, says, "write something between 1s and three years", _text(node))
        return default

    def words(self, key: str) -> list[Node]:
        """The entries under `key`, which may be one text or a list of texts."""
        nodes = self.listed(key)
        for entry in nodes:
            if not isinstance(entry.value, str):
                remedy = "write a word, or a list of words in [ ]"
                self.note(entry, f"{key!r} takes words", remedy, _text(entry))
        return [entry for entry in nodes if isinstance(entry.value, str)]

    def listed(self, key: str) -> list[Node]:
        """The entries under `key`: of a list, or the one thing that is written there."""
        node = self.get(key)
        if node is None:
            return []
        return node.entries() if isinstance(node.value, list) else [node]

    def entries(self, key: str) -> list[Node]:
        """The entries of a list."""
        node = self.get(key)
        if node is None:
            return []
        if not isinstance(node.value, list):
            remedy = f"put `- ` before each entry below `{key}:`"
            self.note(node, f"{key!r} takes a list", remedy, _text(node))
        return node.entries()


def _text(node: Node) -> str:
    plain = node.plain()
    return str(plain).lower() if isinstance(plain, bool) else str(plain)
