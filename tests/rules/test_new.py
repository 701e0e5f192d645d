"""`journeys new` and `journeys schema`: what a manager begins with, and what her editor reads."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from adaptive_stream.catalog.begin import TEMPLATES
from adaptive_stream.catalog.rules import read_contents, read_rules
from adaptive_stream.catalog.schema import schemas
from adaptive_stream.catalog.standing import KEYS as STANDING_KEYS
from adaptive_stream.cli.journeys_new import SCHEMAS
from adaptive_stream.cli.main import main
from adaptive_stream.stories.examples import conditions, run_examples
from tests.rules.rule_files import CHANNELS, SHIPPED, copied, shipped

TEMPLATE_NAMES = sorted(path.stem for path in TEMPLATES.glob("*.yaml"))
SHIPPED_FILES = sorted(
    path.relative_to(SHIPPED).as_posix()
    for path in SHIPPED.rglob("*.yaml")
    if "yaml-language-server" in path.read_text("utf-8")
)
FILE = re.compile(r"# yaml-language-server: \$schema=(\S+)")


@pytest.mark.parametrize("template", TEMPLATE_NAMES)
def test_every_template_is_a_journey_that_works(template: str, tmp_path: Path) -> None:
    """What she begins with has no fault, and its examples pass."""
    rules_dir = copied(tmp_path)
    command = ["journeys", "new", "mine", "--from", template, "--rules-dir", str(rules_dir)]
    assert main(command) == 0

    files = read_rules(rules_dir, CHANNELS)

    assert files.faults == ()
    mine = next(file for file in files.journeys if file.journey.name == "mine")
    results = run_examples(mine, files.rules)
    assert len(results) >= 3
    assert [result.why for result in results if not result.passed] == []


@pytest.mark.parametrize("template", [name for name in TEMPLATE_NAMES if name != "template"])
def test_every_rule_of_a_template_is_shown(template: str) -> None:
    """A template is an example of examples, too: nothing of it could be lost unseen."""
    contents = {
        "conditions.yaml": (SHIPPED / "conditions.yaml").read_bytes(),
        f"journeys/{template}.yaml": (TEMPLATES / f"{template}.yaml").read_bytes(),
    }
    files = read_contents(contents, CHANNELS)
    (file,) = files.journeys
    seen = {n for result in run_examples(file, files.rules) for n in result.conditions_shown}
    assert set(conditions(file.journey)) <= seen


def test_a_journey_that_there_is_can_be_begun_from(tmp_path: Path) -> None:
    """The shipped journeys are templates, too; only the name is another."""
    rules_dir = copied(tmp_path)
    command = ["journeys", "new", "price-rise", "--from", "price-drop"]
    assert main([*command, "--rules-dir", str(rules_dir)]) == 0
    text = (rules_dir / "journeys/price-rise.yaml").read_text("utf-8")
    before = (rules_dir / "journeys/price-drop.yaml").read_text("utf-8")
    assert text == before.replace("journey: price-drop", "journey: price-rise", 1)


@pytest.mark.parametrize(
    ("words", "exit_code", "says"),
    [
        (["mine", "--from", "tempalte"], 3, "did you mean 'template'?"),
        (["win-back", "--from", "template"], 2, "there is a journey 'win-back'"),
        (["Mine!", "--from", "template"], 2, "is no name for a journey"),
    ],
)
def test_what_cannot_be_begun_is_said(
    words: list[str],
    exit_code: int,
    says: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing is overwritten, and a mistyped template is answered with the right one."""
    rules_dir = copied(tmp_path)
    before = sorted(rules_dir.rglob("*"))
    assert main(["journeys", "new", *words, "--rules-dir", str(rules_dir)]) == exit_code
    assert says in capsys.readouterr().err
    assert sorted(rules_dir.rglob("*")) == before


def test_the_schemas_that_are_committed_are_those_of_the_code() -> None:
    """Whoever changes a key, or a shipped condition, regenerates them: `journeys schema`."""
    made = schemas(shipped().conditions)
    committed = {path.name: path.read_bytes() for path in (SHIPPED / SCHEMAS).glob("*.json")}
    assert committed == made


@pytest.mark.parametrize("file", SHIPPED_FILES)
def test_an_editor_finds_no_fault_with_what_is_shipped(file: str) -> None:
    """Her editor marks nothing that the check lets pass."""
    path = SHIPPED / file
    text = path.read_text("utf-8")
    named = FILE.search(text)
    assert named
    schema = json.loads((path.parent / named[1]).read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load(text), schema)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("stop_when: [bought_these_items", "stop_when: [bougth_these_items"),
        ("hold_when:", "hold_wen:"),
        ("at_most: 2h", "at_most: 2 hours"),
        ("purpose: marketing", "purpose: sales"),
        ("unless: opened discount", "unless: opnd discount"),
    ],
)
def test_an_editor_marks_what_is_mistyped(before: str, after: str) -> None:
    """She sees it while she writes."""
    text = (SHIPPED / "journeys/abandoned-cart.yaml").read_text("utf-8")
    assert before in text
    schema = json.loads((SHIPPED / SCHEMAS / "journey.json").read_text("utf-8"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(text.replace(before, after)), schema)


def test_every_key_says_what_it_means() -> None:
    """An editor shows a sentence beside every key."""
    schema = json.loads((SHIPPED / SCHEMAS / "standing.json").read_text("utf-8"))
    said = schema["items"]["properties"]
    assert set(said) == set(STANDING_KEYS)
    assert all(key["description"] for key in said.values())
