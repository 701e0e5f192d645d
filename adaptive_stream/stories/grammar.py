"""Reads a story file: text -> Story. stories/README.md has the format on one page.

Rule 1: every fault of a file is found in one reading, with its line, and a story with a fault is
not played: a row that is half understood would pass for the wrong reason.
Rule 2: nothing is ignored but empty lines, lines that begin with `#`, and the prose after `why:`.
"""

import re
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from adaptive_stream.catalog.faults import CatalogError, Fault
from adaptive_stream.stories.calendar import Calendar
from adaptive_stream.stories.rows import IDENTIFIER, RowError, read_rows
from adaptive_stream.stories.story import Person, Row, Story

_TITLE = re.compile(r'([A-Z][A-Za-z0-9-]*)\s+"([^"]+)"(?:\s+\[([^\]]*)\])?(?:\s+part=(\d+))?')
_PERSON = re.compile(r"([a-z]+)(?:\(([^)]*)\))?")
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)\s+([A-Za-z_]+/[A-Za-z_/]+|UTC)")
_TITLE_REMEDY = 'write `S01 "what she gets" [A1] part=1`'


def load(path: Path) -> Story:
    """The story of a file. Raises CatalogError with every fault, or when it cannot be read."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        says = f"cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}"
        fault = Fault(str(path), 0, "", says, "check its path, permissions and encoding")
        raise CatalogError([fault]) from error
    return parse(text, str(path))


def parse(text: str, file: str) -> Story:
    """The story of a text. Raises CatalogError with every fault."""
    return _Reader(file).read(text)


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []
        self.lines: dict[str, tuple[int, str]] = {}  # of world, load and date
        self.rows: list[tuple[int, str]] = []
        self.why = ""

    def read(self, text: str) -> Story:
        title = self.sort_lines(text)
        calendar = self.calendar()
        rows = self.read_rows(calendar)
        sid, says, requirements, part = title
        people, phrases = self.world()
        if self.faults:
            raise CatalogError(self.faults)
        return Story(
            self.file,
            sid,
            says,
            tuple(rows),
            tuple(requirements.split()),
            int(part),
            people,
            phrases,
            self.load(),
            calendar,
            self.why,
            self.lines["world"][0],
            self.lines.get("load", (0, ""))[0],
        )

    def sort_lines(self, text: str) -> tuple[str, str, str, str]:
        """Puts each line where it belongs, and returns the four pieces of the title."""
        title: tuple[str, str, str, str] | None = None
        lines = text.split("\n")
        for number, line in enumerate(lines, start=1):
            line = line.strip()
            word, _, rest = line.partition(" ")
            if not line or line.startswith("#"):
                continue
            if word == "why:":
                self.why = "\n".join([rest.strip(), *lines[number:]]).strip()
                break
            if title is None:
                match = _TITLE.fullmatch(line)
                title = match.groups("") if match else ("", "", "", "0")  # type: ignore[assignment]
                if not match:
                    self.fault(number, line, "does not begin with its title", _TITLE_REMEDY)
            elif word in ("world", "load", "date"):
                if word in self.lines:
                    self.fault(number, line, f"says `{word}` twice", "keep one of them")
                self.lines[word] = (number, rest.strip())
            else:
                self.rows.append((number, line))
        if title is None:
            self.fault(0, "", "is empty", _TITLE_REMEDY)
            title = ("", "", "", "0")
        if not self.rows:
            self.fault(0, "", "tells nothing", "write a row, as `D0 10:41 in store …`")
        if "world" not in self.lines:
            self.fault(0, "", "does not say whose story it is", "write `world ana` or `world none`")
        return title[0], title[1], title[2], title[3] or "0"

    def calendar(self) -> Calendar:
        number, text = self.lines.get("date", (0, ""))
        if not number:
            return Calendar()
        match = _DATE.fullmatch(text)
        try:
            if match:
                return Calendar(date.fromisoformat(match[1]), str(ZoneInfo(match[2])))
        except (ValueError, OSError):  # No such day; no such zone.
            pass
        remedy = "write `date 2025-10-25 Europe/Madrid`"
        self.fault(number, text, "is no date with a zone", remedy)
        return Calendar()

    def world(self) -> tuple[tuple[Person, ...], tuple[str, ...]]:
        number, text = self.lines.get("world", (0, "none"))
        who, *phrases = (piece.strip() for piece in text.split(";"))
        people: list[Person] = []
        if ":" in who:
            return self.described(number, who), tuple(phrase for phrase in phrases if phrase)
        for word in re.findall(r"[^\s(]+(?:\([^)]*\)?)?", who):
            match = _PERSON.fullmatch(word)
            if word == "split" and people:
                people[-1] = Person(people[-1].name, people[-1].changes, split=True)
            elif match and word != "none":
                people.append(Person(match[1], self.changes(number, match[2] or "")))
            elif word != "none":
                remedy = "write `world ana ben`, with changes in brackets: `ana(region=yorkshire)`"
                self.fault(number, word, "is no person", remedy)
        return tuple(people), tuple(phrase for phrase in phrases if phrase)

    def described(self, number: int, text: str) -> tuple[Person, ...]:
        name, _, rest = text.partition(":")
        names, *says = (piece.strip() for piece in rest.split(","))
        identifiers = tuple(names.split())
        if not re.fullmatch(r"[a-z]+", name) or not all(map(IDENTIFIER.fullmatch, identifiers)):
            remedy = "write `eve: email:eve@example.com loyalty:L-999, works at leeds-2`"
            self.fault(number, text, "describes nobody", remedy)
        return (Person(name, identifiers=identifiers, says=tuple(says)),)

    def changes(self, number: int, text: str) -> dict[str, str]:
        changes = {}
        for change in filter(None, re.split(r"[,\s]+", text)):
            key, equals, value = change.partition("=")
            if not key or not equals or not value:
                self.fault(number, change, "changes nothing", "write `ana(region=yorkshire)`")
            changes[key] = value
        return changes

    def load(self) -> tuple[str, ...]:
        _, text = self.lines.get("load", (0, "abandoned-cart"))
        return () if text == "none" else tuple(text.split())

    def read_rows(self, calendar: Calendar) -> list[Row]:
        rows: list[Row] = []
        for number, line in self.rows:
            try:
                found = read_rows(line, number, calendar)
            except RowError as error:
                self.fault(number, error.value, error.says, error.remedy)
                continue
            if rows and found[0].at_ms < rows[-1].at_ms:
                says = f"is earlier than line {rows[-1].line}"
                self.fault(number, line, says, "put the rows in order of time")
            if found[0].verb == "ans" and not any(row.verb == "ask" for row in rows):
                self.fault(number, line, "answers nothing", "put the `ask` above it")
            rows += found
        return rows

    def fault(self, line: int, value: str, says: str, remedy: str) -> None:
        self.faults.append(Fault(self.file, line, value, says, remedy))
