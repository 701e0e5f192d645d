"""`journeys check` and `journeys explain`, as a manager at a terminal meets them."""

import json
import shutil
from pathlib import Path

import pytest

from adaptive_stream import shipped_rules_dir
from adaptive_stream.cli.main import main


@pytest.fixture
def rules_dir(tmp_path: Path) -> Path:
    """A copy of the shipped rules, to be changed."""
    return Path(shutil.copytree(shipped_rules_dir(), tmp_path / "rules"))


def change(path: Path, before: str, after: str) -> None:
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after), "utf-8")


def test_a_manager_sees_that_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    """The shipped journeys pass, and the command says so in a line each."""
    assert main(["journeys", "check"]) == 0
    out = capsys.readouterr().out
    assert "abandoned-cart: 18 examples, all pass; every condition is shown.\n" in out
    assert "complaint_open (marketing): 4 examples, all pass; every condition is shown.\n" in out
    assert "no fault in 6 journeys and 14 standing rules" in out


def test_a_mistyped_condition_is_answered(
    rules_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """She reads the file, the line and the word that she meant."""
    change(rules_dir / "journeys/abandoned-cart.yaml", "[bought_these_", "[bougth_these_")
    assert main(["journeys", "check", "--rules-dir", str(rules_dir)]) == 1
    out = capsys.readouterr().out
    assert "journeys/abandoned-cart.yaml:22: 'bougth_these_items' is no condition\n" in out
    assert "  hint: did you mean 'bought_these_items'?\n" in out
    assert out.endswith("1 fault, no failed examples\n")


def test_an_example_that_no_longer_holds_is_shown(
    rules_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """She takes out a stop rule; the example that shows it fails, with its line."""
    change(rules_dir / "journeys/abandoned-cart.yaml", "cart_emptied, superseded", "superseded")
    assert main(["journeys", "check", "--rules-dir", str(rules_dir)]) == 1
    out = capsys.readouterr().out
    assert "failed: stops when she empties the cart" in out
    assert "10:41 email suppress remind because cart_emptied" in out


def test_a_condition_that_nothing_shows_is_named(
    rules_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """She adds a rule and no example: that is no fault, but she is told."""
    change(rules_dir / "journeys/win-back.yaml", "[bought_anything]", "[bought_anything, in_store]")
    assert main(["journeys", "check", "--rules-dir", str(rules_dir)]) == 0
    out = capsys.readouterr().out
    assert "win-back: 4 examples, all pass; no example shows `in_store`.\n" in out


def test_an_example_that_cannot_be_read_is_named_by_its_line(
    rules_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistyped row in an example is a message with the line of that row."""
    change(rules_dir / "journeys/win-back.yaml", "suppress  miss-you", "supress  miss-you")
    assert main(["journeys", "check", "--rules-dir", str(rules_dir)]) == 1
    out = capsys.readouterr().out
    lines = (rules_dir / "journeys/win-back.yaml").read_text("utf-8").split("\n")
    number = next(n for n, text in enumerate(lines, start=1) if "supress" in text)
    assert f"journeys/win-back.yaml:{number}: " in out
    assert "suppress" in out


def test_programs_read_the_same_as_json(
    rules_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One object a line, with every fault and every journey."""
    change(rules_dir / "journeys/win-back.yaml", "worth: 2.00", "worth: much")
    assert main(["journeys", "check", "--json", "--rules-dir", str(rules_dir)]) == 1
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["kind"] for row in rows] == [
        "fault",
        *["journey"] * 5,
        *["standing"] * 14,
        "rules",
    ]
    place = (rows[0]["file"], rows[0]["line"], rows[0]["value"])
    assert place == ("journeys/win-back.yaml", 6, "much")
    assert rows[1]["examples"] == rows[1]["passed"] == 18
    assert (rows[-1]["faults"], rows[-1]["failed"]) == (1, 0)


def test_what_is_written_in_line_is_counted(
    rules_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Conditions that no other journey can use are named, so that they do not pile up."""
    inline = "{name: big_cart, says: it is big, hears: [cart.abandoned], where: cart.value > 500}"
    change(
        rules_dir / "journeys/win-back.yaml", "[bought_anything]", f"[bought_anything, {inline}]"
    )
    assert main(["journeys", "check", "--rules-dir", str(rules_dir)]) == 0
    out = capsys.readouterr().out
    assert "1 condition is written in line: big_cart (win-back)\n" in out
    assert "no example shows `big_cart`" in out


def test_the_standing_rules_are_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """A manager reads what holds for each message of every tool."""
    assert main(["journeys", "explain", "standing"]) == 0
    out = capsys.readouterr().out
    assert "about_bought_items: a marketing message is stopped when it is about something" in out


def test_a_journey_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """A manager reads what it does and what its examples show."""
    assert main(["journeys", "explain", "renewal-discount"]) == 0
    out = capsys.readouterr().out
    assert "It rests when she is renewing (at most 5 days)." in out
    assert out.endswith("4 examples, all pass; every condition is shown.\n")
    assert main(["journeys", "explain", "renewal-discount", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["text"] == out


def test_a_journey_that_is_not_there_is_answered(capsys: pytest.CaptureFixture[str]) -> None:
    """A mistyped name ends with 3 and the name that was meant."""
    assert main(["journeys", "explain", "abandoned-card"]) == 3
    assert "did you mean 'abandoned-cart'?" in capsys.readouterr().err


def test_a_journey_with_faults_is_not_explained_wrongly(
    rules_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Instead of half a truth she reads what is wrong with the file."""
    change(rules_dir / "journeys/win-back.yaml", "for_each: customer", "for_each: person")
    assert main(["journeys", "explain", "win-back", "--rules-dir", str(rules_dir)]) == 1
    assert "'for_each' cannot be 'person'" in capsys.readouterr().err
