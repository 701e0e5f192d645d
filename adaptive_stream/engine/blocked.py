"""Identifiers that a deployment knows to be nobody's: the call centre's own number, a test card.

Rule 1: a blocked identifier is no identifier: a fact goes by the others that it names, as if this
one had not been there.
Rule 2: patterns have wildcards and nothing else, so that no pattern can take long on any value.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import translate


@dataclass(frozen=True, slots=True)
class Blocked:
    """`values`: normalised "type:value"; `patterns`: type -> one expression for the values of it,
    without the type."""

    values: frozenset[str] = frozenset()
    patterns: Mapping[str, re.Pattern[str]] = field(default_factory=dict)

    def __contains__(self, identifier: str) -> bool:
        if identifier in self.values:
            return True
        kind, _, value = identifier.partition(":")
        pattern = self.patterns.get(kind)
        return pattern is not None and pattern.match(value) is not None

    def __bool__(self) -> bool:
        return bool(self.values or self.patterns)


def blocked(values: Iterable[str], patterns: Iterable[str]) -> Blocked:
    """`patterns` are "type:value" with `*` for any characters, `?` for one, `[0-9]` for one of
    these. Each stands for all of a value."""
    by_kind: dict[str, list[str]] = {}
    for pattern in patterns:
        kind, _, value = pattern.partition(":")
        # translate() makes each `*` possessive: the time grows with the value's length alone.
        by_kind.setdefault(kind, []).append(translate(value))
    compiled = {kind: re.compile("|".join(texts)) for kind, texts in by_kind.items()}
    return Blocked(frozenset(values), compiled)


NOTHING = Blocked()
