"""How any part keeps a fact: as a set under a business key, in order of (at_ms, id), bounded."""

from bisect import insort
from collections.abc import Iterable

from adaptive_stream.engine.customer import Kept, Member
from adaptive_stream.engine.decision import Cause
from adaptive_stream.engine.entity import Heard

FACTS_PER_KEY_MAX = 200  # A cart touched 200 times is a robot or a test; the newest are kept.


def rank(kept: Kept) -> tuple[int, str]:
    """The order in which kept facts are folded."""
    return (kept.at_ms, kept.id)


def keep(
    member: Member, part: str, key: str, kept: Kept, most: int = FACTS_PER_KEY_MAX
) -> str | None:
    """Add a fact to a part of a member. Returns the name of what had to be dropped, or None.

    The same id twice is one fact; if a source used one id for two contents, the smaller content
    stays, whichever came first: the state must not depend on the order of arrival.
    """
    facts = member.parts.setdefault(part, {}).setdefault(key, [])
    for index, other in enumerate(facts):
        if other.id == kept.id and other.type == kept.type:
            if _content(kept) < _content(other):
                del facts[index]
                break
            return None
    insort(facts, kept, key=rank)
    if len(facts) > most:
        del facts[0]
        return f"{part}_fact"
    return None


def unite(facts: Iterable[Kept]) -> list[Kept]:
    """The facts of several members as one set, in order; repeats are as in `keep`."""
    chosen: dict[tuple[str, str], Kept] = {}
    for kept in facts:
        other = chosen.setdefault((kept.id, kept.type), kept)
        if other is not kept and _content(kept) < _content(other):
            chosen[kept.id, kept.type] = kept
    return sorted(chosen.values(), key=rank) if len(chosen) > 1 else list(chosen.values())


def _content(kept: Kept) -> tuple[object, ...]:
    said = repr((kept.lines, sorted(kept.data.items())))
    return (kept.at_ms, said, kept.channel, kept.source, kept.time_source)


def cause_of(kept: Kept, key: str = "") -> Cause:
    """The kept fact as the cause of something."""
    return Cause(kept.at_ms, kept.id, kept.type, kept.channel, kept.source, key, "", kept.known_ms)


def latest_by_type(facts: list[Kept], key: str) -> Heard:
    """For each fact type the latest of these facts (they are in order)."""
    if len(facts) == 1:
        return {facts[0].type: cause_of(facts[0], key)}
    latest = {kept.type: kept for kept in facts}
    return {type_: cause_of(kept, key) for type_, kept in latest.items()}
