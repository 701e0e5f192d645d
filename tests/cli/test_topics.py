"""What `topics` does without a cluster: check, export, report, bind."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from adaptive_stream.cli.main import main

ROOT = Path(__file__).parents[2]
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def topics_dir(tmp_path: Path) -> Path:
    """A copy of topics/ that a test may spoil."""
    return Path(shutil.copytree(ROOT / "topics", tmp_path / "topics"))


@pytest.fixture
def run(topics_dir: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `topics WORDS` on the copy: (exit code, all that it said)."""

    def run_(*words: str) -> tuple[int, str]:
        code = main(["topics", *words, "--topics-dir", str(topics_dir)])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run_


def test_the_shipped_files_have_no_fault(run: Run) -> None:
    """Whoever starts with our files starts with files that agree."""
    code, said = run("check")

    assert code == 0
    assert said.startswith("no faults: 46 topics, 12 channels, ")


def test_faults_are_told_one_by_one_and_fail_the_command(run: Run, topics_dir: Path) -> None:
    """A pipeline stops at a fault, and a person reads where it is."""
    (topics_dir / "channels" / "web.yaml").unlink()
    (topics_dir / "clock.v1.yaml").write_text("apiVersion: [\n")

    code, said = run("check", "--json")

    faults = [json.loads(line) for line in said.splitlines()]
    assert code == 1
    assert [fault["file"] for fault in faults] == [
        "topics/channels/web.yaml",
        "topics/clock.v1.yaml",
    ]
    assert all(fault["says"] and fault["remedy"] for fault in faults)


def test_an_export_is_what_kubectl_takes(run: Run, topics_dir: Path) -> None:
    """A deployment with a prefix and fewer brokers hands the same topics to the operator."""
    code, said = run("export", "--prefix", "crm.", "--profile", "laptop", "--cluster", "main")

    resources = {each["metadata"]["name"]: each for each in yaml.safe_load_all(said)}
    web = resources["crm.channel.web.v1"]
    declared = yaml.safe_load((topics_dir / "channel.web.v1.yaml").read_text())
    assert code == 0
    assert len(resources) == 46
    assert web["metadata"]["labels"] == {"strimzi.io/cluster": "main"}
    assert web["metadata"]["annotations"] == {
        **declared["metadata"]["annotations"],
        "adaptive-stream.io/dlq": "crm.channel.web.v1.dlq",
    }
    assert web["spec"] == {
        "partitions": 1,
        "replicas": 1,
        "config": {**declared["spec"]["config"], "min.insync.replicas": 1},
    }


def test_an_export_of_production_is_the_files_themselves(run: Run, topics_dir: Path) -> None:
    """The file that was reviewed is the file that is applied, whichever tool applies it."""
    said = run("export")[1]

    exported = {each["metadata"]["name"]: each for each in yaml.safe_load_all(said)}
    declared = [yaml.safe_load(path.read_text()) for path in topics_dir.glob("*.yaml")]
    assert exported == {each["metadata"]["name"]: each for each in declared}


def test_the_report_says_whose_data_is_kept_how_long(run: Run) -> None:
    """A data protection officer gets one table, and needs no engineer to read it."""
    rows = [json.loads(line) for line in run("report", "--json")[1].splitlines()]

    by_topic = {row["topic"]: row for row in rows}
    assert by_topic["channel.store.v1"] == {
        "topic": "channel.store.v1",
        "owner": "stores@shop.example",
        "key": "any",
        "pii": "direct",
        "kept": "14 d",
        "dlq": "channel.store.v1.dlq",
        "schema": "any",
    }
    assert by_topic["customer.changelog.v1"]["kept"] == "last of each key, older gone in 7 d"
    assert run("report")[1].splitlines()[0].split() == ["topic", "owner", "key", "pii", "kept"]


def test_a_binding_that_cannot_be_leaves_the_file_alone(run: Run, topics_dir: Path) -> None:
    """Two channels that read one topic would count each fact twice: nothing is written."""
    path = topics_dir / "channels" / "store.yaml"
    before = path.read_text()

    code, said = run("bind", "store", "channel.web.v1")

    assert code == 2
    assert f"{path} stays as it was" in said
    assert path.read_text() == before


def test_binding_twice_changes_nothing(run: Run, topics_dir: Path) -> None:
    """A script may bind as often as it runs."""
    run("bind", "web", "segment.events", "--format", "segment")
    once = (topics_dir / "channels" / "web.yaml").read_text()

    code, said = run("bind", "web", "segment.events", "--format", "segment", "--json")

    assert (code, json.loads(said)["changed"]) == (0, False)
    assert (topics_dir / "channels" / "web.yaml").read_text() == once
