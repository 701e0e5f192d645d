"""What a business user is told when a file is wrong: every fault at once, word for word."""

from pathlib import Path

import pytest

from adaptive_stream.catalog.faults import CatalogError
from adaptive_stream.catalog.rules import load_rules, read_rules
from tests.rules.rule_files import CHANNELS, copied, shipped

FAULTS = Path(__file__).parent / "faults"
POLICY_FILES = {
    "policy": "contact.yaml", "identity": "identity.yaml", "standing": "standing.yaml",
}  # fmt: skip
CASES = sorted(path.relative_to(FAULTS).as_posix() for path in FAULTS.glob("*/*.yaml"))


def faults_with(case: str, rules_dir: Path) -> str:
    """What is said of the shipped rules with the case's file put in (conditions: all there is)."""
    text = (FAULTS / case).read_text("utf-8")
    folder, _, name = case.partition("/")
    if folder == "conditions":
        (rules_dir / "conditions.yaml").write_text(text, "utf-8")
        for journey in (rules_dir / "journeys").iterdir():
            journey.unlink()
        (rules_dir / "policy" / "standing.yaml").unlink()
    elif folder in POLICY_FILES:
        (rules_dir / "policy" / POLICY_FILES[folder]).write_text(text, "utf-8")
    else:
        (rules_dir / folder / name).write_text(text, "utf-8")
    faults = read_rules(rules_dir, CHANNELS).faults
    return str(CatalogError(faults)) + "\n"


@pytest.mark.parametrize("case", CASES)
def test_every_fault_of_a_file_is_told_at_once(case: str, tmp_path: Path) -> None:
    """A manager reads file, line, what is wrong and what to do, for all of it in one run."""
    expected = (FAULTS / case).with_suffix(".txt").read_text("utf-8")
    assert faults_with(case, copied(tmp_path)) == expected


def test_a_worker_does_not_start_on_faults(tmp_path: Path) -> None:
    """An operator gets the same list when a worker starts, from all files together."""
    rules_dir = copied(tmp_path, one="journey: one\n", two="journey: three\n")
    (rules_dir / "policy" / "contact.yaml").write_text("zone: Nowhere\n", "utf-8")
    with pytest.raises(CatalogError) as raised:
        load_rules(rules_dir, CHANNELS)
    files = {fault.file for fault in raised.value.faults}
    assert files == {"journeys/one.yaml", "journeys/two.yaml", "policy/contact.yaml"}


def test_files_that_nobody_would_read_are_told(tmp_path: Path) -> None:
    """A journey saved in the wrong place, or as .yml, is named rather than silently left out."""
    rules_dir = copied(tmp_path)
    (rules_dir / "welcome.yaml").write_text("journey: welcome\n", "utf-8")
    (rules_dir / "journeys" / "hello.yml").write_text("journey: hello\n", "utf-8")
    (rules_dir / "conditions.yaml").unlink()
    told = str(CatalogError(read_rules(rules_dir, CHANNELS).faults))
    assert "welcome.yaml: is not read where it lies" in told
    assert "journeys/hello.yml: is not read\n  hint: call it hello.yaml" in told
    assert "conditions.yaml: is missing" in told


def test_a_condition_with_a_fault_is_told_once(tmp_path: Path) -> None:
    """A mistake in a condition is one fault, not one more in every journey that uses the word."""
    rules_dir = copied(tmp_path)
    path = rules_dir / "conditions.yaml"
    path.write_text(path.read_text("utf-8").replace("and cart.remaining", "and cart.rest"), "utf-8")
    (fault,) = read_rules(rules_dir, CHANNELS).faults
    assert fault.file == "conditions.yaml"
    assert fault.says == "'rest' is nothing that a cart has"


def test_a_directory_that_is_none_is_told(tmp_path: Path) -> None:
    """A mistyped --rules-dir is a message, not a traceback."""
    with pytest.raises(CatalogError, match="is no directory of rules"):
        load_rules(tmp_path / "ruels", CHANNELS)


def test_the_shipped_rules_have_no_fault() -> None:
    """What is shipped starts."""
    assert shipped().faults == ()
