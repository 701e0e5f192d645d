"""What a partition knows beside its customers, looked up by subject (notice.py).

Rule: only lookups, and only of what somebody has, saw or uses. Nothing here is ever listed, so its
size is that of a shop's catalogue on disk and not of memory.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from adaptive_stream.engine.clock import Clock
from adaptive_stream.engine.notice import EVERYTHING, Notice, Said

Look = Callable[[str], Notice | None]  # a subject -> its newest notice


@dataclass(slots=True, eq=False)
class Context:
    """`read` finds a notice; what was found is remembered as long as this Context lives, which is
    no longer than until the next notice."""

    read: Look
    _found: dict[str, Notice | None] = field(default_factory=dict)
    _items: dict[str, str] = field(default_factory=dict)

    def look(self, subject: str) -> Notice | None:
        """The newest notice of a subject."""
        if subject not in self._found:
            self._found[subject] = self.read(subject)
        return self._found[subject]

    def __bool__(self) -> bool:
        """Whether anything may be known at all."""
        return self is not NOTHING

    def same(self, item: str) -> str:
        """The one code that stands for an item, whatever a till calls it."""
        known = self._items.get(item)
        if known is None:
            known = self._items[item] = self._same(item)
        return known

    def _same(self, item: str) -> str:
        described = self._said(f"item/{item}", "product.described")
        return item if described is None else str(described.data.get("item") or item)

    def described(self, item: str) -> Said | None:
        """What was said of an item when it was described last."""
        return self._said(f"item/{item}", "product.described")

    def newest(self, item: str, *types: str) -> Said | None:
        """The newest fact of these types about an item, under any of its codes."""
        found = [
            said
            for code in self._codes(item)
            for type_ in types
            if (said := self._said(f"item/{code}", type_)) is not None
        ]
        return max(found, key=Said.rank, default=None)

    def price(self, item: str) -> tuple[int, Said] | None:
        """What one piece costs now, in minor units, and who said so."""
        said = self.newest(item, "product.price_changed", "product.described")
        price = said.data.get("price") if said else None
        return (price, said) if said and isinstance(price, int) else None

    def broadcasts(self, items: Iterable[str], region: str, now_ms: int) -> Iterator[Said]:
        """What was aired about one of these items, where she lives, and is still valid."""
        codes = [code for item in items for code in self._codes(item)]
        seen = set()
        for subject in (*(f"item/{code}" for code in codes), EVERYTHING):
            notice = self.look(subject)
            for name, said in sorted(notice.said.items()) if notice else ():
                until = said.data.get("valid_until_ms")
                valid = said.at_ms <= now_ms and (not isinstance(until, int) or now_ms < until)
                hers = said.data.get("region") in (None, region)
                if name.startswith("broadcast/") and valid and hers and name not in seen:
                    seen.add(name)
                    yield said

    def campaign(self, kind: str, name: str) -> Said | None:
        """The newest spot or paper that carried an offer or a coupon (`kind`)."""
        notice = self.look(f"{kind}/{name}")
        spots = notice.said.values() if notice else ()
        return max(spots, key=Said.rank, default=None)

    def source(self, name: str) -> tuple[Said, Said] | None:
        """Of a source, `channel/name`: its newest word, and the one that reaches furthest."""
        notice = self.look(f"source/{name}")
        return (notice.said["newest"], notice.said["furthest"]) if notice else None

    def _codes(self, item: str) -> tuple[str, ...]:
        described = self.described(self.same(item))
        codes = described.data.get("codes") if described else None
        return tuple(dict.fromkeys((item, *codes))) if isinstance(codes, list) else (item,)

    def _said(self, subject: str, name: str) -> Said | None:
        notice = self.look(subject)
        return notice.said.get(name) if notice else None


NOTHING = Context(lambda _: None)


@dataclass(frozen=True, slots=True)
class Given:
    """What a partition knows when a record comes: how late it is, and its context."""

    clock: Clock
    context: Context = NOTHING
