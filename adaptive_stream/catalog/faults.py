"""What is wrong with a file that a person wrote, in words that the person can act on.

Rule 1: a fault names file, line, the value as written, what is wrong with it and what to do.
Rule 2: whoever reads files collects all faults; a person fixes ten at once rather than in ten runs.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

FAULTS_MAX = 60  # A person reads no further, and a hostile file would keep the machine busy.
VALUE_CHARS_MAX = 80  # A fault quotes the value; a pasted page would bury the message.


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault. `line` counts from 1, 0 when the fault is about the file as a whole."""

    file: str
    line: int
    value: str
    says: str
    remedy: str

    def __str__(self) -> str:
        """`file:line: says (value)`, the value only if it is not in what it says; then the remedy
        on a line of its own."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        value = " ".join(self.value.split())
        if len(value) > VALUE_CHARS_MAX:
            value = value[: VALUE_CHARS_MAX - 1] + "…"
        quoted = f" ({value})" if value and value not in self.says else ""
        return f"{place}: {self.says}{quoted}\n  hint: {self.remedy}"


class CatalogError(Exception):
    """Files do not make a catalogue. `faults`: every one of them, by file and line, none twice."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(sorted(set(faults)))
        super().__init__(self.faults)

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


class TooManyFaults(CatalogError):
    """Reading stopped: so many are wrong that more of them help nobody."""


class Faults(list[Fault]):
    """Where a reading notes what it finds. Raises TooManyFaults at the last that it takes."""

    def append(self, fault: Fault) -> None:
        super().append(fault)
        if len(self) >= FAULTS_MAX:
            raise TooManyFaults(self)

    def extend(self, faults: Iterable[Fault]) -> None:
        for fault in faults:
            self.append(fault)


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was most likely meant to be, None if none is near."""
    near = difflib.get_close_matches(word[:VALUE_CHARS_MAX], list(known), n=1, cutoff=0.65)
    return near[0] if near else None


def suggestion(word: str, known: Iterable[str]) -> str:
    """A remedy for an unknown word: the one that was meant, else all that there are."""
    words = sorted(known)
    near = closest(word, words)
    if near:
        return f"did you mean {near!r}?"
    return f"write one of: {', '.join(words)}" if words else "there is none to choose from"
