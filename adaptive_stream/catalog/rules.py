"""A directory of rule files, read, checked against each other and compiled.

Rule 1: `read_rules` finds every fault of every file in one reading; `load_rules` is for those who
can do nothing with a fault but stop.
Rule 2: the id of the rules changes when anything changes that could change a decision: a byte of a
file, the time zone data, or the meaning of the engine.
"""

import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from adaptive_stream.catalog import yaml_lines
from adaptive_stream.catalog.bundle import ChannelInfo, bundle_of
from adaptive_stream.catalog.conditions import Conditions, read_conditions
from adaptive_stream.catalog.faults import CatalogError, Fault, Faults, TooManyFaults
from adaptive_stream.catalog.identity import FILE as IDENTITY
from adaptive_stream.catalog.identity import read_identity
from adaptive_stream.catalog.journey_words import Reach
from adaptive_stream.catalog.journeys import JourneyFile, read_journey
from adaptive_stream.catalog.policy import read_policy
from adaptive_stream.catalog.senders import read_senders
from adaptive_stream.catalog.spoken import spoken
from adaptive_stream.catalog.standing import FILE as STANDING
from adaptive_stream.catalog.standing import StandingEntry, read_standing
from adaptive_stream.catalog.vocabulary import CART_FACTS
from adaptive_stream.catalog.yaml_lines import Node
from adaptive_stream.engine.journey import Rules
from adaptive_stream.engine.span import Span
from adaptive_stream.engine.word import Condition

CONDITIONS = "conditions.yaml"
FOLDERS = ("journeys", "policy", "senders")


@dataclass(frozen=True, slots=True)
class RuleFiles:
    """All that the files say. `rules` holds what could be compiled, everything if no faults."""

    rules: Rules
    journeys: tuple[JourneyFile, ...]
    standing: tuple[StandingEntry, ...]
    conditions: Mapping[str, Condition]
    faults: tuple[Fault, ...]


def load_rules(rules_dir: Path, channels: Mapping[str, ChannelInfo]) -> Rules:
    """The rules of a directory. Raises CatalogError with every fault."""
    files = read_rules(rules_dir, channels)
    if files.faults:
        raise CatalogError(files.faults)
    return files.rules


def read_rules(rules_dir: Path, channels: Mapping[str, ChannelInfo]) -> RuleFiles:
    """As `load_rules`, with the faults beside what could be read. Files are named in faults by
    their path below `rules_dir`."""
    faults: list[Fault] = []
    return read_contents(read_dir(rules_dir, faults), channels, faults)


def read_contents(
    contents: Mapping[str, bytes], channels: Mapping[str, ChannelInfo], noted: Sequence[Fault] = ()
) -> RuleFiles:
    """The rules of these files, by path. `noted`: faults that are known already. After
    FAULTS_MAX faults there is nothing but these."""
    # The machine's own zone data may be older or newer than what the id of the rules says.
    zoneinfo.reset_tzpath(to=())
    faults = Faults(noted)
    rules = Rules(bundle_of(contents, channels)[0].id)
    try:
        files = _read(contents, channels, rules, faults)
    except TooManyFaults:
        files = RuleFiles(rules, (), (), {}, ())
    return replace(files, faults=tuple(sorted(set(faults))))


def _read(
    contents: Mapping[str, bytes],
    channels: Mapping[str, ChannelInfo],
    named: Rules,
    faults: list[Fault],
) -> RuleFiles:
    documents = _documents(contents, faults)
    identity = read_identity(documents.pop(IDENTITY, []), _endpoints(channels), faults)
    standing_nodes = documents.pop(STANDING, [])
    policy = read_policy(_all(documents, "policy/"), faults)
    said = {"cart_abandoned_after": spoken(Span(ms=policy.cart_abandoned_after_ms))}
    conditions = read_conditions(_all(documents, "conditions.yaml"), said, faults)
    reach = _reach(channels)
    senders = read_senders(_below("senders", documents), reach, faults)
    reach = replace(reach, senders=frozenset(senders))
    standing = read_standing(standing_nodes, conditions, reach, faults)
    journeys = _journeys(documents, conditions, reach, faults)
    policy = replace(
        policy,
        endpoints={name: tuple(channel.endpoints) for name, channel in sorted(channels.items())},
        cart_heeds=reach.heeds(CART_FACTS),
    )
    rules = replace(
        named,
        journeys=tuple(read.journey for read in journeys),
        policy=policy,
        identity=identity,
        standing=tuple(entry.rule for entry in standing),
        senders=senders,
        sources={name: channel.sources for name, channel in sorted(channels.items())},
    )
    return RuleFiles(rules, journeys, standing, conditions.found, ())


def read_dir(rules_dir: Path, faults: list[Fault]) -> dict[str, bytes]:
    """The files of a directory by their path below it, in order; what is none is noted."""
    if not rules_dir.is_dir():
        says, remedy = "is no directory of rules", "name one with conditions.yaml and journeys/"
        faults.append(Fault(str(rules_dir), 0, "", says, remedy))
        return {CONDITIONS: b""}  # One mistake is one fault.
    contents = {}
    for path in sorted((*rules_dir.rglob("*.yaml"), *rules_dir.rglob("*.yml"))):
        name = path.relative_to(rules_dir).as_posix()
        try:
            contents[name] = yaml_lines.content_of(path, name)
        except CatalogError as error:
            faults.extend(error.faults)
            contents[name] = b""
    return contents


def _documents(contents: Mapping[str, bytes], faults: list[Fault]) -> dict[str, list[Node]]:
    """Every document by the path of its file, in order of the paths."""
    documents = {}
    for name, content in sorted(contents.items()):
        path = PurePosixPath(name)
        if path.suffix == ".yml":
            faults.append(Fault(name, 0, "", "is not read", f"call it {path.stem}.yaml"))
        elif name != CONDITIONS and path.parent.as_posix() not in FOLDERS:
            remedy = f"put it into one of: {', '.join(FOLDERS)}"
            faults.append(Fault(name, 0, "", "is not read where it lies", remedy))
        else:
            try:
                documents[name] = yaml_lines.load_bytes(content, name)
            except CatalogError as error:
                faults.extend(error.faults)
                documents[name] = []
    if CONDITIONS not in documents:
        remedy = "add it: journeys are made of the words that it defines"
        faults.append(Fault(CONDITIONS, 0, "", "is missing", remedy))
    return documents


def _below(folder: str, documents: Mapping[str, list[Node]]) -> dict[str, list[Node]]:
    return {name: nodes for name, nodes in documents.items() if name.startswith(f"{folder}/")}


def _all(documents: Mapping[str, list[Node]], start: str) -> list[Node]:
    return [node for name, nodes in documents.items() if name.startswith(start) for node in nodes]


def _journeys(
    documents: Mapping[str, list[Node]], conditions: Conditions, reach: Reach, faults: list[Fault]
) -> tuple[JourneyFile, ...]:
    journeys = []
    for name, nodes in _below("journeys", documents).items():
        if len(nodes) != 1:
            if not any(fault.file == name for fault in faults):
                says = f"has {len(nodes)} journeys in it" if nodes else "has no journey in it"
                faults.append(Fault(name, 0, "", says, "write one journey in each file"))
            continue
        journey = read_journey(nodes[0], Path(name).stem, conditions, reach, faults)
        if journey is not None:
            journeys.append(journey)
    return tuple(journeys)


def _endpoints(channels: Mapping[str, ChannelInfo]) -> set[str]:
    return {kind for channel in channels.values() for kind in channel.endpoints}


def _reach(channels: Mapping[str, ChannelInfo]) -> Reach:
    return Reach(
        channels=frozenset(channels),
        sendable=frozenset(name for name, channel in channels.items() if channel.endpoints),
        carries={
            name: frozenset(channel.carries) if channel.carries else None
            for name, channel in channels.items()
        },
        complete=frozenset(name for name, channel in channels.items() if channel.sources.told),
    )
