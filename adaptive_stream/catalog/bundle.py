"""All that is in force, as one value with a name: what rules.v1 holds and a partition goes by.

Rule 1: a bundle is named after its content, so that one name means the same rules for ever; so are
the files that it names, and a file that two bundles share is kept once.
Rule 2: a bundle stands for itself: it holds what the rules need of the channels, and what became
of its journeys in the log. Whoever has it and its files needs nothing else.
"""

import zlib
from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from typing import Protocol

import msgspec
import tzdata

from adaptive_stream.engine.journey import SEMANTICS
from adaptive_stream.engine.source import Sources

JOURNEYS = "journeys/"
# What this process makes of rules: the same rules under another are other decisions.
KNOWN_SEMANTICS = frozenset((SEMANTICS,))  # A release that raises it knows the one before, too.
MEANING = f"engine {SEMANTICS}, time zones {tzdata.IANA_VERSION}"
Contents = Mapping[str, bytes]  # name of a content, "f-…" -> the bytes of a file


class ChannelInfo(Protocol):
    """What the rules need to know of a channel. `carries`: its facts; None or empty for any.
    `sources`: how they say that they are complete."""

    @property
    def endpoints(self) -> Sequence[str]: ...

    @property
    def carries(self) -> Collection[str] | None: ...

    @property
    def sources(self) -> Sources: ...


class ChannelSaid(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a bundle keeps of a channel."""

    endpoints: tuple[str, ...] = ()
    carries: tuple[str, ...] | None = None
    sources: Sources = Sources()


class Paused(msgspec.Struct, frozen=True, array_like=True):
    """From when until when a journey was paused, UTC ms; `to_ms` None: it still is."""

    from_ms: int
    to_ms: int | None = None


class Earlier(msgspec.Struct, frozen=True):
    """The steps that runs may still have which entered before a change: the files (path -> name of
    the content) that say them. After `until_ms` no run has them."""

    version: str
    files: dict[str, str]
    until_ms: int


class Withdrawn(msgspec.Struct, frozen=True):
    """A journey that is none any more, whose senders were told to stop."""

    channels: tuple[str, ...]
    at_ms: int


class Bundle(msgspec.Struct, frozen=True, omit_defaults=True):
    """`files`: path -> name of the content. By name of a journey: `since_ms` since when it starts
    as it does (0: from the first), `pauses`, `earlier`, `shadows` (the content of its file),
    `withdrawn`."""

    files: dict[str, str]
    channels: dict[str, ChannelSaid]
    tzdata: str = ""
    semantics: int = 0
    since_ms: dict[str, int] = {}
    pauses: dict[str, tuple[Paused, ...]] = {}
    earlier: dict[str, tuple[Earlier, ...]] = {}
    shadows: dict[str, str] = {}
    withdrawn: dict[str, Withdrawn] = {}

    @property
    def foreign(self) -> str:
        """Why this process cannot go by it, "" if it can: it was published for an engine that this
        one does not know, or for time zones of which it knows less."""
        if self.semantics and self.semantics not in KNOWN_SEMANTICS:
            return f"was published for engine {self.semantics}"
        newer = self.tzdata > tzdata.IANA_VERSION
        return f"was published for time zones {self.tzdata}" if newer else ""

    @property
    def id(self) -> str:
        """`r-` and a hash of all that is in it."""
        return f"r-{sha256(_encode(self)).hexdigest()[:12]}"

    @property
    def contents(self) -> tuple[str, ...]:
        """The names of all that it is made of."""
        earlier = (one for kept in self.earlier.values() for one in kept)
        named = {*self.files.values(), *self.shadows.values()}
        return tuple(sorted(named.union(*(one.files.values() for one in earlier))))


_encode = msgspec.json.Encoder(order="sorted").encode
_decoder = msgspec.json.Decoder(Bundle)


def bundle_of(
    contents: Mapping[str, bytes], channels: Mapping[str, ChannelInfo]
) -> tuple[Bundle, dict[str, bytes]]:
    """The bundle of these files (by path) and nothing else, and their contents by name."""
    files = {path: content_name(content) for path, content in contents.items()}
    bundle = Bundle(files, said(channels), tzdata.IANA_VERSION, SEMANTICS)
    return bundle, {content_name(content): content for content in contents.values()}


def said(channels: Mapping[str, ChannelInfo]) -> dict[str, ChannelSaid]:
    """What a bundle keeps of channels."""
    return {
        name: ChannelSaid(
            tuple(channel.endpoints),
            tuple(sorted(channel.carries)) if channel.carries else None,
            channel.sources,
        )
        for name, channel in channels.items()
    }


def content_name(content: bytes) -> str:
    """The name of a content."""
    return f"f-{sha256(content).hexdigest()[:20]}"


def encode_bundle(bundle: Bundle) -> bytes:
    """As rules.v1 keeps it."""
    return zlib.compress(_encode(bundle), 9)


def decode_bundle(value: bytes) -> Bundle:
    """The opposite. Raises msgspec.DecodeError, zlib.error."""
    return _decoder.decode(zlib.decompress(value))
