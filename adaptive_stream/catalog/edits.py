"""What may be done to the rules in force: each edit makes the next bundle of the one before.

Rule 1: an edit is pure; who writes it to rules.v1, and when it is in force, is somebody else's.
Rule 2: stop and hold rules are those of today for every run. Steps are those that a run entered
with, unless the file says `migrate`; so the bundle keeps the files that still say them, no longer
than a run lives, and no more than EARLIER_MAX of them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec
import tzdata

from adaptive_stream.catalog.bundle import (
    JOURNEYS,
    Bundle,
    ChannelInfo,
    Contents,
    Earlier,
    Paused,
    Withdrawn,
    content_name,
    said,
)
from adaptive_stream.catalog.fields import roughly_ms
from adaptive_stream.catalog.published import (
    checked,
    journey_of,
    path_of,
    start_version,
    steps_version,
)
from adaptive_stream.engine.journey import SEMANTICS, SHADOW, Journey

EARLIER_MAX = 8  # Versions of the steps of one journey that its runs may still have.
PAUSES_MAX = 10
DAY_MS = 86_400_000
KEPT_MS = 60 * DAY_MS  # Longer than any run lives, and than any sender remembers a stop.

Channels = Mapping[str, ChannelInfo]


class EditError(Exception):
    """An edit that cannot be made of these rules, with what to do instead."""

    def __init__(self, says: str, remedy: str) -> None:
        super().__init__(says)
        self.says, self.remedy = says, remedy


@dataclass(frozen=True, slots=True)
class Edited:
    """A bundle, and every content that it names."""

    bundle: Bundle
    contents: Contents


def publish(
    now: Edited, files: Mapping[str, bytes | None], channels: Channels, at_ms: int
) -> Edited:
    """With these files, by path; None: without. Raises CatalogError with every fault."""
    paths = dict(now.bundle.files)
    contents = dict(now.contents)
    for path, content in files.items():
        paths.pop(path, None)
        if content is not None:
            paths[path] = content_name(content)
            contents[paths[path]] = content
    bundle = msgspec.structs.replace(
        now.bundle,
        files=paths,
        channels=said(channels),
        tzdata=tzdata.IANA_VERSION,
        semantics=SEMANTICS,
    )
    before, after = _journeys(now), _journeys(Edited(bundle, contents))
    published = {journey_of(path) for path in files}
    withdrawn = {name: before[name] for name in before.keys() - after.keys()}
    bundle = msgspec.structs.replace(
        bundle,
        since_ms=dict(_since(now.bundle, before, after, at_ms)),
        earlier=dict(_earlier(now.bundle, before, after, at_ms)),
        shadows={n: content for n, content in bundle.shadows.items() if n not in published},
        pauses={n: pauses for n, pauses in bundle.pauses.items() if n in after},
        withdrawn=_withdrawn(bundle, withdrawn, after, at_ms),
    )
    return _trimmed(Edited(bundle, contents))


def publish_shadow(now: Edited, name: str, content: bytes, at_ms: int) -> Edited:
    """With a journey that runs beside, under the words in force. Raises CatalogError."""
    named = content_name(content)
    files = {path: now.contents[one] for path, one in now.bundle.files.items()}
    checked({**files, path_of(name): content}, now.bundle)
    bundle = msgspec.structs.replace(
        now.bundle,
        shadows={**now.bundle.shadows, name: named},
        since_ms={**now.bundle.since_ms, name + SHADOW: at_ms},
    )
    return _trimmed(Edited(bundle, {**now.contents, named: content}))


def pause(now: Edited, name: str, at_ms: int) -> Edited:
    """Nothing of the journey is due from now on."""
    pauses = _pauses(now, name)
    if pauses and pauses[-1].to_ms is None:
        raise EditError(f"{name} is paused already", f"`journeys resume {name}` ends it")
    return _paused(now, name, (*pauses, Paused(at_ms)), at_ms)


def resume(now: Edited, name: str, at_ms: int) -> Edited:
    """What came due meanwhile is due now."""
    pauses = _pauses(now, name)
    if not pauses or pauses[-1].to_ms is not None:
        raise EditError(f"{name} is not paused", "nothing to do: it runs")
    last = pauses[-1]
    ended = Paused(last.from_ms, max(at_ms, last.from_ms))
    return _paused(now, name, (*pauses[:-1], ended), at_ms)


def roll_back(
    now: Edited, before: Edited, name: str | None, channels: Channels, at_ms: int
) -> Edited:
    """The files of `before` again, or the one of a journey; pauses and shadows stay as they are.

    A journey with a shadow loses that, and nothing else.
    """
    if name is not None and name in now.bundle.shadows:
        shadows = {n: content for n, content in now.bundle.shadows.items() if n != name}
        since_ms = {n: ms for n, ms in now.bundle.since_ms.items() if n != name + SHADOW}
        bundle = msgspec.structs.replace(now.bundle, shadows=shadows, since_ms=since_ms)
        return _trimmed(Edited(bundle, now.contents))
    paths = {*now.bundle.files, *before.bundle.files} if name is None else {path_of(name)}
    files = {
        path: before.contents[before.bundle.files[path]] if path in before.bundle.files else None
        for path in sorted(paths)
        if now.bundle.files.get(path) != before.bundle.files.get(path)
    }
    if not files:
        raise EditError("nothing was different then", "`journeys status` shows what was published")
    edited = publish(now, files, channels, at_ms)
    shadows = now.bundle.shadows
    return Edited(msgspec.structs.replace(edited.bundle, shadows=shadows), edited.contents)


def _journeys(edited: Edited) -> dict[str, Journey]:
    files = {path: edited.contents[name] for path, name in edited.bundle.files.items()}
    return dict(checked(files, edited.bundle).rules.by_name)


def _since(
    now: Bundle, before: Mapping[str, Journey], after: Mapping[str, Journey], at_ms: int
) -> Iterator[tuple[str, int]]:
    """What begins otherwise than before begins with what happens from now on."""
    for name, journey in after.items():
        same = name in before and start_version(before[name]) == start_version(journey)
        since_ms = now.since_ms.get(name, 0) if same else at_ms
        if since_ms:
            yield name, since_ms
    yield from ((name, ms) for name, ms in now.since_ms.items() if name.endswith(SHADOW))


def _earlier(
    now: Bundle, before: Mapping[str, Journey], after: Mapping[str, Journey], at_ms: int
) -> Iterator[tuple[str, tuple[Earlier, ...]]]:
    for name, journey in after.items():
        kept = now.earlier.get(name, ())
        version = steps_version(journey)
        if name in before and steps_version(before[name]) != version:
            until_ms = at_ms + roughly_ms(before[name].ends) + DAY_MS
            kept = (*kept, Earlier(steps_version(before[name]), _saying(now, name), until_ms))
        kept = tuple(one for one in kept if one.version != version and one.until_ms > at_ms)
        if kept and not journey.migrate:
            yield name, kept[-EARLIER_MAX:]


def _saying(bundle: Bundle, name: str) -> dict[str, str]:
    """The files that say what the steps of one journey are: its own, and the words."""
    own = path_of(name)
    return {p: c for p, c in bundle.files.items() if p == own or not p.startswith(JOURNEYS)}


def _withdrawn(
    now: Bundle, gone: Mapping[str, Journey], after: Mapping[str, Journey], at_ms: int
) -> dict[str, Withdrawn]:
    known = {n: one for n, one in now.withdrawn.items() if one.at_ms > at_ms - KEPT_MS}
    known |= {n: Withdrawn(tuple(sorted(j.channels())), at_ms) for n, j in gone.items()}
    return {n: one for n, one in sorted(known.items()) if n not in after}


def _pauses(now: Edited, name: str) -> tuple[Paused, ...]:
    if path_of(name) not in now.bundle.files:
        known = ", ".join(sorted(filter(None, map(journey_of, now.bundle.files))))
        raise EditError(f"no journey {name!r} is in force", f"there are: {known}")
    return now.bundle.pauses.get(name, ())


def _paused(now: Edited, name: str, pauses: tuple[Paused, ...], at_ms: int) -> Edited:
    kept = [one for one in pauses if one.to_ms is None or one.to_ms > at_ms - KEPT_MS]
    by_name = {**now.bundle.pauses, name: tuple(kept[-PAUSES_MAX:])}
    bundle = msgspec.structs.replace(now.bundle, pauses=by_name)
    return Edited(bundle, now.contents)


def _trimmed(edited: Edited) -> Edited:
    """Without the contents that nothing names any more."""
    bundle = edited.bundle
    return Edited(bundle, {name: edited.contents[name] for name in bundle.contents})
