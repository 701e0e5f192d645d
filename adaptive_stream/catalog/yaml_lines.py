"""YAML as people mean it, with the line of every key and value.

Rule 1: only plain data. No tags, anchors, aliases or merges: a file must read as it stands, and a
few bytes of aliases can expand to gigabytes.
Rule 2: only `true` and `false` are booleans, so `on:` stays a key and `no` stays a word; a time
like 21:00 and a date stay text.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import yaml

from adaptive_stream.catalog.faults import CatalogError, Fault, Faults

BYTES_MAX = 48 * 1024  # A file that a person wrote is far below it.
VALUES_MAX = 2000  # As is this; each takes its time to read.
DEPTH_MAX = 24
DIGITS_MAX = 18  # Whole numbers stay within 64 bits.

Scalar = str | int | float | bool | None
Plain = Scalar | list["Plain"] | dict[str, "Plain"]

_WORDS: Mapping[str, Scalar] = {
    "": None, "~": None, "null": None, "true": True, "false": False,
}  # fmt: skip
_WHOLE = re.compile(r"-?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"-?[0-9]+\.[0-9]+([eE][-+]?[0-9]{1,2})?")
_STEEP = re.compile(rf"(?:[\[{{]\s*){{{DEPTH_MAX},}}")
_NAMES = {str: "text", bool: "true or false", int: "a number", float: "a number", list: "a list"}


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a file. `value`: a scalar, a list of nodes, or a dict of text keys to nodes.

    `key_lines` gives the line of each key of a mapping, counted from 1, as `line` is.
    """

    value: "Scalar | list[Node] | dict[str, Node]"
    line: int
    file: str
    key_lines: Mapping[str, int] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """What it is, in a person's words."""
        if self.value is None:
            return "nothing"
        return _NAMES.get(type(self.value), "keys with values")

    def get(self, key: str) -> "Node | None":
        """The value under `key`; None when there is none or this is no mapping."""
        return self.value.get(key) if isinstance(self.value, dict) else None

    def items(self) -> "Iterator[tuple[str, Node]]":
        """Keys and values of a mapping in the order of the file; nothing for anything else."""
        return iter(self.value.items() if isinstance(self.value, dict) else ())

    def entries(self) -> "list[Node]":
        """The entries of a list; nothing for anything else."""
        return self.value if isinstance(self.value, list) else []

    def line_of(self, key: str) -> int:
        """The line of `key`, or of the mapping when it has no such key."""
        return self.key_lines.get(key, self.line)

    def plain(self) -> Plain:
        """The same data without lines."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def fault(self, says: str, remedy: str, value: str | None = None) -> Fault:
        """A fault at this place; `value` is what is quoted, by default the value itself."""
        if value is None:
            scalar = not isinstance(self.value, dict | list | None)
            value = str(self.value) if scalar else ""
        return Fault(self.file, self.line, value, says, remedy)


def load(path: Path, file: str | None = None) -> list[Node]:
    """The documents of a file that are not empty. `file`: the name used in faults.

    Raises CatalogError with every fault that could be found.
    """
    name = file if file is not None else str(path)
    return load_bytes(content_of(path, name), name)


def content_of(path: Path, name: str) -> bytes:
    """The bytes of a file. Raises CatalogError."""
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= BYTES_MAX else b""
    except OSError as error:
        reason = error.strerror or "cannot be read"
        fault = Fault(name, 0, "", f"cannot be read: {reason}", "check its path and permissions")
        raise CatalogError([fault]) from error
    _check_size(max(size, len(content)), name)
    return content


def _check_size(size: int, file: str) -> None:
    if size > BYTES_MAX:
        says = f"has {size} bytes, more than the {BYTES_MAX} that a file may have"
        raise CatalogError([Fault(file, 0, "", says, "split it into several files")])


def load_bytes(content: bytes, file: str) -> list[Node]:
    """As `load`, from bytes at hand."""
    _check_size(len(content), file)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        fault = Fault(file, line, "", "is not UTF-8 text", "save the file as UTF-8")
        raise CatalogError([fault]) from error
    return read_by_libyaml(text, file) or read_by_pyyaml(text, file)


def read_by_pyyaml(text: str, file: str) -> list[Node]:
    """The documents. Raises CatalogError."""
    reader = _Reader(file)
    if steep := _STEEP.search(text):  # The parser would look far ahead before it told its depth.
        reader.refuse_depth(text.count("\n", 0, steep.start()) + 1)
    try:
        documents = reader.documents(yaml.parse(text, Loader=yaml.SafeLoader))
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # The last two: bad \\U escapes.
        raise CatalogError([*reader.faults, _syntax_fault(error, text, file)]) from error
    if reader.faults:
        raise CatalogError(reader.faults)
    return documents


def read_by_libyaml(text: str, file: str) -> list[Node]:
    """The same in a fifth of the time; nothing where there is anything to say of it, which is said
    in the words of the slow one."""
    reader = _Reader(file)
    if not yaml.__with_libyaml__ or _STEEP.search(text):
        return []
    try:
        documents = reader.documents(yaml.parse(text, Loader=yaml.CSafeLoader))
    except CatalogError:
        if reader.values > VALUES_MAX:  # The slow one would say the same, after a while.
            raise
        return []
    except (yaml.YAMLError, ValueError, OverflowError):
        return []
    return [] if reader.faults else documents


def _syntax_fault(error: Exception, text: str, file: str) -> Fault:
    problem = getattr(error, "problem", None) or "cannot be read"
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        return Fault(file, line, "", "has a character that no text has", "delete it")
    mark = getattr(error, "problem_mark", None)
    if "end of stream" in problem:  # Point to where it was opened, not to the end of the file.
        mark = getattr(error, "context_mark", None) or mark
    line = mark.line + 1 if mark else 0
    lines = text.split("\n")
    written = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    remedy = "close every quote and bracket, indent alike, and put text with ': ' in it in quotes"
    if "\\t" in problem:
        remedy = "indent with spaces, not with tabs"
    return Fault(file, line, written, f"is not YAML: {problem}", remedy)


class _Reader:
    """Makes nodes of parser events, and stops where going on would be unsafe."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults = Faults()
        self.values = 0

    def documents(self, events: Iterator[yaml.Event]) -> list[Node]:
        starts = (event for event in events if isinstance(event, yaml.NodeEvent))
        nodes = [self.node(event, events, depth=1) for event in starts]
        return [node for node in nodes if node.value is not None]

    def node(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Node:
        line = _line(event)
        self.refuse_tricks(event, line, depth)
        if isinstance(event, yaml.MappingStartEvent):
            return self.mapping(events, line, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            entries = []
            while not isinstance(entry := next(events), yaml.SequenceEndEvent):
                entries.append(self.node(entry, events, depth + 1))
            return Node(entries, line, self.file)
        assert isinstance(event, yaml.ScalarEvent)
        return Node(self.scalar(event, line), line, self.file)

    def mapping(self, events: Iterator[yaml.Event], line: int, depth: int) -> Node:
        values: dict[str, Node] = {}
        lines: dict[str, int] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key_line = _line(event)
            key = event.value if isinstance(event, yaml.ScalarEvent) else ""
            if isinstance(event, yaml.ScalarEvent):
                self.refuse_tricks(event, key_line, depth)
            else:
                self.node(event, events, depth + 1)
            value = self.node(next(events), events, depth + 1)
            if not key:
                self.note(key_line, "", "a key must be a word", "write `key: value`")
            elif key in values:
                says = f"says {key!r} twice, first on line {lines[key]}"
                self.note(key_line, key, says, "keep one of them")
            else:
                values[key], lines[key] = value, key_line
        return Node(values, line, self.file, lines)

    def scalar(self, event: yaml.ScalarEvent, line: int) -> Scalar:
        text: str = event.value
        if event.style:  # In quotes or a block: text, whatever it looks like.
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _WHOLE.fullmatch(text):
            if len(text) <= DIGITS_MAX:
                return int(text)
            says = f"has a number of more than {DIGITS_MAX} digits"
            self.note(line, text, says, "put it in quotes if it is a code")
        elif _DECIMAL.fullmatch(text) and len(text) <= DIGITS_MAX:
            return float(text)
        return text

    def refuse_tricks(self, event: yaml.Event, line: int, depth: int) -> None:
        """Raises at once: what follows could not be read as it was meant."""
        says = None
        self.values += 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            says, remedy = "uses an anchor or alias", "write the value out in each place"
        elif tag := getattr(event, "tag", None):
            says, remedy = f"uses a tag, {tag}", "write plain data without tags"
        elif depth > DEPTH_MAX:
            self.refuse_depth(line)
        elif self.values > VALUES_MAX:
            says = f"has more than {VALUES_MAX} keys and values"
            remedy = "split it into several files"
        if says:
            fault = Fault(self.file, line, str(getattr(event, "anchor", "") or ""), says, remedy)
            raise CatalogError([*self.faults, fault])

    def refuse_depth(self, line: int) -> NoReturn:
        says = f"is nested deeper than {DEPTH_MAX} levels"
        fault = Fault(self.file, line, "", says, "check the indentation and the brackets")
        raise CatalogError([*self.faults, fault])

    def note(self, line: int, value: str, says: str, remedy: str) -> None:
        self.faults.append(Fault(self.file, line, value, says, remedy))


def _line(event: yaml.Event) -> int:
    """Where the event starts in its file, from 1."""
    assert event.start_mark is not None, "the parser marks every event"
    return event.start_mark.line + 1
