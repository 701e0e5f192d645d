"""Service: the cases she has opened with us, and whether they are closed."""

from adaptive_stream.engine.customer import Kept
from adaptive_stream.engine.entity import Case
from adaptive_stream.engine.fact import Fact
from adaptive_stream.engine.parts.kept import latest_by_type

FACTS = ("case.opened", "case.closed")


def key(fact: Fact) -> str:
    """The case's number; a report without one stands for itself."""
    return str(fact.data.get("case") or f"~{fact.id}")


def kept_data(fact: Fact) -> dict[str, object]:
    """The fields that fold reads."""
    return {name: fact.data[name] for name in ("kind", "topic") if name in fact.data}


def fold(kept_by_key: dict[str, list[Kept]]) -> dict[str, Case]:
    """Number -> Case. Closed means closed after it was last opened."""
    cases = {}
    for number, facts in kept_by_key.items():
        heard = latest_by_type(facts, number)
        opened, closed = heard.get("case.opened"), heard.get("case.closed")
        status = "open" if opened and not (closed and closed.at_ms >= opened.at_ms) else "closed"
        cases[number] = Case(
            id=number,
            kind=_last(facts, "kind"),
            status=status,
            topic=_last(facts, "topic"),
            begun_ms=facts[0].at_ms,
            heard=heard,
        )
    return cases


def _last(facts: list[Kept], name: str) -> str:
    return next((str(kept.data[name]) for kept in reversed(facts) if kept.data.get(name)), "")
