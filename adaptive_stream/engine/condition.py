"""When a condition holds for an instance, since when, and because of which fact.

A condition that speaks of another kind of thing than the instance is about (an order, for a cart)
holds if any such thing of hers fits. Its moment is that of the fact it hears, in event time.
"""

from collections.abc import Iterable, Iterator

import msgspec

from adaptive_stream.engine import fact
from adaptive_stream.engine.decision import Cause
from adaptive_stream.engine.entity import Cart, Heard, Order
from adaptive_stream.engine.journey import KIND_OF, Expression, Use
from adaptive_stream.engine.said import Said
from adaptive_stream.engine.subject import Subject
from adaptive_stream.engine.view import Entity, Hit, View

CONTEXT = frozenset(fact.CONTEXT)


class About(msgspec.Struct, frozen=True):
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
    if view.types.isdisjoint(use.condition.hears):
        return []  # Most conditions, for most customers: nothing of the kind ever happened.
    of_order = order.id if order else None
    where = use.condition.where
    own = about.run if where is not None and "run" in where.names else ()
    known = (use.condition.name, use.argument, about.kind, about.key, of_order, *own)
    found = view.hits.get(known)
    if found is None:
        found = list(_hits(use, about, view, order))
        if len(found) > 1:
            found.sort(key=lambda hit: (-hit.at_ms, hit.cause.id))
        # "Nothing for 90 days" counts from the last time: a later purchase takes back an earlier.
        view.hits[known] = found = found[:1] if use.condition.after is not None else found
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
    found = hits(use, about, view, order)
    return next((hit for hit in found if not hit.by_time or hit.at_ms <= now_ms), None)


def true(
    expression: Expression | None, about: About, view: View, order: Order | None = None
) -> bool:
    """An `only_if` of a journey: it speaks of the instance's own thing and of the customer."""
    return expression is None or bool(expression.run(_scope(about, view, order, expression)))


def _scope(
    about: About, view: View, order: Order | None, expression: Expression | None
) -> dict[str, object]:
    scope: dict[str, object] = {"customer": view}
    if expression is not None and "about" in expression.names:
        scope["about"] = _subject(about, view)
    if expression is not None and "run" in expression.names:
        scope["run"] = Said(view.messages, *about.run)
    if expression is not None and "now" in expression.names:
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


def _hits(use: Use, about: About, view: View, order: Order | None) -> Iterator[Hit]:
    condition = use.condition
    scope = _scope(about, view, order, condition.where)
    shown: list[Heard] = []
    if not CONTEXT.isdisjoint(condition.hears):
        shown.append(_subject(about, view).heard)
    if condition.takes:
        scope[condition.takes] = use.argument
    other = next((kind for kind in condition.kinds if kind != about.kind), "")
    candidates: Iterable[Entity | None] = view.by_kind[other].values() if other else (None,)
    if other == "order" and order is not None:
        candidates = (order,)
    for candidate in candidates:
        if candidate is not None:
            scope[other] = candidate
        if condition.where is not None and not condition.where.run(scope):
            continue
        sources = [s.heard for s in (candidate, about.entity) if s is not None] + shown
        cause = _latest(condition.hears, sources, view.heard, (about.kind, other))
        if cause is None:
            continue
        end = _latest(condition.ends_on, sources, view.heard, (about.kind, other))
        if end is not None and end.at_ms >= cause.at_ms:
            over = (condition.name, use.argument, about.kind, about.key)
            view.endings.setdefault(over, []).append((Hit(cause.at_ms, cause), end))
            continue
        at_ms = cause.at_ms
        if condition.after is not None:
            at_ms = condition.after.after(at_ms, view.zone)
        yield Hit(at_ms, cause, condition.after is not None)


def _latest(
    types: tuple[str, ...], sources: list[Heard], hers: Heard, kinds: tuple[str, str]
) -> Cause | None:
    """The latest of these facts: of the things looked at, of these kinds, or else of the customer.

    What another cart of hers went through is never taken for what this one did.
    """
    found = []
    for type_ in types:
        cause = None
        for heard in sources:
            if cause is None:
                cause = heard.get(type_)
        if cause is None and KIND_OF.get(type_) not in kinds:
            cause = hers.get(type_)
        if cause is not None:
            found.append(cause)
    return max(found, key=lambda cause: (cause.at_ms, cause.id), default=None)
