"""`journeys backtest`: what other rules would have done, over facts that were recorded."""

import json
import shutil
from pathlib import Path

import pytest

from adaptive_stream import shipped_rules_dir
from adaptive_stream.cli.main import main
from tests.cli.test_identity import line

ANA, BEN = "ana@example.com", "ben@example.com"
JACKET = [{"sku": "jacket-3", "quantity": 1, "price": 120.0}]
BOOTS = [{"sku": "boots-41", "quantity": 1, "price": 89.0}]


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    """Two leave a cart. She buys something else in the shop, and he buys nothing."""
    lines = [
        line("09:00", "web", "app.opened", {"email": ANA}),
        line("09:00", "web", "app.opened", {"email": BEN}),
        line("10:00", "web", "cart.item_added", {"email": ANA}, cart="cart-9", items=BOOTS),
        line("10:05", "web", "cart.item_added", {"email": BEN}, cart="cart-b", items=BOOTS),
        line("10:41", "store", "order.completed", {"email": ANA}, order="R-1", items=JACKET),
        line("12:00", "web", "app.opened", {"email": ANA}),
    ]
    path = tmp_path / "facts.ndjson"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """Whatever she buys stops it, and it begins only for what is worth 20."""
    path = tmp_path / "abandoned-cart.yaml"
    text = (shipped_rules_dir() / "journeys" / path.name).read_text("utf-8")
    assert "stop_when: [" in text
    path.write_text(text.replace("stop_when: [", "stop_when: [bought_anything, "), "utf-8")
    return path


def words(facts: Path, *more: str) -> list[str]:
    against = ("--against", str(shipped_rules_dir()), "--facts", str(facts))
    return ["journeys", "backtest", *more, *against]


def test_a_manager_sees_whom_another_stop_would_have_stopped(
    facts: Path, changed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By journey and day, with reasons, and of each customer; nobody is named."""
    assert main(words(facts, str(changed))) == 1
    out = capsys.readouterr().out
    first, *rest = out.splitlines()
    assert first.startswith("6 facts of 2026-03-03 to 2026-03-03 played under r-")
    assert rest == [
        "",
        "abandoned-cart: begin 2 -> 2, send 1 -> 1, suppress 0 -> 1, hold 1 -> 0",
        "  hold because just_bought: 1 -> 0",
        "  suppress because bought_anything: 0 -> 1",
        "  2026-03-03  suppress 0 -> 1, hold 1 -> 0",
        "",
        "runs stopped that were not: 1; not stopped that were: 0",
        (
            "  - 2026-03-03 hold remind, discount of abandoned-cart/cart-9 by email: just_bought"
            "  [email#1]"
        ),
        "  - 2026-03-03 hold nudge of abandoned-cart/cart-9 by push: just_bought  [email#1]",
        (
            "  + 2026-03-03 suppress remind, discount of abandoned-cart/cart-9 by email:"
            " bought_anything  [email#1]"
        ),
        (
            "  + 2026-03-03 suppress nudge of abandoned-cart/cart-9 by push: bought_anything"
            "  [email#1]"
        ),
    ]


def test_the_same_files_change_nothing(
    facts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A directory that says the same comes to the same, and the exit code says so."""
    same = shutil.copytree(shipped_rules_dir(), tmp_path / "rules")
    assert main(words(facts, str(same))) == 0
    assert capsys.readouterr().out.endswith("nothing would differ\n")


def test_programs_read_it_as_json(
    facts: Path, changed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sum first, then every count, then every customer; twice the same bytes."""
    said = []
    for _ in range(2):
        assert main(words(facts, str(changed), "--json", "--show")) == 1
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]
    first, *rest = map(json.loads, said[0].splitlines())
    assert (first["kind"], first["facts"]) == ("backtest", 6)
    assert (first["stopped_more"], first["stopped_less"]) == (1, 0)
    sends = [one for one in rest if one["kind"] == "count" and one["action"] == "send"]
    counted = [(one["journey"], one["now"], one["then"]) for one in sends]
    assert counted == [("abandoned-cart", 1, 1)]
    stops = [one for one in rest if one["kind"] == "difference" and one["action"] == "suppress"]
    assert [one["channel"] for one in stops] == ["email", "push"]
    assert {(one["because"], *one["of"]) for one in stops} == {("bought_anything", f"email:{ANA}")}


def test_a_start_that_is_narrower_begins_less(
    facts: Path, changed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What would not have begun, and so not have been sent, is counted and named."""
    changed.write_text(changed.read_text("utf-8").replace("cart.value >= 20", "cart.value >= 100"))
    assert main(words(facts, str(changed))) == 1
    out = capsys.readouterr().out
    assert "abandoned-cart: begin 2 -> 0, send 1 -> 0, hold 1 -> 0\n" in out
    assert "  - 2026-03-03 send remind of abandoned-cart/cart-b by email  [email#" in out


def test_facts_that_are_older_are_left_out(
    facts: Path, changed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--last 90m` begins at 10:30, when both carts lay there already."""
    assert main(words(facts, str(changed), "--last", "90m")) == 0
    assert capsys.readouterr().out.startswith("2 facts of ")


def test_a_file_with_faults_is_answered(
    facts: Path, changed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is played with a word that is none; the file and the line are named."""
    changed.write_text(changed.read_text("utf-8").replace("[bought_any", "[bougth_any"))
    assert main(words(facts, str(changed))) == 2
    assert "abandoned-cart.yaml:22: 'bougth_anything' is no condition" in capsys.readouterr().err
    missing = facts.with_name("none.ndjson")
    assert main(words(missing, str(shipped_rules_dir()))) == 3
