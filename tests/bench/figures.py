"""Figures: what each must reach, how they are printed, and the table in README.md."""

import json
import os
import platform
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from adaptive_stream.broker.jars import KAFKA_VERSION

HERE = Path(__file__).parent
SUMMARY = HERE / "results" / "summary.jsonl"
README = HERE / "README.md"
TABLE = "<!-- figures, written by make bench -->\n"


@dataclass(frozen=True)
class Goal:
    """What a figure must reach and should; `more`: more is better."""

    unit: str
    reach: float
    stretch: float
    more: bool = True

    def met(self, value: float) -> bool:
        """Whether it is reached."""
        return value >= self.reach if self.more else value <= self.reach


GOALS = {
    "one_stage_vs_stock_faust": Goal("times", 30, 50),
    "one_stage_vs_quix": Goal("times", 4, 6),
    "one_stage_vs_kafka_streams_eos": Goal("times", 1.3, 2),
    "pipeline_events_per_cpu_s": Goal("facts per CPU second", 20_000, 30_000),
    "suppression_p50_vs_relay": Goal("times", 2, 1.3, more=False),
    "suppression_p99_vs_relay": Goal("times", 3, 1.5, more=False),
    "quiet_p99_beside_hot": Goal("times", 2, 1.2, more=False),
    "restore_vs_stock_faust": Goal("times", 30, 50),
    "restart_s": Goal("s", 5, 2, more=False),
    "memory_growth_mb": Goal("MB", 100, 50, more=False),
    "journeys_100_vs_5": Goal("times", 1.5, 1.2, more=False),
    "live_p99_beside_history": Goal("times", 2, 1.3, more=False),
    "kill_pause_s": Goal("s", 2, 1, more=False),
    "static_restart_pause_s": Goal("s", 3, 1.5, more=False),
}


@dataclass(frozen=True)
class Figure:
    """One result. `detail` says what it was made from; `unit` in it, where there is no goal."""

    name: str
    value: float
    detail: dict[str, Any] = field(default_factory=dict)

    def line(self) -> dict[str, Any]:
        """As an object of the summary."""
        goal = GOALS.get(self.name)
        found: dict[str, Any] = {"name": self.name, "value": rounded(self.value)}
        if goal is not None:
            found |= {"unit": goal.unit, "reach": goal.reach, "stretch": goal.stretch}
            found["met"] = goal.met(self.value)
        return {**found, **self.detail}


def rounded(value: float) -> float:
    """Three digits are all that a shared machine can promise."""
    return round(value) if abs(value) >= 100 else float(f"{value:.3g}")


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "machine": {
            "cpu": _cpu(),
            "cores": os.cpu_count(),
            "memory_gb": round(psutil.virtual_memory().total / (1 << 30)),
            "load_before": round(os.getloadavg()[0], 1),
            "system": f"{platform.system()} {platform.release()}",
            "python": platform.python_version(),
            "kafka": KAFKA_VERSION,
        }
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def show(figure: Figure) -> None:
    """One object a line."""
    print(json.dumps(figure.line()), flush=True)


def publish(figures: Iterable[Figure], about: dict[str, Any]) -> None:
    """Replaces the summary, and the table in README.md."""
    figures = list(figures)
    lines = [about, *(figure.line() for figure in figures)]
    SUMMARY.parent.mkdir(exist_ok=True)
    SUMMARY.write_text("".join(json.dumps(line) + "\n" for line in lines))
    head, _, rest = README.read_text().partition(TABLE)
    _, _, tail = rest.partition(TABLE)
    README.write_text(head + TABLE + table(figures, about) + TABLE + tail)


def table(figures: Iterable[Figure], about: dict[str, Any]) -> str:
    """The summary for a reader."""
    of = about["machine"]
    head = (
        f"{'Quick' if about['quick'] else 'Full'} run on {of['cores']} cores of {of['cpu']}, "
        f"{of['memory_gb']} GB, {of['system']}, Python {of['python']}, Apache Kafka {of['kafka']} "
        f"on the same machine; its load before the run was {of['load_before']}."
    )
    if about["not_measured"]:
        head += f" **Not measured, since it failed: {', '.join(about['not_measured'])}.**"
    rows = [
        head,
        "",
        "| figure | reached | to reach | stretch | made from |",
        "|---|---|---|---|---|",
    ]
    for figure in figures:
        goal = GOALS.get(figure.name)
        detail = dict(figure.detail)
        unit = goal.unit if goal else detail.pop("unit", "")
        mark = "" if goal is None else " ✓" if goal.met(figure.value) else " ✗"
        made = ", ".join(f"{key} {_text(value)}" for key, value in detail.items())
        bounds = f"{goal.reach:,} | {goal.stretch:,}" if goal else "|"
        name = f"`{figure.name}`" if goal else figure.name
        rows.append(f"| {name} | {rounded(figure.value):,} {unit}{mark} | {bounds} | {made} |")
    return "\n".join(rows) + "\n"


def _text(value: Any) -> str:
    if isinstance(value, list):
        return " / ".join(map(_text, value))
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def progress(text: str) -> None:
    """For a person at a terminal, and nobody else."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
