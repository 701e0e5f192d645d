"""When a story's records are written and when its clock ticks: the same for both runners.

Rule 1: the clock ticks at D0 00:00, at every whole minute after it, and at each row's time; at one
time, what comes in is in front of the tick.
Rule 2: a runner may leave out a tick at which nothing is due, and nothing else.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from adaptive_stream.stories import phrases
from adaptive_stream.stories.records import Written, written
from adaptive_stream.stories.story import Story
from adaptive_stream.stories.world import world

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Moment:
    """What is written at one time, whether the clock ticks after it, and whether the runner then
    looks at what no record will tell later: metrics and sizes."""

    at_ms: int
    records: tuple[Written, ...]
    ticks: bool
    looks: bool = False


def timeline(story: Story) -> list[Moment]:
    """The times of a story in order: those of its world, D0 00:00, and those of its rows.

    Raises CatalogError when the world is not known.
    """
    start_ms = story.calendar.start_ms
    records: dict[int, list[Written]] = {}
    for record in world(story):
        records.setdefault(record.at_ms, []).append(record)
    records.setdefault(start_ms, [])
    for row in story.rows:
        at_once = records.setdefault(row.at_ms, [])
        if phrases.writes(row):
            at_once.append(written(row))
    looks = {row.at_ms for row in story.rows if phrases.looks(row)}
    return [
        Moment(at_ms, tuple(records[at_ms]), ticks=at_ms >= start_ms, looks=at_ms in looks)
        for at_ms in sorted(records)
    ]


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
            )
    return [by_time[at_ms] for at_ms in sorted(by_time)]


def minutes(after_ms: int, before_ms: int) -> Iterator[int]:
    """The whole minutes between two times, both exclusive."""
    yield from range(after_ms // MINUTE_MS * MINUTE_MS + MINUTE_MS, before_ms, MINUTE_MS)
