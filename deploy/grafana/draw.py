"""Draws the dashboards from a Prometheus, where no Grafana is at hand: the same queries, the same
places, colours and links of red to values. `python -m deploy.grafana.draw http://127.0.0.1:9090`
"""

import argparse
import json
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from io import BytesIO
from math import isfinite
from pathlib import Path
from typing import Any

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from PIL import Image

from deploy.grafana.asks import filled
from deploy.grafana.dashboards import HERE, dashboards
from deploy.grafana.panels import COLUMNS, Json

Series = list[tuple[dict[str, str], list[tuple[float, float]]]]
Asked = Callable[[str], Series]  # A query -> its series, each as (seconds, value).

COLUMN_IN, LINE_IN, DOTS_PER_IN = 0.66, 0.42, 72
GAP_IN, TITLE_IN = 0.14, 0.6
COLOURS = colormaps["tab20"].colors
SHADES = {"green": "#37872d", "orange": "#e0872c", "red": "#c4162a"}
PAPER, CARD, INK, FAINT = "#111217", "#181b1f", "#d8d9da", "#44474d"
LEGEND_MAX, LONG_NAME = 8, 17
PALETTE = 96  # Colours of an image: it stays below 200 KB.
BYTES = ("B", "KiB", "MiB", "GiB", "TiB")


def told(value: float, unit: str) -> str:
    """A number as a person reads it."""
    if unit == "s":
        return _seconds(value)
    if unit == "percentunit":
        return f"{value * 100:.3g} %"
    if unit == "bytes":
        power = 0
        while value >= 1024 and power < len(BYTES) - 1:
            value, power = value / 1024, power + 1
        return f"{value:.3g} {BYTES[power]}"
    digits = f"{value:,.0f}" if value == round(value) or value >= 100 else f"{value:.2g}"
    return f"{digits}/s" if unit == "cps" else digits


def _seconds(value: float) -> str:
    if value < 1:
        return f"{value * 1000:.3g} ms"
    if value < 120:
        return f"{value:.3g} s"
    return f"{value / 60:.3g} min" if value < 7200 else f"{value / 3600:.3g} h"


def _legend(ask: Json, labels: dict[str, str]) -> str:
    text = ask["legendFormat"] or " ".join(
        value for name, value in labels.items() if name != "__name__"
    )
    for name, value in labels.items():
        text = text.replace("{{" + name + "}}", value)
    return text


def draw(board: Json, asked: Asked, path: Path) -> None:
    """One dashboard as a PNG."""
    lines = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in board["panels"])
    width, height = COLUMNS * COLUMN_IN + GAP_IN, lines * LINE_IN + TITLE_IN
    figure = Figure(figsize=(width, height), dpi=DOTS_PER_IN, facecolor=PAPER)
    figure.text(GAP_IN / width, 1 - 0.4 / height, board["title"], color=INK, size=17)
    for panel in board["panels"]:
        place = panel["gridPos"]
        left = (place["x"] * COLUMN_IN + GAP_IN) / width
        bottom = ((lines - place["y"] - place["h"]) * LINE_IN + GAP_IN) / height
        size = (
            (place["w"] * COLUMN_IN - GAP_IN) / width,
            (place["h"] * LINE_IN - GAP_IN) / height,
        )
        card = figure.add_axes((left, bottom, *size), facecolor=CARD)
        card.set(xticks=[], yticks=[])
        card.spines[:].set_color(FAINT)
        card.text(0.012, 0.97, panel["title"], color=INK, size=10, va="top", weight="bold")
        found = [
            (ask, labels, points)
            for ask in panel["targets"]
            for labels, every in asked(filled(ask["expr"]))
            if (points := [each for each in every if isfinite(each[1])])
        ]
        DRAWN[panel["type"]](card, panel, found)
    drawn = BytesIO()
    figure.savefig(drawn)
    Image.open(drawn).convert("RGB").quantize(PALETTE).save(path, optimize=True)


Found = list[tuple[Json, dict[str, str], list[tuple[float, float]]]]


def _stat(card: Axes, panel: Json, found: Found) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    values = [(ask["legendFormat"], points[-1][1]) for ask, _, points in found]
    shade = SHADES["green"]
    for step in defaults["thresholds"]["steps"]:
        if step["value"] is None or any(value >= step["value"] for _, value in values):
            shade = SHADES[step["color"]]
    card.set_facecolor(shade)
    each = 1 / max(1, len(values))
    for n, (name, value) in enumerate(values):
        text = told(value, defaults["unit"])
        size = 21 if len(values) == 1 else 16
        card.text((n + 0.5) * each, 0.42, text, color="white", size=size, ha="center", va="center")
        card.text((n + 0.5) * each, 0.14, name, color="white", size=9, ha="center", va="center")


def _graph(card: Axes, panel: Json, found: Found) -> None:
    axes = card.inset_axes((0.09, 0.25, 0.89, 0.6), facecolor=CARD)
    axes.spines[:].set_visible(False)
    axes.grid(color=FAINT, linewidth=0.4)
    axes.tick_params(colors=INK, labelsize=8, length=0)
    defaults = panel["fieldConfig"]["defaults"]
    unit = defaults["unit"]
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: told(value, unit)))
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda at, _: time.strftime("%H:%M:%S", time.gmtime(at)))
    )
    axes.locator_params(axis="both", nbins=5)
    found = sorted(found, key=lambda each: -max(value for _, value in each[2]))
    if defaults["custom"]["stacking"]["mode"] == "normal":
        _stacked(axes, found)
    else:
        for n, (_, _, points) in enumerate(found):
            axes.plot(*zip(*points, strict=True), color=COLOURS[n % 20], linewidth=1.3)
    spoke = [each for each in found if any(value for _, value in each[2])] or found
    top = axes.get_ylim()[1] if any(value for _, _, points in found for _, value in points) else 1
    axes.set_ylim(0, top)
    for step in defaults["thresholds"]["steps"]:
        if step["value"] is not None and step["value"] <= 2 * top:
            axes.axhline(step["value"], color=SHADES[step["color"]], linewidth=1, linestyle="--")
    _name(card, [_legend(ask, labels) for ask, labels, _ in spoke])


def _stacked(axes: Axes, found: Found) -> None:
    times = sorted({at for _, _, points in found for at, _ in points})
    rows = [[dict(points).get(at, 0.0) for at in times] for _, _, points in found]
    colours = [COLOURS[n % 20] for n in range(len(rows))]
    if rows:
        axes.stackplot(times, rows, colors=colours, alpha=0.75)


def _name(card: Axes, names: list[str]) -> None:
    """The largest first; how many more there are."""
    columns = 4 if all(len(name) <= LONG_NAME for name in names) else 2
    shown = names[: LEGEND_MAX * columns // 4]
    for n, name in enumerate(shown):
        x, y = 0.02 + (n % columns) * 0.98 / columns, 0.105 - (n // columns) * 0.065
        card.text(x, y, "▬", color=COLOURS[n % 20], size=8)
        card.text(x + 0.028, y, name[: 90 // columns], color=INK, size=7.5)
    if len(names) > len(shown):
        rest = f"and {len(names) - len(shown)} more"
        card.text(0.985, 0.94, rest, color=INK, size=7.5, ha="right", va="center")


def _table(card: Axes, panel: Json, found: Found) -> None:
    del panel
    for n, (_, labels, _) in enumerate(found[:12]):
        text = "   ".join(value for name, value in labels.items() if name != "__name__")
        card.text(0.02, 0.84 - n * 0.066, text, color=INK, size=8.5, family="monospace", va="top")


DRAWN = {"stat": _stat, "timeseries": _graph, "table": _table}


def from_prometheus(url: str, minutes: float) -> Asked:
    """Asks a Prometheus about the last minutes."""

    def asked(expr: str) -> Series:
        end = time.time()
        words = {"query": expr, "start": end - minutes * 60, "end": end, "step": minutes / 5}
        query = urllib.parse.urlencode(words)
        with urllib.request.urlopen(f"{url}/api/v1/query_range?{query}", timeout=30) as answer:
            found: list[Any] = json.load(answer)["data"]["result"]
        return [
            (each["metric"], [(at, float(value)) for at, value in each["values"]]) for each in found
        ]

    return asked


def main() -> None:
    """Draws all three beside their JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="of the Prometheus")
    parser.add_argument("--minutes", type=float, default=60.0, help="how far back (60)")
    parser.add_argument("--to", type=Path, default=HERE, help="the directory for the images")
    args = parser.parse_args()
    for name, board in dashboards().items():
        asked = from_prometheus(args.url, args.minutes)
        draw(board, asked, (args.to / name).with_suffix(".png"))


if __name__ == "__main__":
    main()
