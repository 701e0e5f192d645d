"""policy/identity.yaml: what an operator writes is what the engine judges links by."""

import time
from pathlib import Path

from adaptive_stream.catalog.catalog import load_catalog
from adaptive_stream.catalog.rules import read_rules
from adaptive_stream.engine.blocked import blocked
from adaptive_stream.engine.guard import DAY_MS, IdentityPolicy, over_limit
from tests.rules.rule_files import CHANNELS, ROOT, copied, shipped

VALUE_CHARACTERS = 256


def policy(tmp_path: Path, text: str) -> IdentityPolicy:
    """The identity policy of the shipped rules with this file in the place of theirs."""
    rules_dir = copied(tmp_path)
    (rules_dir / "policy" / "identity.yaml").write_text(text, "utf-8")
    files = read_rules(rules_dir, CHANNELS)
    assert files.faults == ()
    return files.rules.identity


def test_the_shipped_file_says_the_defaults() -> None:
    """Who deletes the file, or a line of it, keeps what it said; only what is blocked is gone."""
    said = shipped().rules.identity

    assert "email:unknown-7@shop.invalid" in said.blocked
    for name in IdentityPolicy.__dataclass_fields__:
        if name != "blocked":
            assert getattr(said, name) == getattr(IdentityPolicy(), name), name


def test_what_is_not_said_keeps_its_default(tmp_path: Path) -> None:
    """A shop that allows seven cards still refuses a sixth address."""
    said = policy(tmp_path, "limits: {loyalty: 7}\ncontested_for: 72h\n")

    assert (said.limit_of("loyalty"), said.limit_of("email")) == (7, 5)
    assert said.contested_for_ms == 3 * DAY_MS
    assert said.pace == IdentityPolicy().pace


def test_a_type_that_nobody_named_is_limited_too(tmp_path: Path) -> None:
    """A tool of one's own with an id for each visit makes no mega-customer."""
    said = policy(tmp_path, "limits: {other: 2}\n")

    assert over_limit(["visit:1", "visit:2"], said) == ""
    assert over_limit(["visit:1", "visit:2", "visit:3"], said) == "visit"


def test_blocked_values_are_meant_in_every_spelling(tmp_path: Path) -> None:
    """The shop's own number is blocked however the file and the till write it."""
    said = policy(
        tmp_path,
        "blocked:\n"
        "  values: [email:SHOP@Example.com, 'phone:+44 20 7123 4567']\n"
        "  patterns: ['email:*@Shop.example', 'loyalty:T-[0-9]?']\n",
    ).blocked

    for nobody in (
        "email:shop@example.com",
        "phone:+442071234567",
        "email:ana@shop.example",
        "loyalty:T-42",
    ):
        assert nobody in said, nobody
    for somebody in (
        "email:ana@example.com",
        "email:ana@shop.example.com",
        "loyalty:T-4",
        "loyalty:T-423",
        "device:T-42",
    ):
        assert somebody not in said, somebody


def test_no_pattern_takes_long() -> None:
    """The worst pattern on the longest value that was made for it takes well under a second."""
    hostile = blocked([], [f"email:{'*a' * 40}b"] * 100)

    began = time.perf_counter()
    assert f"email:{'a' * VALUE_CHARACTERS}" not in hostile
    assert time.perf_counter() - began < 0.5


def test_every_channel_knows_what_is_blocked(tmp_path: Path) -> None:
    """One line in one file holds for all channels, and for topics that are somebody else's."""
    rules_dir = copied(tmp_path)
    text = "blocked: {values: [email:shop@example.com]}\n"
    (rules_dir / "policy" / "identity.yaml").write_text(text, "utf-8")

    catalog = load_catalog(ROOT / "topics", rules_dir)

    rules = [binding.rule for channel in catalog.channels.values() for binding in channel.read]
    assert rules
    assert all("email:shop@example.com" in rule.blocked for rule in rules)
