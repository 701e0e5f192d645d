"""The page for those who write journeys, followed by somebody who has nothing but the page."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from adaptive_stream import shipped_rules_dir
from adaptive_stream.cli.main import main

ROOT = Path(__file__).parents[2]
PAGE = (shipped_rules_dir() / "README.md").read_text("utf-8")
FIRST = re.findall(r"```\n(.*?)```", PAGE, re.DOTALL)[0]
COMMANDS = [shlex.split(line, comments=True) for line in FIRST.splitlines()]
# Written from the page: what she looked at, the words of `explain conditions`, rows of the table.
CHEAPER_NOW = """
journey: cheaper-now
says: What she looked at has become cheaper; tell her once by mail.
owner: crm@shop.example
purpose: marketing
starts: {when: worth_another_look, for_each: viewed_item, again: 30d}
steps:
  - tell: {send: cheaper-now, by: email, good_for: 2d}
stop_when: [about_bought_items]
examples:
  - it: tells her when it is cheaper
    story: |
      10:00  web         product.viewed         jacket-3
      12:00  backoffice  product.price_changed  jacket-3  price=99.00
    expect: |
      13:00  once  email  due  tell
  - it: does not tell her of what she has bought
    story: |
      10:00  web         product.viewed         jacket-3
      11:00  store       order.completed        jacket-3
      12:00  backoffice  product.price_changed  jacket-3  price=99.00
    expect: |
      D14 12:00  not  email  due  tell
"""


@pytest.fixture
def in_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the page's first line is typed: above the shipped rules."""
    (tmp_path / "adaptive_stream").symlink_to(ROOT / "adaptive_stream")
    monkeypatch.chdir(tmp_path)
    copy, export = " ".join(COMMANDS[0]).split(" && ")
    assert copy == "cp -r adaptive_stream/rules my-rules"
    shutil.copytree("adaptive_stream/rules", "my-rules")
    name, value = export.removeprefix("export ").split("=")
    monkeypatch.setenv(name, value)
    return tmp_path


def needs_a_cluster(words: list[str]) -> bool:
    return words[1] == "up" or words[2] in ("backtest", "publish")


@pytest.mark.usefixtures("in_checkout")
def test_the_commands_of_the_page_work_in_their_order(capsys: pytest.CaptureFixture[str]) -> None:
    """Her journey is there, passes, and is read back to her; what needs a cluster says so."""
    files = [words for words in COMMANDS[1:] if not needs_a_cluster(words)]
    assert [words[2] for words in files] == ["new", "explain", "check", "explain"]
    for words in files:
        assert (words[0], main(words[1:])) == ("adaptive-stream", 0), words
    out = capsys.readouterr().out
    assert "worth_another_look: something that she looked at costs less now, or is back" in out
    assert "sale-news: 6 examples, all pass; every condition is shown.\n" in out
    assert "\nWhen something that she looked at costs less now, or is back in stock: " in out
    for words in COMMANDS[1:]:
        if needs_a_cluster(words) and words[1] != "up":
            assert main([*words[1:], "--bootstrap", "127.0.0.1:1"]) == 3, words
    assert "`adaptive-stream up`" in capsys.readouterr().err
    assert ["adaptive-stream", "up"] in COMMANDS


def test_a_price_drop_written_from_the_page_works(
    in_checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two examples, both pass at once, and nothing of it is left unshown."""
    (in_checkout / "my-rules" / "journeys" / "cheaper-now.yaml").write_text(CHEAPER_NOW, "utf-8")
    assert main(["journeys", "check"]) == 0
    out = capsys.readouterr().out
    assert "cheaper-now: 2 examples, all pass; every condition is shown.\n" in out
