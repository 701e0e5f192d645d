"""A journey that runs beside: judged like any other, and nobody hears of it.

Rule: what it would have done is counted, not told. It has a name of its own, so that the journey
that it may become one day runs on untouched.
"""

from adaptive_stream.engine.journey import SHADOW
from adaptive_stream.engine.telling import Judgement


def withhold(judgement: Judgement) -> tuple[str, ...]:
    """Takes out of a judgement all that shadows say. Returns what is to be counted instead."""
    shadows = [one for one in judgement.runs if one.journey.shadow]
    if not shadows:
        return ()
    would = [
        f"shadow_would_have_stopped:{_name(one.journey.name)}"
        for one, _ in judgement.stopped
        if one.journey.shadow
    ]
    would += [
        f"shadow_would_have_sent:{_name(one.journey.name)}"
        for one, _ in judgement.due
        if one.journey.shadow
    ]
    judgement.stopped = [at for at in judgement.stopped if not at[0].journey.shadow]
    judgement.due = [at for at in judgement.due if not at[0].journey.shadow]
    judgement.tellings = [one for one in judgement.tellings if not one.run.journey.shadow]
    judgement.transitions = [
        one
        for one in judgement.transitions
        if not str(one.fields.get("journey", "")).endswith(SHADOW)
    ]
    judgement.not_started = [one for one in judgement.not_started if SHADOW not in one]
    return tuple(would)


def _name(journey: str) -> str:
    return journey.removesuffix(SHADOW)
