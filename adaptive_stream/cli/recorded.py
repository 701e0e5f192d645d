"""What was recorded, to be played again: from topics, or from a file that `tail` wrote; and how
people are named in what came of it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from adaptive_stream.catalog import Catalog
from adaptive_stream.cli.exits import Exit, Refused
from adaptive_stream.engine.blocked import NOTHING
from adaptive_stream.engine.fact import encode_fact
from adaptive_stream.formats import ReadRule, admit
from adaptive_stream.stories.in_memory import Recorded

SHOWN_MAX = 50  # Of each list; --json has all.


def of_file(path: Path, catalog: Catalog) -> Iterator[Recorded]:
    """Records of channels, read as the channels' files say. What is refused is left out; what is
    blocked is not, for each of the two rules has its own word on that."""
    bound = {
        one.topic: replace(one.rule, blocked=NOTHING)
        for each in catalog.channels.values()
        for one in each.read
    }
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield from _of_line(line, f"{path}:{number}", bound)
    except OSError as error:
        hint = "write one with `adaptive-stream tail CHANNEL --from beginning --json`"
        raise Refused(f"{path} cannot be read: {error.strerror}", hint, Exit.NOT_FOUND) from error


def _of_line(line: bytes, where: str, bound: dict[str, ReadRule]) -> Iterator[Recorded]:
    hint = "write it with `adaptive-stream tail CHANNEL --from beginning --json`"
    try:
        said: dict[str, Any] = orjson.loads(line)
        topic = said["topic"]
        at_ms = round(datetime.fromisoformat(said["timestamp"]).timestamp() * 1000)
        key = None if said.get("key") is None else str(said["key"]).encode()
        headers = [(n, str(value).encode()) for n, value in (said.get("headers") or {}).items()]
        value = said["value"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(f"{where} is no record: {error!r}", hint) from error
    rule = bound.get(topic)
    if rule is None:
        raise Refused(f"{where} is of {topic}, which no channel reads", hint)
    body = value.encode() if isinstance(value, str) else orjson.dumps(value)
    for fact in admit(body, key, headers, at_ms, rule).facts:
        yield Recorded(at_ms, encode_fact(fact))


class Names:
    """Identifiers as they are shown: in the clear, or numbered within their type."""

    def __init__(self, *, shown: bool) -> None:
        self.shown = shown
        self._masks: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def of(self, group: frozenset[str]) -> list[str]:
        """Those of one customer, in a fixed order."""
        return [one if self.shown else self._mask(one) for one in sorted(group)]

    def text(self, group: frozenset[str]) -> str:
        """The same in one text."""
        return ", ".join(self.of(group)) or "nobody who can be named"

    def _mask(self, identifier: str) -> str:
        if identifier not in self._masks:
            kind = identifier.partition(":")[0]
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._masks[identifier] = f"{kind}#{self._counts[kind]}"
        return self._masks[identifier]


def cut(lines: list[str]) -> list[str]:
    """As many as a person reads."""
    more = len(lines) - SHOWN_MAX
    return lines[:SHOWN_MAX] + ([f"  … and {more:,} more (--json has all)"] if more > 0 else [])
