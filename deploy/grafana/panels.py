"""Dashboards as plain dicts, in the schema of Grafana 12: what every panel of ours has in common.

Rule 1: a panel is told what to ask, how to read it, and when it is bad; its place comes from its
order, so that a panel can be added in the middle.
Rule 2: a panel that an alert is about names it, and leads to its section of the runbook.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

Json = dict[str, Any]
SCHEMA_VERSION = 41
COLUMNS = 24
DATA = {"type": "prometheus", "uid": "${datasource}"}
GOOD, ODD, BAD = "green", "orange", "red"


class Ask(NamedTuple):
    """A query and how its series are called (Grafana's legend, `{{label}}`)."""

    expr: str
    legend: str = ""


class Panel(NamedTuple):
    """`bounds`: from which value on it has which colour. `of`: what it is made of in Grafana."""

    title: str
    says: str
    asks: tuple[Ask, ...]
    unit: str
    type: str = "timeseries"
    bounds: tuple[tuple[float | None, str], ...] = ((None, GOOD),)
    alerts: tuple[str, ...] = ()
    width: int = 8
    height: int = 8
    stacked: bool = False
    maximum: float | None = None


def stat(title: str, says: str, asks: Sequence[Ask], unit: str, **more: Any) -> Panel:
    """A number for the first glance, coloured by its bounds."""
    return Panel(title, says, tuple(asks), unit, "stat", width=4, height=5, **more)


def graph(title: str, says: str, asks: Sequence[Ask], unit: str, **more: Any) -> Panel:
    """Lines over time."""
    return Panel(title, says, tuple(asks), unit, **more)


def table(title: str, says: str, ask: Ask, **more: Any) -> Panel:
    """The labels of what is there now."""
    return Panel(title, says, (ask,), "short", "table", **more)


class Variable(NamedTuple):
    """What the reader may choose: the values of a label of a metric, all at first."""

    name: str
    label: str
    of: str


class Note(NamedTuple):
    """A mark over all graphs wherever the query has a value."""

    name: str
    ask: Ask
    colour: str


def dashboard(
    uid: str,
    title: str,
    says: str,
    panels: Sequence[Panel],
    variables: Sequence[Variable],
    notes: Sequence[Note],
) -> Json:
    """One dashboard, ready to be provisioned. Panels are numbered from 1 in their order."""
    return {
        "uid": uid,
        "title": title,
        "description": says,
        "tags": ["adaptive-stream"],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "links": [_other_dashboards()],
        "templating": {"list": [*_places(), *map(_variable, variables)]},
        "annotations": {"list": list(map(_annotation, notes))},
        "panels": _placed(panels),
    }


def _other_dashboards() -> Json:
    return {
        "type": "dashboards",
        "title": "Adaptive Stream",
        "tags": ["adaptive-stream"],
        "asDropdown": False,
        "includeVars": True,
        "keepTime": True,
    }


def _places() -> list[Json]:
    """Where the numbers come from, and where deploy/ can be read."""
    docs = "https://docs.example/adaptive-stream/deploy"
    return [
        {"name": "datasource", "label": "data", "type": "datasource", "query": "prometheus"},
        {"name": "docs", "type": "constant", "query": docs, "hide": 2},
    ]


def _variable(variable: Variable) -> Json:
    query = f"label_values({variable.of}, {variable.label})"
    return {
        "name": variable.name,
        "label": variable.label,
        "type": "query",
        "datasource": DATA,
        "query": {"query": query, "refId": variable.name},
        "definition": query,
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": ["All"], "value": ["$__all"]},
    }


def _annotation(note: Note) -> Json:
    return {
        "name": note.name,
        "datasource": DATA,
        "enable": True,
        "hide": False,
        "iconColor": note.colour,
        "expr": note.ask.expr,
        "titleFormat": note.name,
        "textFormat": note.ask.legend,
        "step": "10s",
    }


def _placed(panels: Sequence[Panel]) -> list[Json]:
    """Side by side until a line is full."""
    placed, x, y, line_height = [], 0, 0, 0
    for number, panel in enumerate(panels, start=1):
        if x + panel.width > COLUMNS:
            x, y, line_height = 0, y + line_height, 0
        place = {"x": x, "y": y, "w": panel.width, "h": panel.height}
        placed.append(_panel(panel, number) | {"gridPos": place})
        x, line_height = x + panel.width, max(line_height, panel.height)
    return placed


def _panel(panel: Panel, number: int) -> Json:
    return {
        "id": number,
        "type": panel.type,
        "title": panel.title,
        "description": panel.says,
        "datasource": DATA,
        "targets": [_target(panel, n, ask) for n, ask in enumerate(panel.asks)],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _options(panel),
        "links": [_runbook(alert) for alert in panel.alerts],
    }


def _target(panel: Panel, number: int, ask: Ask) -> Json:
    now = panel.type != "timeseries"
    return {
        "refId": chr(ord("A") + number),
        "datasource": DATA,
        "expr": ask.expr,
        "legendFormat": ask.legend,
        "instant": now,
        "range": not now,
        "format": "table" if panel.type == "table" else "time_series",
    }


def _defaults(panel: Panel) -> Json:
    steps = [{"value": value, "color": colour} for value, colour in panel.bounds]
    defaults: Json = {
        "unit": panel.unit,
        "min": 0,
        "thresholds": {"mode": "absolute", "steps": steps},
        "color": {"mode": "thresholds" if panel.type == "stat" else "palette-classic"},
    }
    if panel.maximum is not None:
        defaults["max"] = panel.maximum
    if panel.type == "timeseries":
        defaults["custom"] = {
            "lineWidth": 1,
            "fillOpacity": 30 if panel.stacked else 5,
            "showPoints": "never",
            "stacking": {"mode": "normal" if panel.stacked else "none"},
            "thresholdsStyle": {"mode": "line" if len(panel.bounds) > 1 else "off"},
        }
    return defaults


def _options(panel: Panel) -> Json:
    if panel.type == "stat":
        return {
            "colorMode": "background",
            "graphMode": "none",
            "textMode": "auto" if len(panel.asks) == 1 else "value_and_name",
            "reduceOptions": {"calcs": ["lastNotNull"]},
        }
    if panel.type == "table":
        return {"showHeader": True}
    return {
        "legend": {
            "displayMode": "table",
            "placement": "bottom",
            "calcs": ["lastNotNull", "max"],
            "sortBy": "Max",
            "sortDesc": True,
        },
        "tooltip": {"mode": "multi", "sort": "desc", "hideZeros": True},
    }


def _runbook(alert: str) -> Json:
    url = f"${{docs}}/runbook.md#{alert.lower()}"
    return {"title": f"Runbook: {alert}", "url": url, "targetBlank": True}
