"""The board of sources: who is silent, since when, and how many messages wait for them.

Made from what anybody can read: context.v1 and customer.state.v1.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from adaptive_stream.engine.notice import Notice
from adaptive_stream.engine.rfc3339 import timestamp

PREFIX = "source/"
MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Source:
    """`name`: `channel/source`. `complete_until_ms`: by its own word; `silent_ms`: since then.
    `contacts_waiting`: runs of journeys that would go on if it had reported."""

    name: str
    complete_until_ms: int
    silent_ms: int
    contacts_waiting: int
    retired: bool


def board(
    notices: Mapping[str, Notice], views: Iterable[Mapping[str, object]], now_ms: int
) -> list[Source]:
    """Every source that has ever spoken, the longest silent first. `notices`: by subject;
    `views`: the public state of each customer."""
    waiting = Counter(
        str(run.get("waits_for")) for view in views for run in _runs(view) if run.get("waits_for")
    )
    found = []
    for subject, notice in notices.items():
        if subject.startswith(PREFIX):
            name = subject.removeprefix(PREFIX)
            newest, furthest = notice.said["newest"], notice.said["furthest"]
            until = furthest.data.get("until_ms", furthest.at_ms)
            until_ms = until if isinstance(until, int) else furthest.at_ms
            silent_ms = max(0, now_ms - until_ms)
            retired = newest.data.get("retired") is True
            found.append(Source(name, until_ms, silent_ms, waiting[name], retired))
    return sorted(found, key=lambda one: (one.retired, -one.silent_ms, one.name))


def as_json(one: Source) -> dict[str, object]:
    """A source for programs: `silent_for` as an ISO 8601 duration."""
    return {
        "source": one.name,
        "complete_until": timestamp(one.complete_until_ms),
        "silent_for": duration(one.silent_ms),
        "contacts_waiting": one.contacts_waiting,
        "retired": one.retired,
    }


def duration(length_ms: int) -> str:
    """`PT2H51M`: whole minutes, as that is what a board is read for."""
    hours, minutes = divmod(length_ms // MINUTE_MS, 60)
    text = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    return f"PT{text or '0M'}"


def _runs(view: Mapping[str, object]) -> list[Mapping[str, object]]:
    runs = view.get("journeys")
    return runs if isinstance(runs, list) else []
