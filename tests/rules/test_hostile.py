"""Whoever can write a rule file can neither reach the machine nor keep it busy."""

import json
import subprocess
import sys

import pytest

from adaptive_stream.catalog.rules import read_contents
from tests.rules.hostile import attempts
from tests.rules.rule_files import CHANNELS

MS_MAX = 100
BYTES_MAX = 50 * 1024 * 1024
# Nothing stands in them: as conditions or standing rules they are files like any other.
EMPTY = ("a line of nothing but spaces", "empty lines", "a comment")


@pytest.fixture(scope="module")
def tried() -> dict[str, object]:
    """Every attempt, in a process of its own, so that its memory is theirs."""
    command = [sys.executable, "-m", "tests.rules.hostile"]
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))


@pytest.mark.timing
@pytest.mark.parametrize("name", attempts())
def test_what_was_written_to_do_harm_is_refused_at_once(
    name: str, tried: dict[str, dict[str, dict[str, float]]]
) -> None:
    """A manager who pastes a bomb reads what is wrong with it within a tenth of a second."""
    told = tried["told"][name]
    what, _, bomb = name.partition(": ")
    assert told["faults"] > 0 or (bomb in EMPTY and what != "journey")
    assert told["ms"] < MS_MAX


def test_all_of_it_together_needs_little_memory(tried: dict[str, int]) -> None:
    """A bomb does not cost a worker its memory either."""
    assert tried["grown_bytes"] < BYTES_MAX


def test_a_bomb_is_told_by_its_line_and_remedy() -> None:
    """What is refused is told like any other fault."""
    for contents in attempts().values():
        for fault in read_contents(contents, CHANNELS).faults:
            assert fault.says
            assert fault.remedy
            assert len(str(fault)) < 2_000
