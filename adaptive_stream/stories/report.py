"""Says what became of a story, in the words of the story: for people first, as JSON for others."""

from collections.abc import Iterable, Sequence

from adaptive_stream.stories.story import Story
from adaptive_stream.stories.verdict import FAILED, PASSED, PENDING, Near, Verdict

_TOLD = ("journey", "instance", "step", "offer", "steps", "because")


def count(verdicts: Sequence[Verdict], result: str) -> int:
    """How many rows ended so."""
    return sum(1 for verdict in verdicts if verdict.result == result)


def judged(verdicts: Sequence[Verdict]) -> bool:
    """Whether some row passed, or none of the rows can be judged yet."""
    return count(verdicts, PASSED) > 0 or count(verdicts, PENDING) == len(verdicts)


def result(verdicts: Sequence[Verdict]) -> str:
    """Of a whole story: one failed row fails it; without a row that could be judged it waits."""
    if count(verdicts, FAILED):
        return FAILED
    return PASSED if count(verdicts, PASSED) else PENDING


def summary(story: Story, verdicts: Sequence[Verdict]) -> str:
    """One line: `S01 passed: 7 rows as expected, 2 pending (the gate)`."""
    failed = count(verdicts, FAILED)
    words = f"{story.sid} {result(verdicts)}: "
    words += f"{count(verdicts, PASSED)} rows as expected"
    if failed:
        words += f", {failed} not"
    waits_for = sorted({verdict.says for verdict in verdicts if verdict.result == PENDING})
    if waits_for:
        words += f", {count(verdicts, PENDING)} pending ({', '.join(waits_for)})"
    return f"{words}  {story.title}"


def failures(story: Story, verdicts: Iterable[Verdict]) -> str:
    """Each row that failed: where it stands, what it wants, and what came near."""
    lines: list[str] = []
    for verdict in verdicts:
        if verdict.result != FAILED:
            continue
        lines.append(f"{story.file}:{verdict.row.line}: {verdict.says}")
        lines.append(f"  wanted  {verdict.row.text}")
        if not verdict.near and verdict.row.verb == "out":
            lines.append(f"  came    nothing at all on {verdict.row.subject}")
        for near in verdict.near:
            lines += _near(story, verdict, near)
    return "\n".join(lines)


def _near(story: Story, verdict: Verdict, near: Near) -> Iterable[str]:
    told = [f"{name}={_shown(near, name)}" for name in _TOLD if _shown(near, name)]
    if near.output.topic == "state":
        told = [str(near.seen.get("name")), str(near.seen.get("key", ""))]
    elif "action" in near.seen:
        told.insert(0, str(near.seen["action"]))
    at = story.calendar.text(near.output.known_ms)
    yield f"  {'came  ' if not near.differences else 'near  '}  {at} {' '.join(filter(None, told))}"
    for name, wanted, actual in near.differences:
        yield f"            {name or 'it'} is {actual}, not {wanted}"
    if verdict.row.verb == "out" and near.output.known_ms != verdict.row.at_ms:
        yield f"            it was known at {at}, not at {story.calendar.text(verdict.row.at_ms)}"


def _shown(near: Near, name: str) -> str:
    value = near.seen.get(name)
    if isinstance(value, list | tuple):
        return ",".join(str(one) for one in value)
    return "" if value is None else str(value)


def as_json(story: Story, verdicts: Sequence[Verdict]) -> dict[str, object]:
    """One object for each story, stable: what others build on."""
    return {
        "story": story.sid,
        "title": story.title,
        "file": story.file,
        "result": result(verdicts),
        "rows": {name: count(verdicts, name) for name in (PASSED, FAILED, PENDING)},
        "failures": [
            {
                "line": verdict.row.line,
                "row": verdict.row.text,
                "says": verdict.says,
                "near": [
                    {
                        "known_time": story.calendar.text(near.output.known_ms),
                        "record": near.output.value,
                        "differs": [
                            {"field": name, "wanted": wanted, "is": actual}
                            for name, wanted, actual in near.differences
                        ],
                    }
                    for near in verdict.near
                ],
            }
            for verdict in verdicts
            if verdict.result == FAILED
        ],
    }
