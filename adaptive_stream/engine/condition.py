"""When a condition holds for an instance, since when, and because of which fact.

A condition that speaks of another kind of thing than the instance is about (an order, for a cart)
holds if any such thing of hers fits. Its moment is that of the fact it hears, in event time.
"""

from collections.abc import Iterable

import msgspec

from adaptive_stream.engine import fact
from adaptive_stream.engine.decision import Cause
from adaptive_stream.engine.entity import Cart, Heard, Order
from adaptive_stream.engine.said import Said
from adaptive_stream.engine.subject import Subject
from adaptive_stream.engine.view import Entity, Hit, View
from adaptive_stream.engine.word import KIND_OF, Expression, Use

CONTEXT = frozenset(fact.CONTEXT)

NOTHING: Heard = {}
NO_NAMES: frozenset[str] = frozenset()
Asked = tuple[str | None, ...]


class About(msgspec.Struct, frozen=True, gc=False):
    """What an instance is about: its kind, its key, and the entity (None for the customer); and
    the run itself, by the names of its journey and its instance."""

    kind: str
    key: str
    entity: Entity | None
    run: tuple[str, str] = ("", "")

    def since_ms(self, begun_ms: int) -> int:
        """Since when facts can concern a run: a cart since it was filled, her since it began."""
        return begun_ms if self.entity is None else self.entity.begun_ms

    def refilled(self, begun_ms: int) -> bool:
        """Whether what the run began for was bought or taken out, and other things put in since."""
        return isinstance(self.entity, Cart) and self.entity.added_at > begun_ms


def hits(use: Use, about: About, view: View, order: Order | None = None) -> list[Hit]:
    """Every way in which the condition holds or, by its `after`, will hold; latest first.

    `order`: the one order to look at, where a decision rests on it.
    """
    condition = use.condition
    if view.types.isdisjoint(condition.hears):
        return []  # Most conditions, for most customers: nothing of the kind ever happened.
    of_order = order.id if order else None
    known: Asked = (condition.name, use.argument, about.kind, about.key, of_order)
    if condition.of_run:
        known += about.run
    found = view.hits.get(known)
    if found is None:
        found = _hits(use, about, view, order)
        if len(found) > 1:
            found.sort(key=lambda hit: (-hit.at_ms, hit.cause.id))
        # "Nothing for 90 days" counts from the last time: a later purchase takes back an earlier.
        view.hits[known] = found = found[:1] if condition.after is not None else found
    return found


def endings(use: Use, about: About, view: View) -> list[tuple[Hit, Cause]]:
    """Every way in which it held, with the fact that ended it."""
    hits(use, about, view)
    over = (use.condition.name, use.argument, about.kind, about.key)
    return view.endings.get(over, [])


def holds(
    use: Use, about: About, view: View, now_ms: int, order: Order | None = None
) -> Hit | None:
    """The latest way in which it holds now."""
    for hit in hits(use, about, view, order):
        if not hit.by_time or hit.at_ms <= now_ms:
            return hit
    return None


def true(
    expression: Expression | None, about: About, view: View, order: Order | None = None
) -> bool:
    """An `only_if` of a journey: it speaks of the instance's own thing and of the customer."""
    return expression is None or bool(expression.run(_scope(about, view, order, expression)))


def _scope(
    about: About, view: View, order: Order | None, expression: Expression | None
) -> dict[str, object]:
    scope: dict[str, object] = {"customer": view}
    names = NO_NAMES if expression is None else expression.names
    if "about" in names:
        scope["about"] = _subject(about, view)
    if "run" in names:
        scope["run"] = Said(view.messages, *about.run)
    if "now" in names:
        scope["now"] = view.now
    if order is not None:
        scope["order"] = order
    if about.entity is not None:
        scope[about.kind] = about.entity
    return scope


def _subject(about: About, view: View) -> Subject:
    """What it is about, asked once: conditions ask for it again and again."""
    known = view.subjects.get((about.kind, about.key))
    if known is None:
        known = Subject(about.entity, view.context, view.region, view.now_ms)
        view.subjects[about.kind, about.key] = known
    return known


def _hits(use: Use, about: About, view: View, order: Order | None) -> list[Hit]:
    condition, kind = use.condition, about.kind
    scope = _scope(about, view, order, condition.where)
    shown = NOTHING if CONTEXT.isdisjoint(condition.hears) else _subject(about, view).heard
    if condition.takes:
        scope[condition.takes] = use.argument
    others = [each for each in condition.kinds if each != kind] if condition.kinds else ()
    other = others[0] if others else ""
    candidates: Iterable[Entity | None] = view.by_kind[other].values() if other else (None,)
    if other == "order" and order is not None:
        candidates = (order,)
    own = about.entity.heard if about.entity is not None else NOTHING
    found = []
    for candidate in candidates:
        things = (candidate.heard if candidate is not None else NOTHING, own, shown)
        cause = _latest(condition.hears, things, view, (kind, other))
        if cause is None:
            continue
        if condition.where is not None:
            if candidate is not None:
                scope[other] = candidate
            if not condition.where.run(scope):
                continue
        if condition.ends_on:
            end = _latest(condition.ends_on, things, view, (kind, other))
            if end is not None and end.at_ms >= cause.at_ms:
                over = (condition.name, use.argument, about.kind, about.key)
                view.endings.setdefault(over, []).append((Hit(cause.at_ms, cause), end))
                continue
        if condition.after is None:
            found.append(Hit(cause.at_ms, cause))
        else:
            found.append(Hit(condition.after.after(cause.at_ms, view.zone), cause, True))
    return found


def _latest(
    types: tuple[str, ...], things: tuple[Heard, ...], view: View, kinds: tuple[str, str]
) -> Cause | None:
    """The latest of these facts: of the things looked at, of these kinds, or else of the customer.

    What another cart of hers went through is never taken for what this one did.
    """
    latest = None
    for type_ in types:
        cause = None
        for heard in things:
            if type_ in heard:
                cause = heard[type_]
                break
        else:
            if KIND_OF.get(type_) not in kinds:
                cause = view.heard(type_)
        if latest is None or (cause and (cause.at_ms, cause.id) > (latest.at_ms, latest.id)):
            latest = cause
    return latest
