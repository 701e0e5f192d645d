"""One run of a journey: when its steps are due, and what is left of it on each channel.

Rules of time (STORIES.md): a hold moves a due step to the hold's end; a stop moves nothing; a
`wait` counts from the (moved) due moment of the step before; `3d` is the same time of day.
"""

from collections.abc import Iterator

import msgspec

from adaptive_stream.engine.condition import About, holds
from adaptive_stream.engine.customer import Instance, StepState
from adaptive_stream.engine.journey import Journey, Step
from adaptive_stream.engine.reach import Reach
from adaptive_stream.engine.view import View

OPEN = frozenset(("offered", "due"))  # outcomes of a step that may still go out


class Due(msgspec.Struct, frozen=True):
    """A step that is due now and still good. `by`: the channels that may send it."""

    step: Step
    due_ms: int
    good_until_ms: int
    by: tuple[str, ...]


def due_ms(journey: Journey, instance: Instance, zone: str) -> tuple[Step, int] | None:
    """The next step that is not done, and its due moment; None also while that is not known."""
    base_ms = instance.begun_ms
    for step in journey.steps:
        state = instance.steps.get(step.name)
        if state is None:
            at_ms = journey.moved(max(step.wait.after(base_ms, zone), instance.moved_ms))
            return None if at_ms is None else (step, at_ms)
        base_ms = state.due_ms
    return None


def move(journey: Journey, instance: Instance, zone: str, to_ms: int) -> None:
    """What came due while it waited is due when the waiting is over."""
    following = due_ms(journey, instance, zone)
    if following is not None and following[1] < to_ms:
        instance.moved_ms = to_ms


def advance(
    journey: Journey, instance: Instance, about: About, view: View, reach: Reach, now_ms: int
) -> Iterator[Due]:
    """Do every step that is due: yield those to be offered, note those that are not."""
    while True:
        following = due_ms(journey, instance, view.zone)
        if following is None or following[1] > now_ms:
            return
        step, at_ms = following
        good_until_ms = step.good_for.after(at_ms, view.zone)
        # Of one channel its sender finds out, or was told; of several somebody has to choose.
        by = reach.first(step.by, journey.purpose, view) if len(step.by) > 1 else ""
        if now_ms >= good_until_ms:
            outcome = "expired"
        elif any(holds(use, about, view, now_ms) for use in step.unless):
            outcome = "skipped"
        elif journey.run_by:
            outcome = "due"
        elif not by and (len(step.by) > 1 or reach.is_closed(step.by[0], journey.purpose)):
            outcome = "unreachable"
        else:
            outcome = "offered"
        instance.steps[step.name] = StepState(at_ms, outcome, now_ms, by)
        if outcome == "offered":
            yield Due(step, at_ms, good_until_ms, (by,) if by else step.by)


def remaining(
    journey: Journey, instance: Instance, view: View, now_ms: int, *, held: bool
) -> dict[str, tuple[str, ...]]:
    """Channel -> the steps that could still reach her there: not sent, not past their time.

    `held`: it waits, by a rule of its own or by one on its purpose.
    """
    by_channel: dict[str, list[str]] = {}
    due_ms = instance.begun_ms
    # What comes due under a hold will be due when it ends; no sooner than now.
    moved_ms = max(instance.moved_ms, now_ms if held or journey.paused else 0)
    for step in journey.steps:
        state = instance.steps.get(step.name)
        due_ms = state.due_ms if state else max(step.wait.after(due_ms, view.zone), moved_ms)
        due_ms = journey.moved(due_ms) or due_ms
        if state is not None and state.outcome not in OPEN:
            continue
        if (instance.journey, instance.key, step.name) in view.sent_steps:
            continue
        if now_ms >= step.good_for.after(due_ms, view.zone):
            continue
        for channel in (state.by,) if state and state.by else step.by:
            by_channel.setdefault(channel, []).append(step.name)
    return {channel: tuple(steps) for channel, steps in by_channel.items()}
