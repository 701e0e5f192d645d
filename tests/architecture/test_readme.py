"""The README is short, and what it names exists."""

import re
from pathlib import Path

from adaptive_stream.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
LINES_MAX = 150


def test_the_readme_is_read_in_a_few_minutes() -> None:
    """A newcomer gets through it before the demo has installed."""
    assert README.count("\n") <= LINES_MAX


def test_every_command_of_the_readme_exists() -> None:
    """Nobody types a command that is not there."""
    named = set(re.findall(r"`adaptive-stream ([a-z]+)", README))

    assert named <= set(COMMANDS)


def test_every_command_is_in_the_readme() -> None:
    """Nobody has to find a command by chance."""
    named = set(re.findall(r"[`·|] ?`?(?:adaptive-stream )?`?([a-z]+)", README))

    assert set(COMMANDS) - {"demo"} <= named | {"demo"}


def test_every_make_target_of_the_readme_exists() -> None:
    """What the README tells to make can be made."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert set(re.findall(r"`make ([a-z-]+)", README)) <= targets


def test_every_place_of_the_readme_exists() -> None:
    """Whoever wants to add something finds the file that the table names."""
    table = README.split("## Where do I")[1].split("\n## ")[0]
    places = re.findall(r"`((?:adaptive_stream|topics|tests)/[a-z0-9_/.<>-]+)`", table)

    assert len(places) > 10
    for place in places:
        folder = ROOT / place.split("<")[0].rstrip("/")
        assert folder.exists() or folder.parent.is_dir(), place
        if "<" not in place:
            assert folder.exists(), place
