"""What is committed for Prometheus and Grafana: it is whole, and each part leads to the others."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from adaptive_stream.metrics.listed import METRICS
from adaptive_stream.metrics.words import STAGES
from deploy.grafana.dashboards import HERE, dashboards, written
from tests.tools import tool

pytestmark = pytest.mark.slow(25)

DEPLOY = HERE.parent
RUNBOOK = (DEPLOY / "runbook.md").read_text()
SUFFIXES = ("_bucket", "_sum", "_count", "")
OF_PROCESSES = ("process_start_time_seconds", "process_cpu_seconds_total")
OF_PROCESSES += ("process_resident_memory_bytes", "up")
METRIC = re.compile(r"\b(?:adaptive_stream[a-z_]*(?::[a-z_]+:[a-z0-9_]+)?|process_[a-z_]+|up)\b")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def _rules(name: str) -> list[dict[str, Any]]:
    found = yaml.safe_load((DEPLOY / "prometheus" / name).read_text())
    return [rule for group in found["groups"] for rule in group["rules"]]


ALERTS = {rule["alert"]: rule for rule in _rules("alerts.yaml")}
RECORDED = {rule["record"]: rule["expr"] for rule in _rules("recording.yaml")}
PANELS = {
    (board["uid"], panel["id"]): panel
    for board in dashboards().values()
    for panel in board["panels"]
}


def _promtool(*words: str, cwd: Path = DEPLOY / "prometheus") -> str:
    done = subprocess.run(
        [tool("promtool"), *words], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prometheus_takes_the_configuration() -> None:
    """An operator who starts Prometheus on it is told of no fault."""
    _promtool("check", "config", "prometheus.yaml")


def test_each_alert_rings_for_what_it_is_about_and_not_just_below() -> None:
    """An operator is woken by what the alert's name says, and by nothing less."""
    cases = yaml.safe_load((Path(__file__).parent / "rules_test.yaml").read_text())
    checks = [check for case in cases["tests"] for check in case["alert_rule_test"]]
    rings = {check["alertname"] for check in checks if check["exp_alerts"]}
    silent = {check["alertname"] for check in checks if not check["exp_alerts"]}
    assert rings == silent == set(ALERTS)
    _promtool("test", "rules", "rules_test.yaml", cwd=Path(__file__).parent)


def test_the_dashboards_are_what_their_module_writes() -> None:
    """What Grafana is given is what was reviewed, byte for byte."""
    committed = {path.name: path.read_text() for path in HERE.glob("*.json")}
    assert committed == {name: written(board) for name, board in dashboards().items()}


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_leads_to_its_panel_and_its_section_of_the_runbook(name: str) -> None:
    """Whoever is woken is two clicks away from what to look at and what to do."""
    notes = ALERTS[name]["annotations"]
    anchors = {heading.lower().replace(" ", "-") for heading in HEADING.findall(RUNBOOK)}
    assert notes["runbook_url"] == "{{ $externalLabels.docs }}/runbook.md#" + name.lower()
    assert name.lower() in anchors
    place = re.fullmatch(
        r"\{\{ \$externalLabels\.grafana \}\}/d/([a-z-]+)\?viewPanel=(\d+)", notes["panel_url"]
    )
    assert place is not None
    panel = PANELS[place[1], int(place[2])]
    assert name in [link["title"].removeprefix("Runbook: ") for link in panel["links"]]


def test_a_panel_leads_to_sections_that_exist() -> None:
    """Nobody follows a link from a red panel into nothing."""
    named = [link for panel in PANELS.values() for link in panel["links"]]
    for link in named:
        alert = link["title"].removeprefix("Runbook: ")
        assert alert in ALERTS
        assert link["url"] == "${docs}/runbook.md#" + alert.lower()


def test_alerts_and_panels_lead_to_the_same_place() -> None:
    """A deployment says in two places where its runbook is, and both begin with the same."""
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yaml").read_text())
    for board in dashboards().values():
        (docs,) = [each for each in board["templating"]["list"] if each["name"] == "docs"]
        assert docs["query"] == config["global"]["external_labels"]["docs"]


def test_every_section_of_the_runbook_has_its_alert() -> None:
    """A section about an alert that was removed misleads."""
    sections = re.findall(r"^### (\w+)$", RUNBOOK, re.MULTILINE)
    assert sorted(sections) == sorted(ALERTS)
    severities = {name: rule["labels"]["severity"] for name, rule in ALERTS.items()}
    pages = RUNBOOK[RUNBOOK.index("## Pages") : RUNBOOK.index("## Tickets")]
    assert {name for name in ALERTS if f"### {name}\n" in pages} == {
        name for name, severity in severities.items() if severity == "page"
    }


def test_nothing_is_asked_for_that_no_process_has() -> None:
    """No panel is empty for ever and no alert silent for ever because of a misspelt name."""
    exposed = {metric.exposed + suffix for metric in METRICS for suffix in SUFFIXES}
    known = exposed | set(RECORDED) | set(OF_PROCESSES)
    asked = [rule["expr"] for rule in ALERTS.values()] + list(RECORDED.values())
    for board in dashboards().values():
        asked += [target["expr"] for panel in board["panels"] for target in panel["targets"]]
        asked += [note["expr"] for note in board["annotations"]["list"]]
    named = {name for expr in asked for name in METRIC.findall(expr)}
    assert named - known == set()
    assert len(named) > len(METRICS) / 2


def test_every_metric_is_drawn_somewhere() -> None:
    """What a process counts can be seen by somebody."""
    drawn = json.dumps([list(dashboards().values()), RECORDED])
    assert [each.exposed for each in METRICS if each.exposed not in drawn] == []


def test_metrics_are_named_as_prometheus_names_them() -> None:
    """Whoever knows Prometheus guesses a name right."""
    for metric in METRICS:
        assert set(metric.stages) <= set(STAGES)
        assert not metric.name.endswith(("_total", "_info", "_ms", "_bucket", "_count", "_sum"))
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", metric.name)
        assert metric.says.endswith(".")
