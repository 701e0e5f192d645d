"""Judges what a runner noted where a row looked: metrics, boards, and how rules stand."""

from collections.abc import Mapping, Sequence

from adaptive_stream.stories import phrases
from adaptive_stream.stories.calendar import Calendar, parse_iso
from adaptive_stream.stories.compare import equal, field
from adaptive_stream.stories.output import Json, Output, plain
from adaptive_stream.stories.story import Row, Story, Value
from adaptive_stream.stories.verdict import FAILED, PASSED, Near, Verdict


def metric(_story: Story, outputs: Sequence[Output], row: Row) -> Verdict:
    """The sum of a metric's series that have the row's labels, at the row's time."""
    name, _, labels = row.words[0].removesuffix("}").partition("{")
    wanted = dict(label.split("=", 1) for label in labels.split(",") if label)
    total = 0
    for output in noted(outputs, phrases.METRIC, row):
        if output.key == name and output.value and wanted.items() <= output.value.items():
            total += int(str(output.value["value"]))
    if equal(row.fields.get("value", ""), total):
        return Verdict(row, PASSED)
    return Verdict(row, FAILED, f"is {total}, not {row.fields.get('value')}")


def sources(story: Story, outputs: Sequence[Output], row: Row) -> Verdict:
    """What the board says of one source."""
    wanted = {name: value for name, value in row.fields.items() if name != "source"}
    for output in noted(outputs, phrases.SOURCES, row):
        if output.key == row.fields["source"]:
            return _compared(story, row, output, wanted)
    return Verdict(row, FAILED, "is not on the board")


def told(story: Story, outputs: Sequence[Output], row: Row) -> Verdict:
    """What the runner noted last, of whatever it noted it."""
    found = [o for o in outputs if o.topic == row.subject and o.known_ms <= row.at_ms]
    if not found:
        return Verdict(row, FAILED, "was not looked at")
    return _compared(story, row, found[-1], row.fields)


def shadow(story: Story, outputs: Sequence[Output], row: Row) -> Verdict:
    """What is counted of the journey that was published last to run beside, and what anybody
    was told of it since."""
    rows = [r for r in story.rows if r.at_ms <= row.at_ms and "--shadow" in r.words]
    if not rows:
        return Verdict(row, FAILED, "nothing runs beside")
    name = rows[-1].words[1].removesuffix(".yaml")
    since_ms = rows[-1].at_ms
    seen: dict[str, Json] = {
        word: sum(
            int(str(one.value["value"]))
            for one in noted(outputs, phrases.METRIC, row)
            if one.value and one.key == f"shadow_{word}_total" and one.value["journey"] == name
        )
        for word in ("would_have_sent", "would_have_stopped")
    }
    about = [o for o in outputs if o.topic in phrases.TOPIC_OF and name in o.text()]
    seen["side_effects"] = [o.topic for o in about if since_ms <= o.known_ms <= row.at_ms]
    return _compared(story, row, Output(phrases.SHADOW, row.at_ms, name, seen), row.fields)


def _compared(story: Story, row: Row, output: Output, wanted: Mapping[str, Value]) -> Verdict:
    seen = output.value or {}
    differences = tuple(
        (name, str(value), shown(field(seen, name), story.calendar))
        for name, value in wanted.items()
        if not equal(value, field(seen, name))
    )
    if not differences:
        return Verdict(row, PASSED)
    return Verdict(row, FAILED, "says otherwise", (Near(output, seen, differences),))


def noted(outputs: Sequence[Output], topic: str, row: Row) -> list[Output]:
    """What the runner noted when it looked at the row's time."""
    return [o for o in outputs if o.topic == topic and o.known_ms == row.at_ms]


def shown(actual: Json, calendar: Calendar) -> str:
    """A value as a row would write it, times as the story counts them."""
    value = plain(actual)
    if isinstance(value, frozenset):
        return ",".join(sorted(value)) or "none"
    at_ms = parse_iso(value) if isinstance(value, str) else None
    if at_ms is not None:
        return calendar.text(at_ms)
    return "none" if value is None else str(value).lower() if value is True else str(value)


QUERIES = {
    phrases.METRIC: metric,
    phrases.SOURCES: sources,
    phrases.SHADOW: shadow,
    phrases.DIFF: told,
    phrases.INSTANCES: told,
}
