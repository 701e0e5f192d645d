"""Of all that is due at once, what is offered: on each channel the worthiest; the rest waits a day.

Rule 1: the worth of a journey decides; of two that are worth the same its name, then the run's.
Rule 2: after a hold on a whole purpose one thing is due on all channels together, not the heap that
gathered behind the hold.
Rule 3: the steps of one run do not compete: how they follow each other is the manager's plan.
"""

from adaptive_stream.engine.instance import Due
from adaptive_stream.engine.span import Span
from adaptive_stream.engine.telling import Judgement, Run


def arbitrate(judgement: Judgement, outranked_for: Span) -> None:
    """Keep the worthiest of what is due; what is outranked is due later."""
    if len(judgement.due) < 2:
        return
    zone = judgement.view.zone
    winners: dict[str, Run] = {}
    kept: list[tuple[Run, Due]] = []
    outranked: list[Run] = []
    for one, due in sorted(judgement.due, key=_rank):
        places = _places(one, due, judgement)
        by = [winners[place] for place in places if winners.get(place, one) is not one]
        if one in outranked or by:
            later_ms = outranked_for.after(max(due.due_ms, one.now_ms), zone)
            if one not in outranked:
                one.instance.moved_ms = max(one.instance.moved_ms, later_ms)
            one.instance.steps.pop(due.step.name)
            outranked.append(one)
            continue
        winners |= dict.fromkeys(places, one)
        kept.append((one, due))
    judgement.due = [at for at in judgement.due if at in kept]


def _rank(at: tuple[Run, Due]) -> tuple[float, str, str, str, int]:
    one, due = at
    return (-one.journey.worth, one.journey.name, one.instance.key, one.member, due.due_ms)


def _places(one: Run, due: Due, judgement: Judgement) -> list[str]:
    """What only one can have: its channels; after a hold on its purpose, her ear."""
    if one.journey.shadow:
        return [f"shadow:{one.journey.name}"]  # It runs beside, and takes nobody's place.
    purpose = one.journey.purpose
    return [f"purpose:{purpose}"] if purpose in judgement.freed else [*due.by]
