"""Every query that is committed: of panels, of marks over them, of rules."""

import re
from collections.abc import Iterator

from deploy.grafana.asks import filled
from deploy.grafana.dashboards import dashboards
from tests.observability.prometheus import rules

SELECTOR = re.compile(
    r"\b(?:adaptive_stream[a-z_]*(?::[a-z_]+:[a-z0-9_]+)?|process_[a-z_]+|up)\b(?:\{[^}]*\})?"
)


def of_panels() -> Iterator[tuple[str, str]]:
    """(where it stands, query)."""
    for board in dashboards().values():
        for panel in board["panels"]:
            for target in panel["targets"]:
                yield f"{board['title']}/{panel['title']}", filled(target["expr"])


def of_marks() -> Iterator[tuple[str, str]]:
    """The same of annotations, which have a value only at times."""
    for board in dashboards().values():
        for mark in board["annotations"]["list"]:
            yield f"{board['title']}/{mark['name']}", mark["expr"]


def of_rules(factor: int) -> Iterator[tuple[str, str]]:
    """What is recorded, and each series that an alert looks at: by itself it is mostly silent."""
    for file in rules(factor).values():
        for rule in (rule for group in file["groups"] for rule in group["rules"]):
            if "record" in rule:
                yield rule["record"], rule["expr"]
            else:
                for selector in SELECTOR.findall(rule["expr"]):
                    yield rule["alert"], selector
