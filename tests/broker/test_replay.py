"""Recorded facts again, on a real Kafka: nothing differs, until something is corrected."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adaptive_stream.broker import Broker
from adaptive_stream.cli.main import main
from tests.broker.facts import Fact, send
from tests.broker.stack import Stack, quick_rules

PEOPLE = 12
BUYERS = 4
WITHIN_S = 30
pytestmark = [pytest.mark.broker, pytest.mark.slow(25)]


def test_what_a_bug_told_is_found_by_playing_the_facts_again(
    broker: Broker, tmp_path: Path, topic_prefix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the same rules the facts come to what was told. With corrected ones an engineer reads
    whom the wrong ones silenced, and no name."""
    rules_dir = quick_rules(tmp_path)
    told = [*("--bootstrap", broker.bootstrap), *("--prefix", topic_prefix)]
    with Stack(broker.bootstrap, tmp_path / "stack", topic_prefix, rules_dir=rules_dir) as stack:
        send(stack, _facts("web", "cart.item_added", range(PEOPLE)))
        _wait_for_carts(stack)
        send(stack, _facts("store", "order.completed", range(BUYERS)))
        _wait_for_stops(stack)
        assert main(["replay", *told]) == 0
        said = capsys.readouterr().out.splitlines()
        assert said[0].startswith(f"{PEOPLE + BUYERS} facts played again under r-")
        assert said[1].startswith("nothing differs: ")

        (rules_dir / "journeys" / "abandoned-cart.yaml").unlink()
        assert main(["replay", *told, "--rules", str(rules_dir), "--json"]) == 1
    out = capsys.readouterr().out
    first, *rest = map(json.loads, out.splitlines())
    assert (first["kind"], first["differences"]) == ("replay", len(rest))
    silenced = [one for one in rest if (one["action"], one["channel"]) == ("suppress", "email")]
    assert {one["instance"] for one in silenced} == {f"cart-{n}" for n in range(BUYERS)}
    assert {(one["was"], one["now"]) for one in silenced} == {(1, 0)}
    assert all(one["of"] == [] or one["of"][0].startswith("email#") for one in silenced)
    assert "example.com" not in out


def test_a_day_before_which_nothing_is_compared(
    broker: Broker, topic_prefix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever mistypes the day is told how it is written, before anything is read."""
    words = ["replay", "--bootstrap", broker.bootstrap, "--prefix", topic_prefix]
    assert main([*words, "--since", "yesterday"]) == 2
    assert "write it as 2026-03-03" in capsys.readouterr().err


def _facts(channel: str, name: str, people: Any) -> Iterator[Fact]:
    now_ms = int(time.time() * 1000)
    lines = [{"sku": "boots-41", "quantity": 1, "price": 89.0}]
    for n in people:
        data = {"items": lines, "currency": "GBP"}
        data |= {"cart": f"cart-{n}"} if channel == "web" else {"order": f"R-{n}", "value": 89.0}
        said = {"id": f"{channel}-{n}", "type": name, "time": now_ms, "data": data,
                "identifiers": {"email": f"u{n}@example.com"}}  # fmt: skip
        yield channel, now_ms, json.dumps(said).encode()


def _wait_for_carts(stack: Stack) -> None:
    """Until the mail about each has begun to wait."""
    begun: set[str] = set()

    def all_began(said: dict[str, Any]) -> bool:
        begun.update(
            each["instance"] for each in said["transitions"] if each["name"] == "journey.entered"
        )
        return len(begun) == PEOPLE

    stack.wait_for("customer.state-changed.v1", all_began, WITHIN_S)


def _wait_for_stops(stack: Stack) -> None:
    stopped: set[str] = set()

    def all_stopped(said: dict[str, Any]) -> bool:
        stopped.add(said["instance"])
        return len(stopped) == BUYERS

    stack.wait_for("suppressions.email.v1", all_stopped, WITHIN_S)
