"""A manager's desk: the rule files that she writes during a story, and what `journeys check` says.

Beside the story S62.story lies the folder S62/ with what she saved: `D0-0920-loyalty-gold.yaml` is
the journey loyalty-gold as it is from D0 09:20 on. `do journeys new` writes one, too.
"""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from adaptive_stream import shipped_rules_dir, shipped_topics_dir
from adaptive_stream.catalog.begin import begun
from adaptive_stream.catalog.channels import load_channels
from adaptive_stream.catalog.rules import CONDITIONS, RuleFiles, read_contents, read_dir
from adaptive_stream.stories.check import Shown, checked
from adaptive_stream.stories.journeys_loaded import loaded_contents
from adaptive_stream.stories.story import Row, Story


class Desk:
    """The files of one story. Nothing of it is written anywhere."""

    def __init__(self, story: Story, rules_dir: Path | None = None) -> None:
        self._story = story
        self._rules_dir = rules_dir or shipped_rules_dir()
        self.channels = load_channels(shipped_topics_dir(), [])

    @cached_property
    def loaded(self) -> dict[str, bytes]:
        """Every file that is in force when the story begins, by its path below the rules."""
        return loaded_contents(read_dir(self._rules_dir, []), self._story.load)

    def contents_at(self, at_ms: int) -> dict[str, bytes]:
        """Every file that she has written, by its path below the rules, as it is then."""
        return {path: content for when_ms, path, content in self._changes if when_ms <= at_ms}

    def see(self, row: Row) -> str:
        """Why the last check before the row did not say this; "" if it did."""
        checks = [one for one in self._story.rows if one.words[:1] == ("check",)]
        before = [one.at_ms for one in checks if one.verb == "do" and one.at_ms <= row.at_ms]
        if not before:
            return "was not checked before"
        files = self._files_at(before[-1])
        shown = checked(files)
        wrong = bool(files.faults) or any(one.failed for one in shown)
        said = [*_faults(files), *_shown(shown)]
        wanted = {name: str(value) for name, value in row.fields.items()}
        if (code := wanted.pop("exit", str(int(wrong)))) != str(int(wrong)):
            return f"exit was {int(wrong)}, not {code}"
        if not wanted or any(wanted.items() <= one.items() for one in said):
            return ""
        return "; ".join(str(one) for one in said) or "nothing was said"

    @cached_property
    def _changes(self) -> list[tuple[int, str, bytes]]:
        """When, path, content; in order."""
        journeys = {
            path.stem: path.read_bytes() for path in (self._rules_dir / "journeys").glob("*")
        }
        changes = list(self._drafts())
        for row in self._story.rows:
            match row.words if row.verb == "do" and row.subject == "journeys" else ():
                case ("new", name, "--from", template):
                    content = begun(name, template, journeys)
                    changes.append((row.at_ms, f"journeys/{name}.yaml", content))
        return sorted(changes, key=lambda change: change[0])

    def _drafts(self) -> Iterator[tuple[int, str, bytes]]:
        folder = Path(self._story.file).with_suffix("")
        for path in sorted(folder.glob("*.yaml")):
            day, clock, name = path.name.split("-", 2)
            at_ms = self._story.calendar.at(day, f"{clock[:2]}:{clock[2:]}")
            assert at_ms is not None, f"{path} does not begin with a day and a time"
            yield at_ms, f"journeys/{name}", path.read_bytes()

    def _files_at(self, at_ms: int) -> RuleFiles:
        contents = {CONDITIONS: self.loaded[CONDITIONS], **self.contents_at(at_ms)}
        return read_contents(contents, self.channels)


def _faults(files: RuleFiles) -> Iterator[dict[str, str]]:
    for fault in files.faults:
        yield {
            "file": Path(fault.file).name,
            "line": str(fault.line),
            "says": f"{fault.says}; {fault.remedy}",
        }


def _shown(shown: list[Shown]) -> Iterator[dict[str, str]]:
    for one in shown:
        yield {
            "examples": str(len(one.results)),
            "passed": str(len(one.results) - len(one.failed)),
            "unproved": ",".join(one.unproved) or "none",
        }
