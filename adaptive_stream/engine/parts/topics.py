"""Topics: what she has had to ask us about, on whatever channel, and how often.

A contact that names no topic is about nothing that could be counted; a case that was opened about
one is a contact too. What counts are the contacts since it was solved last.
"""

from adaptive_stream.engine.customer import Kept
from adaptive_stream.engine.decision import Cause
from adaptive_stream.engine.entity import Case, Topic
from adaptive_stream.engine.fact import Fact
from adaptive_stream.engine.journey import Policy
from adaptive_stream.engine.parts.kept import cause_of, latest_by_type

FACTS = ("call.ended", "chat.ended", "message.received")
NO_TOPIC = ""


def key(fact: Fact) -> str:
    """The topic, as `order:R-60`."""
    return str(fact.data.get("topic") or NO_TOPIC)


def kept_data(fact: Fact) -> dict[str, object]:
    """The field that fold reads."""
    return {"solved": True} if fact.data.get("solved") is True else {}


def fold(
    kept_by_key: dict[str, list[Kept]], cases: dict[str, Case], policy: Policy, zone: str
) -> dict[str, Topic]:
    """Topic -> what became of it."""
    about: dict[str, list[Case]] = {}
    for case in cases.values():
        if case.topic and "case.opened" in case.heard:
            about.setdefault(case.topic, []).append(case)
    return {
        name: _fold_one(name, kept_by_key.get(name, []), about.get(name, []), policy, zone)
        for name in sorted({*kept_by_key, *about} - {NO_TOPIC})
    }


def _fold_one(name: str, facts: list[Kept], cases: list[Case], policy: Policy, zone: str) -> Topic:
    opened = [case.heard["case.opened"] for case in cases]
    contacts = [(cause_of(kept, name), bool(kept.data.get("solved"))) for kept in facts]
    contacts += [(cause, False) for cause in opened]
    contacts.sort(key=lambda one: _rank(one[0]))
    solved = [index for index, (_, solves) in enumerate(contacts) if solves]
    touches = [cause for cause, _ in (contacts[solved[-1] + 1 :] if solved else contacts)]
    # What she asked long before her latest contact is another matter.
    within, last = policy.effort_within, contacts[-1][0]
    touches = [cause for cause in touches if within.after(cause.at_ms, zone) >= last.at_ms]
    heard = latest_by_type(facts, name)
    if opened:
        heard["case.opened"] = max(opened, key=_rank)
    return Topic(
        id=name,
        touches=len(touches),
        channels=list(dict.fromkeys(cause.channel for cause in touches)),
        solved=not touches,
        effort_high=len(touches) >= policy.effort_touches,
        last_at=last.at_ms,
        begun_ms=contacts[0][0].at_ms,
        heard=heard,
    )


def _rank(cause: Cause) -> tuple[int, str]:
    return (cause.at_ms, cause.id)
