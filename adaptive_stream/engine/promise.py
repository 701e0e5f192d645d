"""What a step promises her, judged by the standing rules as any message is.

Rule 1: a step that offers something is a message of ours: 10 % in a mail, where the screen says
25 %, does not go out, and what the screen says is offered in its place.
Rule 2: the journey's own rules say what became of the thing; here only the offer is judged, by what
is on the air now and by what she did since the run began.
"""

from adaptive_stream.engine.condition import CONTEXT, About, hits
from adaptive_stream.engine.entity import Message
from adaptive_stream.engine.instance import Due
from adaptive_stream.engine.journey import Rules
from adaptive_stream.engine.parts.carts import TOLERANCE_MS
from adaptive_stream.engine.subject import Subject
from adaptive_stream.engine.telling import Broken, Judgement, Run

STALE = "stale"  # The outcome of a step whose promise does not hold.


def keep_promises(judgement: Judgement, rules: Rules) -> None:
    """Takes out of what is due the offers that do not hold, and notes what is so instead."""
    kept: list[tuple[Run, Due]] = []
    for one, due in judgement.due:
        broken = _broken(one, due, judgement, rules) if due.step.offer else None
        if broken is None:
            kept.append((one, due))
            continue
        one.instance.steps[due.step.name].outcome = STALE
        judgement.broken.append(broken)
    judgement.due = kept


def _broken(one: Run, due: Due, judgement: Judgement, rules: Rules) -> Broken | None:
    """Why it may not be offered: the first standing rule that stops it."""
    view = judgement.view
    message = _message(one, due, Subject(one.about.entity, view.context, view.region, view.now_ms))
    about = About("message", message.id, message)
    since_ms = one.instance.begun_ms - TOLERANCE_MS
    for rule in rules.standing:
        if (rule.verb, rule.scope) != ("stop", "message") or message.purpose not in rule.of:
            continue
        on_air = not CONTEXT.isdisjoint(rule.use.condition.hears)
        fitting = [hit for hit in hits(rule.use, about, view) if on_air or hit.at_ms >= since_ms]
        if fitting:
            subject = view.subjects.get((about.kind, about.key))
            offers = subject.offers if on_air and subject else []
            return Broken(one, due, rule.use.condition.name, fitting[-1], next(iter(offers), ""))
    return None


def _message(one: Run, due: Due, subject: Subject) -> Message:
    """The step as a planned message. It is about what is left of its thing."""
    return Message(
        id=f"{one.member}/{one.journey.name}/{one.instance.key}#{due.step.name}",
        status="scheduled",
        channel=due.by[0],
        sender="",
        handle="",
        campaign="",
        purpose=one.journey.purpose,
        about=subject.items,
        offer=due.step.offer or "",
        price_minor=None,
        standing=False,
        journey=one.journey.name,
        instance=one.instance.key,
        step=due.step.name,
        begun_ms=one.instance.begun_ms,
        due=due.due_ms,
        revocable_until=None,
        sent_at=None,
    )
