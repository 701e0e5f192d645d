"""A bundle and the files that it names, compiled: what a worker goes by from then on.

Rule 1: nothing but the bundle and its contents has a say, so that whoever compiles it, wherever
and whenever, decides the same.
Rule 2: the names of steps and starts are made of what they mean, not of how they are written: a
comment or a stop rule that changes is no other version of the steps.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from hashlib import sha256

from adaptive_stream.catalog.bundle import JOURNEYS, Bundle, Contents, Earlier, Paused
from adaptive_stream.catalog.faults import CatalogError
from adaptive_stream.catalog.rules import RuleFiles, read_contents
from adaptive_stream.engine.journey import SHADOW, Journey, Pause, Rules
from adaptive_stream.engine.word import Condition, Expression

STARTS = ("for_each", "when", "only_if", "not_older_than", "again_after", "once")


def compiled(bundle: Bundle, contents: Contents) -> Rules:
    """Raises CatalogError with every fault, KeyError with the name of a content that is missing."""
    rules = checked(_files(bundle.files, contents), bundle).rules
    journeys = [_with_its_life(journey, bundle) for journey in rules.journeys]
    journeys += list(_shadows(bundle, contents))
    earlier = {
        (journey.name, one.version): replace(journey, steps=then.steps, version=one.version)
        for journey in journeys
        for one in bundle.earlier.get(journey.name, ())
        if (then := _of_then(journey.name, one, bundle, contents)) is not None
    }
    withdrawn = {name: frozenset(one.channels) for name, one in bundle.withdrawn.items()}
    return replace(
        rules, id=bundle.id, journeys=tuple(journeys), earlier=earlier, withdrawn=withdrawn
    )


def checked(files: Mapping[str, bytes], bundle: Bundle) -> RuleFiles:
    """These files, by path, as the channels of the bundle let them be read. Raises CatalogError."""
    read = read_contents(files, bundle.channels)
    if read.faults:
        raise CatalogError(read.faults)
    return read


def steps_version(journey: Journey) -> str:
    """The same for two journeys whose steps mean the same."""
    return _hash(journey.steps, deep=False)


def start_version(journey: Journey) -> str:
    """The same for two journeys that start alike; how its condition is defined is part of it."""
    return _hash(tuple(getattr(journey, name) for name in STARTS), deep=True)


def path_of(journey: str) -> str:
    """Of its file."""
    return f"{JOURNEYS}{journey}.yaml"


def journey_of(path: str) -> str | None:
    """Whose file it is, None if no journey's."""
    name = path.removeprefix(JOURNEYS).removesuffix(".yaml")
    return name if path == path_of(name) else None


def _with_its_life(journey: Journey, bundle: Bundle) -> Journey:
    return replace(
        journey,
        version=steps_version(journey),
        since_ms=bundle.since_ms.get(journey.name, 0),
        pauses=tuple(map(_pause, bundle.pauses.get(journey.name, ()))),
    )


def _pause(paused: Paused) -> Pause:
    return Pause(paused.from_ms, paused.to_ms)


def _shadows(bundle: Bundle, contents: Contents) -> Iterator[Journey]:
    for name, content in sorted(bundle.shadows.items()):
        files = _files({**bundle.files, path_of(name): content}, contents)
        journey = checked(files, bundle).rules.by_name[name]
        named = replace(journey, name=name + SHADOW, shadow=True)
        yield _with_its_life(named, bundle)


def _of_then(name: str, earlier: Earlier, bundle: Bundle, contents: Contents) -> Journey | None:
    """The journey as it was. None if a newer reader cannot read it any more: its runs go on with
    the steps of today then."""
    read = read_contents(_files(earlier.files, contents), bundle.channels)
    return None if read.faults else read.rules.by_name.get(name)


def _files(files: Mapping[str, str], contents: Contents) -> dict[str, bytes]:
    return {path: contents[name] for path, name in files.items()}


def _hash(value: object, *, deep: bool) -> str:
    return sha256(_spelled(value, deep).encode()).hexdigest()[:8]


def _spelled(value: object, deep: bool) -> str:
    """What it means, as text. `deep`: also of the words that it uses."""
    if isinstance(value, Expression):
        return value.text
    if isinstance(value, Condition) and not deep:
        return value.name
    if is_dataclass(value) and not isinstance(value, type):
        parts = (f"{one.name}={_spelled(getattr(value, one.name), deep)}" for one in fields(value))
        return f"({', '.join(parts)})"
    if isinstance(value, tuple):
        return f"[{', '.join(_spelled(one, deep) for one in value)}]"
    return repr(value)
