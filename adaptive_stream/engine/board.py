"""The boards: which sources and which senders are silent, since when, and what is at stake.

Made from what anybody can read: context.v1 and customer.state.v1.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from adaptive_stream.engine.notice import Notice
from adaptive_stream.engine.rfc3339 import timestamp
from adaptive_stream.engine.sender import Sender

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


@dataclass(frozen=True, slots=True)
class Reporting:
    """A tool that sends. `sender`: its file, None for one that nobody has described. `reported_ms`:
    its last word on any message, None if it has never said one: whoever is not used yet is not
    silent. `silent_ms`: since then, `silent`: longer than its file says. `on_their_way`: messages
    of it that are planned."""

    name: str
    sender: Sender | None
    reported_ms: int | None
    silent_ms: int
    silent: bool
    on_their_way: int


def senders_board(
    senders: Mapping[str, Sender], views: Iterable[Mapping[str, object]], now_ms: int
) -> list[Reporting]:
    """Every sender that has a file or has spoken: the silent, then the longest without a word."""
    reported: dict[str, int] = {}
    planned: Counter[str] = Counter()
    for view in views:
        outbox = view.get("outbox")
        going = set(outbox) if isinstance(outbox, list) else set()
        for id_, message in _messages(view):
            name, at = str(message.get("sender") or ""), message.get("reported")
            planned[name] += id_ in going
            if name and isinstance(at, str):
                at_ms = round(datetime.fromisoformat(at).timestamp() * 1000)
                reported[name] = max(at_ms, reported.get(name, at_ms))
    found = []
    for name in senders.keys() | reported.keys():
        last_ms, file = reported.get(name), senders.get(name)
        silent_ms = 0 if last_ms is None else max(0, now_ms - last_ms)
        silent = file is not None and file.is_silent(silent_ms)
        found.append(Reporting(name, file, last_ms, silent_ms, silent, planned[name]))
    return sorted(found, key=lambda one: (not one.silent, -one.silent_ms, one.name))


def sender_as_json(one: Reporting) -> dict[str, object]:
    """A sender for programs."""
    file = one.sender
    return {
        "sender": one.name,
        "channels": list(file.channels) if file else [],
        "stops_by": file.stops_by if file else None,
        "last_report": None if one.reported_ms is None else timestamp(one.reported_ms),
        "silent_for": None if one.reported_ms is None else duration(one.silent_ms),
        "silent": one.silent,
        "messages_on_their_way": one.on_their_way,
    }


def _messages(view: Mapping[str, object]) -> list[tuple[str, Mapping[str, object]]]:
    messages = view.get("messages")
    return list(messages.items()) if isinstance(messages, dict) else []


def _runs(view: Mapping[str, object]) -> list[Mapping[str, object]]:
    runs = view.get("journeys")
    return runs if isinstance(runs, list) else []
