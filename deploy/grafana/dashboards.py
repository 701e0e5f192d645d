"""The three dashboards. `python -m deploy.grafana.dashboards` writes their JSON beside itself.

What is red in them is an alert in ../prometheus/alerts.yaml, or tells where to look when one rings.
"""

import json
from pathlib import Path

from deploy.grafana import machine, people, promise
from deploy.grafana.asks import A
from deploy.grafana.panels import Ask, Json, Note, Variable, dashboard

HERE = Path(__file__).parent
BY_CHANNEL = Variable("channel", "channel", f"{A}facts_total")
BY_STAGE = Variable("stage", "stage", f"{A}ready")
NOTES = (
    Note(
        "Rebalance",
        Ask(f"sum by (stage) (changes({A}rebalances_total[1m])) > 0", "{{stage}}"),
        "blue",
    ),
    Note(
        "Rules changed",
        Ask(
            f"max by (rules) ({A}rules_info) unless max by (rules) ({A}rules_info offset 1m)",
            "{{rules}}",
        ),
        "purple",
    ),
)


def dashboards() -> dict[str, Json]:
    """The three, by the name of their file."""
    return {
        "promise.json": dashboard(
            "adaptive-stream-promise",
            "Is the promise kept?",
            "Whether customers get what was promised to them, at first glance.",
            promise.PANELS,
            (BY_CHANNEL,),
            NOTES,
        ),
        "machine.json": dashboard(
            "adaptive-stream-machine",
            "The machine",
            "Stages, partitions, checkpoints, stores.",
            machine.PANELS,
            (BY_STAGE,),
            NOTES,
        ),
        "people.json": dashboard(
            "adaptive-stream-people",
            "People and data",
            "Who is who, what is refused, and what is wrong in what comes.",
            people.PANELS,
            (BY_CHANNEL,),
            NOTES,
        ),
    }


def written(board: Json) -> str:
    """As it stands in its file."""
    return json.dumps(board, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for name, board in dashboards().items():
        (HERE / name).write_text(written(board))
