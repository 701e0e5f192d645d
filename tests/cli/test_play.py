"""`play` says of each story whether it holds, and why not."""

import json
from pathlib import Path

import pytest

from adaptive_stream.cli.exits import Exit
from adaptive_stream.cli.main import main

CASES = Path(__file__).parents[1] / "cases"
STORY = (CASES / "S01.story").read_text()


def test_a_story_that_holds(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 0, one line: how many rows are as expected, how many wait and for what."""
    code = main(["play", str(CASES / "S01.story")])

    assert code == Exit.OK
    assert capsys.readouterr().out == (
        "S01 passed: 7 rows as expected, 2 pending (the gate)  "
        "Boots bought in the shop before the mail leaves\n"
    )


def test_a_story_that_does_not_hold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1; the row that failed stands there with what came instead."""
    wrong = tmp_path / "S01.story"
    wrong.write_text(STORY.replace("suppress journey", "hold journey"))

    code = main(["play", str(wrong)])

    out = capsys.readouterr().out
    assert code == Exit.FAULTS
    assert out.startswith("S01 failed: 5 rows as expected, 2 not, 2 pending (the gate)")
    assert f"{wrong}:7: did not come" in out
    assert "it is suppress, not hold" in out


def test_a_directory_of_stories_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Each story of the directory is one object on one line."""
    code = main(["play", str(CASES), "--json"])

    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert code == Exit.OK
    cases = [path.stem for path in sorted(CASES.glob("*.story"))]
    assert [one["story"] for one in told] == cases
    assert {one["result"] for one in told} == {"passed", "pending"}  # Some wait for the gate.


def test_stories_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2; every fault of every story is named, and none of them is played."""
    unread = tmp_path / "a.story"
    unread.write_text(STORY.replace("D0 10:30     out", "D0 10:30     oout"))
    no_journey = tmp_path / "b.story"
    no_journey.write_text(
        STORY.replace("push suppress journey=abandoned", "push suppress journey=a")
    )
    no_world = tmp_path / "c.story"
    no_world.write_text(STORY.replace("world ana", "world zoe\nload win-black"))

    code = main(["play", str(tmp_path), str(CASES / "S01.story")])

    out, error = capsys.readouterr()
    assert (code, out) == (Exit.USAGE, "")
    assert f"{unread}:4: has no such verb (oout)" in error
    assert f"{no_journey}:8: is no journey (a-cart)" in error
    assert f"{no_world}:2: is nobody that is known yet (zoe)" in error


def test_an_empty_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Playing nothing is no success."""
    assert main(["play", str(tmp_path)]) == Exit.USAGE
    assert "has no story in it" in capsys.readouterr().err


def test_a_cluster_that_does_not_answer(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 3, and the cluster is named."""
    code = main(["play", str(CASES / "S01.story"), "--against", "127.0.0.1:1"])

    assert code == Exit.NOT_FOUND
    assert "127.0.0.1:1" in capsys.readouterr().err
