"""What other rules would have done to the same facts: which runs begin, what is sent, what stops.

Rule: both rules are played from the first fact on, as if they had always been in force, without
pauses and shadows: what differs is what the files say, not when they were published.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple

from adaptive_stream.engine.journey import Rules
from adaptive_stream.stories.in_memory import Recorded
from adaptive_stream.stories.output import Output
from adaptive_stream.stories.phrases import DIFF
from adaptive_stream.stories.replay import SEND, Group, Replayed, Told, replay

STOP = "suppress"
ACTIONS = ("begin", SEND, "suppress", "hold", "release")


class Line(NamedTuple):
    """What is counted: on one day, of one journey; `because` of a send or a start is ""."""

    journey: str
    day: str
    action: str
    because: str


class Count(NamedTuple):
    """How many there are `now`, and how many `then`."""

    line: Line
    now: int
    then: int


class Difference(NamedTuple):
    """What came `now` so often and `then` so often, and to whom."""

    told: Told
    now: int
    then: int
    of: Group


class Backtest(NamedTuple):
    """`counts`: all, also what does not differ. `stopped_more`, `stopped_less`: runs that are
    stopped only by the changed rules, or only by those in force."""

    counts: tuple[Count, ...]
    differences: tuple[Difference, ...]
    stopped_more: int
    stopped_less: int


def backtest(
    facts: Iterable[Recorded],
    now: Rules,
    then: Rules,
    channels: Collection[str],
    say: Callable[[int], None] = lambda _: None,
) -> Backtest:
    """From the rules in force to the changed ones. `say` hears how many facts were played, of
    twice as many."""
    ordered = sorted(facts, key=lambda recorded: recorded.at_ms)
    before = replay(ordered, now, channels, say)
    after = replay(ordered, then, channels, lambda count: say(len(ordered) + count))
    stops = [_stopped(each) for each in (before, after)]
    return Backtest(
        tuple(_counts(before, after)),
        tuple(_differences(before, after)),
        len(stops[1] - stops[0]),
        len(stops[0] - stops[1]),
    )


def in_short(found: Backtest, at_ms: int) -> Output:
    """What a story may see of it."""
    stops = [one for one in found.differences if one.told.message.action == STOP]
    return Output(DIFF, at_ms, "", {
        "stopped_more": found.stopped_more,
        "stopped_less": found.stopped_less,
        "per_customer": bool(stops) and all(one.of for one in stops),
        "reasons": bool(stops) and all(one.told.message.because for one in stops),
    })  # fmt: skip


def _stopped(replayed: Replayed) -> set[tuple[str, str, str]]:
    """The runs that somebody was told to stop: customer, journey, instance."""
    return {
        (replayed.root(told.customer), told.message.journey, told.message.instance)
        for told in replayed.told
        if told.message.action == STOP
    }


def _counts(before: Replayed, after: Replayed) -> Iterator[Count]:
    now, then = _tally(before), _tally(after)
    for line in sorted(now.keys() | then.keys(), key=_in_order):
        yield Count(line, len(now.get(line, ())), len(then.get(line, ())))


def _in_order(line: Line) -> tuple[object, ...]:
    return line.journey, line.day, ACTIONS.index(line.action), line.because


def _tally(replayed: Replayed) -> dict[Line, set[tuple[str, str, str]]]:
    """The runs that a day's line is about, or the sends of each."""
    found: dict[Line, set[tuple[str, str, str]]] = {}
    for told in replayed.told:
        one = told.message
        line = Line(one.journey, told.day, one.action, one.because)
        step = one.step if one.action == SEND else ""
        run = (replayed.root(told.customer), one.instance, step)
        found.setdefault(line, set()).add(run)
    return found


def _differences(before: Replayed, after: Replayed) -> Iterator[Difference]:
    differing = [
        told
        for told in before.told.keys() | after.told.keys()
        if before.told[told] != after.told[told]
    ]
    found = []
    for told in differing:
        now, then = before.told[told], after.told[told]
        of = (after if then > now else before).group(told.customer)
        found.append(Difference(told, now, then, of))
    yield from sorted(found, key=lambda one: (one.told.day, one.told.message[:-1], sorted(one.of)))
