"""rules.v1 as whoever reads it knows it: contents, bundles, and which bundle is active.

Rule 1: of records there is one order, their offsets. An activation says on which one it was built;
one that was built on another than the newest is void, so that of two who publish at once neither
undoes what the other did: the second finds out, and makes its edit anew.
Rule 2: the offset of an activation is its `rev`. Partitions go by the highest that they were told.
Rule 3: nothing is ever deleted. Ten edits a day are some 20 MB a year; and who deletes what nobody
names, deletes what somebody else is about to name (the simulator found it).
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from adaptive_stream.catalog.bundle import Bundle, decode_bundle, encode_bundle
from adaptive_stream.catalog.edits import Edited
from adaptive_stream.engine.switch import Switch

ACTIVE = b"active"
CONTENT, BUNDLE = "f-", "r-"
DAY_MS = 86_400_000
KEPT_MS = 35 * DAY_MS  # customer.facts.v1 is kept for 28 days, and its facts name their rules.
PAST_MIN = 20  # So far one can always go back.
PAST_MAX = 1_000


class Past(msgspec.Struct, frozen=True, array_like=True):
    """One activation. `did`: what was done, `publish abandoned-cart`; `because`: in whose words."""

    rev: int
    id: str
    at_ms: int
    did: str
    because: str = ""
    by: str = ""


class Active(msgspec.Struct, frozen=True):
    """The value of `active`. `on`: the rev of the activation that it was built on, -1 for none;
    `past`: all that came before, the newest last."""

    id: str
    on: int
    at_ms: int
    did: str
    because: str = ""
    by: str = ""
    past: tuple[Past, ...] = ()

    def as_past(self, rev: int) -> Past:
        """This activation, once another follows."""
        return Past(rev, self.id, self.at_ms, self.did, self.because, self.by)


class MissingError(Exception):
    """rules.v1 does not hold what it should."""


encode_active = msgspec.json.Encoder().encode
_decode_active = msgspec.json.Decoder(Active).decode


@dataclass(slots=True)
class Shelf:
    """`rev`: of the active bundle, -1 while nothing was published."""

    rev: int = -1
    active: Active | None = None
    contents: dict[str, bytes] = field(default_factory=dict)
    bundles: dict[str, Bundle] = field(default_factory=dict)

    def take(self, offset: int, key: bytes, value: bytes | None) -> None:
        """One more record. What nobody here wrote is left where it is."""
        name = key.decode(errors="replace")
        if key == ACTIVE and value:
            active = _decode_active(value)
            if self.active is None or active.on == self.rev:
                self.active, self.rev = active, offset
        elif value is None:
            self.contents.pop(name, None)
            self.bundles.pop(name, None)
        elif name.startswith(CONTENT):
            self.contents[name] = zlib.decompress(value)
        elif name.startswith(BUNDLE):
            self.bundles[name] = decode_bundle(value)

    @property
    def switch(self) -> Switch | None:
        """What partitions are told of the active bundle."""
        return Switch(self.rev, self.active.id, self.active.at_ms) if self.active else None

    @property
    def current(self) -> Edited | None:
        """The active bundle, None while nothing was published. Raises MissingError."""
        return self.edited(self.active.id) if self.active else None

    def edited(self, id_: str) -> Edited:
        """A bundle with its contents. Raises MissingError."""
        bundle = self.bundles.get(id_)
        if bundle is None:
            raise MissingError(f"rules.v1 has no bundle {id_}")
        missing = sorted(set(bundle.contents) - self.contents.keys())
        if missing:
            raise MissingError(f"rules.v1 has no {missing[0]}, which {id_} names")
        return Edited(bundle, {name: self.contents[name] for name in bundle.contents})

    def has(self, id_: str) -> bool:
        """Whether a bundle and all its contents are here."""
        bundle = self.bundles.get(id_)
        return bundle is not None and self.contents.keys() >= set(bundle.contents)

    def missing(self, edited: Edited) -> Iterator[tuple[bytes, bytes]]:
        """The records that must be written before `edited` can be activated, contents first."""
        for name, content in edited.contents.items():
            if name not in self.contents:
                yield name.encode(), zlib.compress(content, 9)
        if edited.bundle.id not in self.bundles:
            yield edited.bundle.id.encode(), encode_bundle(edited.bundle)

    def following(self, past: Past) -> Active:
        """The activation of `past.id` on top of this one; `past.rev` does not count."""
        before = () if self.active is None else (*self.active.past, self.active.as_past(self.rev))
        followed_ms = [one.at_ms for one in (*before, past)][1:]
        kept = [
            one
            for one, at_ms in zip(before, followed_ms, strict=True)
            if at_ms > past.at_ms - KEPT_MS
        ]
        kept = kept if len(kept) >= PAST_MIN else list(before[-PAST_MIN:])
        return Active(
            past.id, self.rev, past.at_ms, past.did, past.because, past.by, tuple(kept[-PAST_MAX:])
        )
