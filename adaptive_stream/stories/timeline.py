"""When a story's records are written and when its clock ticks: the same for both runners.

Rule 1: the clock ticks at D0 00:00, at every whole minute after it, and at each row's time; at one
time, what comes in is in front of the tick.
Rule 2: a runner may leave out a tick at which nothing is due, and nothing else.
Rule 3: while the workers are stopped nothing ticks, and what is written waits on its channel: the
log learns of it when they start again, as its stamp says then.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from adaptive_stream.stories import phrases
from adaptive_stream.stories.phrases import START, STOP
from adaptive_stream.stories.records import Written, written
from adaptive_stream.stories.story import Row, Story
from adaptive_stream.stories.world import world

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Moment:
    """What happens at one time, in this order: `does`, the rows that change or try rules; the
    records that are written; the tick, if the clock ticks; whether the runner `looks` at what no
    record will tell later, metrics and sizes. `stops`: with it the workers stop; `starts`: they
    begin again, with the records waiting for them."""

    at_ms: int
    records: tuple[Written, ...]
    ticks: bool
    looks: bool = False
    does: tuple[Row, ...] = ()
    stops: bool = False
    starts: bool = False


def timeline(story: Story) -> list[Moment]:
    """The times of a story in order: those of its world, D0 00:00, and those of its rows.

    Raises CatalogError when the world is not known.
    """
    start_ms = story.calendar.start_ms
    down = _Down(story)
    records: dict[int, list[Written]] = {}
    for record in world(story):
        records.setdefault(record.at_ms, []).append(record)
    records.setdefault(start_ms, [])
    for row in story.rows:
        at_once = records.setdefault(down.until(row.at_ms), [])
        if phrases.writes(row):
            at_once.append(replace(written(row), at_ms=down.until(row.at_ms)))
    looks = {row.at_ms for row in story.rows if phrases.looks(row)}
    does = [row for row in story.rows if phrases.changes_rules(row) or phrases.backtests(row)]
    return [
        Moment(
            at_ms,
            tuple(records[at_ms]),
            ticks=at_ms >= start_ms,
            looks=at_ms in looks,
            does=tuple(row for row in does if row.at_ms == at_ms),
            stops=at_ms in down.spans,
            starts=at_ms in down.spans.values(),
        )
        for at_ms in sorted(records)
    ]


class _Down:
    """`spans`: when the workers stop -> when they start again; a story that ends first ends it."""

    def __init__(self, story: Story) -> None:
        rows = [r for r in story.rows if r.verb == "do" and r.subject in (STOP, START)]
        last_ms = story.rows[-1].at_ms
        starts = [row.at_ms for row in rows if row.subject == START]
        self.spans = {
            row.at_ms: min((at for at in starts if at > row.at_ms), default=last_ms)
            for row in rows
            if row.subject == STOP
        }

    def until(self, at_ms: int) -> int:
        """When the log learns of what is written then."""
        return next((end for begin, end in self.spans.items() if begin < at_ms < end), at_ms)


def merged(timelines: Iterable[Iterable[Moment]]) -> list[Moment]:
    """Several timelines as one: what any of them writes, ticks wherever any of them has one."""
    by_time: dict[int, Moment] = {}
    for moments in timelines:
        for moment in moments:
            before = by_time.get(moment.at_ms, Moment(moment.at_ms, (), ticks=False))
            by_time[moment.at_ms] = Moment(
                moment.at_ms,
                (*before.records, *moment.records),
                before.ticks or moment.ticks,
                before.looks or moment.looks,
                (*before.does, *moment.does),
                before.stops or moment.stops,
                before.starts or moment.starts,
            )
    return [by_time[at_ms] for at_ms in sorted(by_time)]


def minutes(after_ms: int, before_ms: int) -> Iterator[int]:
    """The whole minutes between two times, both exclusive."""
    yield from range(after_ms // MINUTE_MS * MINUTE_MS + MINUTE_MS, before_ms, MINUTE_MS)
