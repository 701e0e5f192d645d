"""A consumer can generate its classes from topics/schemas, and what is written fits them."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import jsonschema
import pytest

from adaptive_stream import outputs
from adaptive_stream.outputs import TOPICS
from adaptive_stream.outputs.schemas import SCHEMAS
from adaptive_stream.stories.phrases import SHORT_OF
from tests.engine.test_stories import played
from tests.outputs.examples import DECISIONS

ROOT = Path(__file__).parents[2]
SCHEMAS_DIR = ROOT / "topics" / "schemas"


def stem(path: Path) -> str:
    return path.stem


@cache
def validator(name: str) -> jsonschema.Draft202012Validator:
    schema = json.loads((SCHEMAS_DIR / f"{name}.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def schema_of(topic: str) -> str:
    return "suppressions.v1" if topic.startswith("suppressions.") else topic


def test_the_command_writes_the_schemas_that_are_committed(tmp_path):
    """A field that somebody adds or drops shows up in review as a change of the schema."""
    command = [sys.executable, "-m", "adaptive_stream.outputs.schemas", str(tmp_path)]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)

    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    assert set(written) == {f"{name}.json" for name in SCHEMAS}
    for name, text in written.items():
        assert (SCHEMAS_DIR / name).read_bytes() == text, f"run {' '.join(command[1:3])}"


@pytest.mark.parametrize("decision", DECISIONS.values(), ids=DECISIONS)
def test_what_is_written_fits_its_schema(decision):
    """A consumer that validates, or generates classes, trips over no record."""
    for record in outputs.records(decision):
        if record.value is not None:
            validator(schema_of(record.topic)).validate(json.loads(record.value))


@pytest.mark.parametrize("topic", outputs.TOPICS)
def test_every_output_topic_has_a_schema_that_asks_for_something(topic):
    """A schema that lets everything through would tell a consumer nothing."""
    with pytest.raises(jsonschema.ValidationError):
        validator(schema_of(topic)).validate({"customer": "c-71f0"})


def test_a_consumer_that_validates_survives_a_field_that_is_added_later():
    """New fields come without a new version; the schemas are open for them."""
    (record,) = outputs.records(DECISIONS["suppression"])

    validator("suppressions.v1").validate({**json.loads(record.value), "added_later": 1})


@pytest.mark.parametrize("path", sorted((ROOT / "tests" / "cases").glob("*.story")), ids=stem)
def test_all_that_comes_of_a_story_fits_its_schema(path):
    """Not examples alone: whatever the engine says of carts, contracts and merges is declared."""
    _, outputs_of_story = played(path)
    validators = {
        short: validator(schema_of(topic)) for topic, short in SHORT_OF.items() if topic in TOPICS
    }

    assert outputs_of_story
    for one in outputs_of_story:
        if one.topic in validators and one.value is not None:
            validators[one.topic].validate(one.value)
