"""Is everything there that could speak against it? Caught up is not complete.

Kafka can say that all that was sent has been read; only a source can say that it has sent all. A
till that is offline is silent and caught up. So a journey may wait for the sources that she uses;
the wait has an end, and the risk that was taken is on record.

Rule 1: a source is complete by its own word alone: a heartbeat, the end of a file.
Rule 2: nobody waits for a source that has never said a word, or that was retired.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from adaptive_stream.engine.context import Context
from adaptive_stream.engine.journey import Journey
from adaptive_stream.engine.notice import Said
from adaptive_stream.engine.source import Sources
from adaptive_stream.engine.verdict import Verdict
from adaptive_stream.engine.view import Hit, View

SOURCE_SILENT = "source_silent"
MISSED = 2  # So many heartbeats may fail to come before a source counts as silent.


@dataclass(frozen=True, slots=True)
class Incomplete:
    """A source that has not reported up to the moment that counts. `name`: `channel/source`."""

    name: str
    complete_until_ms: int
    said: Said


def waiting(
    journey: Journey, due_ms: int | None, view: View, by_channel: Mapping[str, Sources], now_ms: int
) -> tuple[Verdict, str] | None:
    """What holds a step that is due, and the source that it waits for: one of hers that has not
    reported, while there is time left. `due_ms`: of the next step, as it would be otherwise."""
    if due_ms is None or due_ms > now_ms:
        return None
    held: list[tuple[Verdict, str]] = []
    for wait in journey.wait_for:
        until_ms = wait.at_most.after(due_ms, view.zone)
        missing = next(missing_of(wait.channel, view, by_channel, due_ms), None)
        if missing is not None and now_ms < until_ms:
            hit = Hit(due_ms, missing.said.cause())
            held.append((Verdict("held", "incomplete", hit, until_ms), missing.name))
    return max(held, key=lambda one: one[0].until_ms or 0, default=None)


def risk(journey: Journey, due_ms: int, view: View, by_channel: Mapping[str, Sources]) -> str:
    """What is risked by going on: a source that was waited for has still not reported."""
    missing = (missing_of(wait.channel, view, by_channel, due_ms) for wait in journey.wait_for)
    return SOURCE_SILENT if any(next(each, None) for each in missing) else ""


def missing_of(
    channel: str, view: View, by_channel: Mapping[str, Sources], at_ms: int
) -> Iterator[Incomplete]:
    """The sources of a channel that she uses and that have not reported up to `at_ms`."""
    sources = by_channel.get(channel, Sources())
    if not sources.told:
        return  # It does not say when it is complete: there is nothing to wait for.
    wanted_ms = needed_ms(sources, at_ms, view.zone)
    for source in used(channel, sources, view, at_ms):
        name = f"{channel}/{source}"
        known = state_of(name, view.context)
        if known is not None and known[0] < wanted_ms:
            yield Incomplete(name, *known)


def used(channel: str, sources: Sources, view: View, at_ms: int) -> list[str]:
    """The sources of a channel from which a fact of hers may come: her home store's, and those
    that have reported of her lately."""
    hers = {view.home_store} if sources.home_store and view.home_store else set()
    if sources.visited is not None:
        since_ms = at_ms - (sources.visited.days * 86_400_000 + sources.visited.ms)
        hers |= {
            order.store
            for order in view.orders
            if order.channel == channel and order.store and order.time > since_ms
        }
    return sorted(hers)


def state_of(name: str, context: Context) -> tuple[int, Said] | None:
    """Until when a source is complete, and its newest word; None of one that nobody waits for."""
    known = context.source(name)
    if known is None:
        return None
    newest, furthest = known
    if newest.data.get("retired") is True:
        return None
    until = furthest.data.get("until_ms", furthest.at_ms)
    return (until if isinstance(until, int) else furthest.at_ms), newest


def needed_ms(sources: Sources, at_ms: int, zone: str) -> int:
    """Until when a source must be complete at `at_ms` so as not to be silent: a heartbeat or two
    ago, or the file that should have come; while it is closed, the moment that it closed."""
    moment_ms = at_ms
    if sources.nightly_by_minutes is not None and sources.heartbeat is None:
        # The file that should be there by now speaks of all that was before its own day.
        moment_ms = _latest(sources.nightly_by_minutes, at_ms, zone)
        moment_ms = _latest(0, moment_ms, zone)
    if sources.open_minutes is not None:
        moment_ms = _last_open(sources.open_minutes, moment_ms, zone)
    beat = sources.heartbeat
    return moment_ms - (MISSED * (beat.ms + beat.days * 86_400_000) if beat else 0)


def _last_open(open_minutes: tuple[int, int], at_ms: int, zone: str) -> int:
    """`at_ms` while it is open, else when it closed last."""
    opened_ms, closed_ms = (_latest(minutes, at_ms, zone) for minutes in open_minutes)
    return at_ms if opened_ms > closed_ms else closed_ms


def _latest(minutes: int, at_ms: int, zone: str) -> int:
    """The latest moment up to `at_ms` at which it was so many minutes after midnight in `zone`."""
    local = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(zone))
    at = local.replace(hour=minutes // 60, minute=minutes % 60, second=0, microsecond=0)
    if at > local:
        at = (at.replace(tzinfo=None) - timedelta(days=1)).replace(tzinfo=at.tzinfo)
    return round(at.timestamp() * 1000)
