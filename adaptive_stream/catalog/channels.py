"""topics/channels/*.yaml to Channels: which topics are read as what, and who can be reached there.

Rule 1: a channel is its file. Another file adds a channel, another line binds one to a topic that
somebody else named, cut and keyed; no code knows either.
Rule 2: a channel topic's key and partitions are never relied on, so nothing here asks for them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from adaptive_stream.catalog.binding import IDENTIFIER_TYPE, Binding, read_binding
from adaptive_stream.catalog.faults import Fault, suggestion
from adaptive_stream.catalog.sources import read_sources
from adaptive_stream.catalog.topics import documents, wrong_keys
from adaptive_stream.catalog.yaml_lines import Node
from adaptive_stream.engine.fact import FACT_TYPES
from adaptive_stream.engine.source import Sources
from adaptive_stream.formats import parse_drop
from adaptive_stream.formats.drop import Drop

# The closed list: each has its file, its topic and its dead-letter topic. Others may be added.
CHANNELS = (
    "web", "app", "store", "email", "push", "sms", "callcentre", "social", "directmail",
    "broadcast", "ads", "backoffice",
)  # fmt: skip

KEYS = ("channel", "read", "endpoints", "sources", "drop", "carries")
NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel. `endpoints`: the identifier types that reach a person here, preferred first;
    none: nothing is sent here. `carries`: the facts that can come from here."""

    name: str
    file: str
    read: tuple[Binding, ...]
    endpoints: tuple[str, ...]
    carries: frozenset[str] = FACT_TYPES
    sources: Sources = Sources()
    lines: Mapping[str, int] = field(default_factory=dict)


def load_channels(topics_dir: Path, faults: list[Fault]) -> dict[str, Channel]:
    """The channels of `channels/` by name; what is wrong with a file is added to `faults`."""
    channels: dict[str, Channel] = {}
    for path in sorted((topics_dir / "channels").glob("*.yaml")):
        found = documents(path, topics_dir, faults)
        if len(found) > 1:
            faults.append(found[1].fault("declares a second channel", "give it its own file"))
        for node in found[:1]:
            channels[path.stem] = _channel(node, path.stem, topics_dir, faults)
    return channels


def _channel(node: Node, stem: str, topics_dir: Path, faults: list[Fault]) -> Channel:
    """The channel as far as it can be read: the rules are judged by it even so."""
    faults.extend(wrong_keys(node, KEYS))
    named = node.get("channel")
    if named is None or named.value != stem or not NAME.fullmatch(stem):
        value = "" if named is None else str(named.value)
        says, remedy = "names another channel than its file", f"write channel: {stem}"
        faults.append(Fault(node.file, node.line_of("channel"), value, says, remedy))
    read = node.get("read")
    named_by, sources = read_sources(node, faults)
    said = (named_by, _drop(node, faults))
    entries = read.entries() if read else []
    bindings = tuple(read_binding(entry, stem, said, topics_dir, faults) for entry in entries)
    if not bindings:
        says, remedy = "reads no topic", f"write read: [{{topic: channel.{stem}.v1}}]"
        faults.append(Fault(node.file, node.line_of("read"), "", says, remedy))
    return Channel(
        name=stem,
        file=node.file,
        read=bindings,
        endpoints=_endpoints(node, faults),
        carries=_carries(node, faults),
        sources=sources,
        lines={key: node.line_of(key) for key in KEYS},
    )


def _endpoints(node: Node, faults: list[Fault]) -> tuple[str, ...]:
    stated = node.get("endpoints")
    if stated is None or not isinstance(stated.value, list):
        says = "does not say how a person is reached on it"
        remedy = "write endpoints: [email, braze], or endpoints: [] where nothing is sent"
        faults.append(Fault(node.file, node.line_of("endpoints"), "", says, remedy))
        return ()
    types: list[str] = []
    for entry in stated.entries():
        if not isinstance(entry.value, str) or not IDENTIFIER_TYPE.fullmatch(entry.value):
            remedy = "write small letters, digits and _, as in push_token"
            faults.append(entry.fault("is no type of identifier", remedy))
        elif entry.value in types:
            faults.append(entry.fault("is an endpoint twice", "keep one of them"))
        else:
            types.append(entry.value)
    return tuple(types)


def _drop(node: Node, faults: list[Fault]) -> tuple[Drop, ...]:
    stated = node.get("drop")
    drops = []
    for entry in stated.entries() if stated else ():
        try:
            drops.append(parse_drop(str(entry.value)))
        except ValueError as error:
            faults.append(entry.fault("does not say what is dropped", str(error)))
    return tuple(drops)


def _carries(node: Node, faults: list[Fault]) -> frozenset[str]:
    carries = node.get("carries")
    if carries is None:
        return FACT_TYPES
    for entry in carries.entries():
        if entry.value not in FACT_TYPES:
            faults.append(entry.fault("is no fact", suggestion(str(entry.value), FACT_TYPES)))
    return frozenset(str(entry.value) for entry in carries.entries())
