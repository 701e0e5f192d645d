"""`identity preview`: what changed guards would have done, over facts that were recorded."""

import json
from pathlib import Path
from typing import Any

import pytest

from adaptive_stream import shipped_rules_dir
from adaptive_stream.cli.main import main

ANA, BEN = "ana@example.com", "ben@example.com"
BOOTS = [{"sku": "boots-41", "quantity": 1, "price": 89.0}]


def line(at: str, channel: str, type_: str, identifiers: dict[str, str], **data: object) -> str:
    """A record as `tail CHANNEL --json` prints it."""
    time = f"2026-03-03T{at}:00.000Z"
    value = {"type": type_, "time": time, "identifiers": identifiers, "data": data}
    record = {"timestamp": time, "topic": f"channel.{channel}.v1", "partition": 0, "offset": 1}
    return json.dumps({**record, "key": None, "headers": {}, "value": value})


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    """Ana and Ben have both been seen with the shop's own telephone number. She leaves a cart,
    and he buys what is in it."""
    desk = {"phone": "+442071234567"}
    lines = [
        line("09:00", "callcentre", "identity.linked", {"email": ANA, **desk}),
        line("09:01", "callcentre", "identity.linked", {"email": BEN, **desk}),
        line("09:02", "web", "app.opened", {"email": "dan@example.com", "cookie": "ck-d"}),
        line("10:00", "web", "cart.item_added", {"email": ANA}, cart="cart-9", items=BOOTS),
        line("10:41", "store", "order.completed", {"email": BEN}, order="R-1", items=BOOTS),
        line("12:00", "web", "app.opened", {"email": ANA}),
    ]
    path = tmp_path / "facts.ndjson"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@pytest.fixture
def blocked(tmp_path: Path) -> Path:
    path = tmp_path / "identity.yaml"
    path.write_text("blocked: {values: [phone:+442071234567]}\n", "utf-8")
    return path


def test_a_blocked_number_parts_two_people(
    facts: Path, blocked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The operator sees who would be two, that her reminder would go out, and that no stop would
    be told for what he bought; nothing of it names anybody."""
    assert main(["identity", "preview", str(blocked), "--facts", str(facts)]) == 1
    out = capsys.readouterr().out
    assert out == (
        "6 facts replayed under both rules\n"
        "\n"
        "split: 1 customer would be 2 customers\n"
        "  now   email#1, email#2, phone#1\n"
        "  then  email#1 | email#2\n"
        "\n"
        "sends: 1 more, 0 fewer\n"
        "  + remind of abandoned-cart/cart-9 by email to email#1  [email#1]\n"
        "\n"
        "suppressions, holds and releases: 0 more, 2 fewer\n"
        "  - suppress remind, discount of abandoned-cart/cart-9 by email: bought_these_items"
        "  [email#1, email#2, phone#1]\n"
        "  - suppress nudge of abandoned-cart/cart-9 by push: bought_these_items"
        "  [email#1, email#2, phone#1]\n"
    )


def test_who_asks_sees_names(
    facts: Path, blocked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --show, and for programs with --json, the customers are told by their identifiers."""
    words = ["identity", "preview", str(blocked), "--facts", str(facts), "--show", "--json"]
    assert main(words) == 1
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert said["facts"] == 6
    assert said["customers"] == [
        {
            "kind": "split",
            "now": [[f"email:{ANA}", f"email:{BEN}", "phone:+442071234567"]],
            "then": [[f"email:{ANA}"], [f"email:{BEN}"]],
        }
    ]
    assert [one["to"] for one in said["messages"] if one["action"] == "send"] == [[f"email:{ANA}"]]


def test_the_same_guards_change_nothing(facts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A directory of rules that says what the one in force says differs in nothing."""
    words = ["identity", "preview", str(shipped_rules_dir()), "--facts", str(facts)]
    assert main(words) == 0
    assert "no customer, no send and no suppression would differ" in capsys.readouterr().out


def test_a_merge_is_foretold(
    facts: Path, blocked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From guards that keep them apart to the shipped ones, two customers would be one."""
    rules_dir = tmp_path / "rules"
    (tmp_path / "rules").mkdir()
    for path in shipped_rules_dir().rglob("*.yaml"):
        target = rules_dir / path.relative_to(shipped_rules_dir())
        target.parent.mkdir(exist_ok=True)
        target.write_text(path.read_text("utf-8"), "utf-8")
    (rules_dir / "policy" / "identity.yaml").write_text(blocked.read_text("utf-8"), "utf-8")
    shipped = str(shipped_rules_dir() / "policy" / "identity.yaml")
    words = ["identity", "preview", shipped, "--facts", str(facts), "--rules-dir", str(rules_dir)]
    assert main(words) == 1
    out = capsys.readouterr().out
    assert "merged: 2 customers would be 1 customer" in out
    assert "sends: 0 more, 1 fewer" in out


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "facts.ndjson:1 is no record"),
        ('{"topic": "channel.web.v1"}', "facts.ndjson:1 is no record"),
        (
            '{"topic": "t", "timestamp": "2026-03-03T10:00:00Z", "value": {}}',
            "which no channel reads",
        ),
    ],
)
def test_a_line_that_is_no_record_is_named(
    text: str, says: str, facts: Path, blocked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """File and line are told, and what writes such a file."""
    facts.write_text(text + "\n", "utf-8")
    assert main(["identity", "preview", str(blocked), "--facts", str(facts)]) == 2
    err = capsys.readouterr().err
    assert says in err
    assert "tail CHANNEL" in err


def test_faults_of_the_changed_file_are_told(
    facts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A changed file is checked as the worker would check it."""
    path = tmp_path / "identity.yaml"
    path.write_text("limits: {emial: 3}\n", "utf-8")
    assert main(["identity", "preview", str(path), "--facts", str(facts)]) == 2
    assert "policy/identity.yaml:1: 'emial' is no known type" in capsys.readouterr().err
