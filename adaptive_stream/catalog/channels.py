"""topics/channels/*.yaml to Channels: which topics are read as what, and who can be reached there.

Rule 1: a channel is its file. Another file adds a channel, another line binds one to a topic that
somebody else named, cut and keyed; no code knows either.
Rule 2: a channel topic's key and partitions are never relied on, so nothing here asks for them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from adaptive_stream.catalog.faults import Fault, suggestion
from adaptive_stream.catalog.topics import documents, wrong_keys
from adaptive_stream.catalog.yaml_lines import Node
from adaptive_stream.engine.fact import FACT_TYPES

# The closed list: each has its file, its topic and its dead-letter topic. Others may be added.
CHANNELS = (
    "web", "app", "store", "email", "push", "sms", "callcentre", "social", "directmail",
    "broadcast", "ads", "backoffice",
)  # fmt: skip

KEYS = ("channel", "read", "endpoints", "sources", "drop", "carries")
READ_KEYS = ("topic", "format", "incarnation")
NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")  # Somebody else's may be any that Kafka takes.
IDENTIFIER_TYPE = re.compile(r"[a-z][a-z0-9_]{0,31}")
PATH = re.compile(r"data(\.[A-Za-z_][A-Za-z0-9_]*)+")
DROP = re.compile(PATH.pattern + r"( == (true|false|-?[0-9]+|'[^']*'))?")
FORMATS = ("auto", "native", "cloudevents", "segment")
MAPPING = re.compile(r"mapping/[A-Za-z0-9_-]+\.yaml")


@dataclass(frozen=True, slots=True)
class Reading:
    """One topic that a channel reads. `topic` and `dlq` are the cluster's names."""

    topic: str
    format: str
    incarnation: int
    dlq: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel. `endpoints`: the identifier types that reach a person here, preferred first;
    none: nothing is sent here. `named_by`: where a fact names its source. `drop`: a path is taken
    out of a fact, a comparison drops the fact. `carries`: the facts that can come from here."""

    name: str
    file: str
    read: tuple[Reading, ...]
    endpoints: tuple[str, ...]
    named_by: str | None = None
    drop: tuple[str, ...] = ()
    carries: frozenset[str] = FACT_TYPES
    says: str = ""
    lines: Mapping[str, int] = field(default_factory=dict)


def load_channels(topics_dir: Path, faults: list[Fault]) -> dict[str, Channel]:
    """The channels of `channels/` by name; what is wrong with a file is added to `faults`."""
    channels: dict[str, Channel] = {}
    for path in sorted((topics_dir / "channels").glob("*.yaml")):
        found = documents(path, faults)
        if len(found) > 1:
            faults.append(found[1].fault("declares a second channel", "give it its own file"))
        for node in found[:1]:
            channel = _channel(node, path.stem, topics_dir, faults)
            if channel:
                channels[channel.name] = channel
    return channels


def _channel(node: Node, stem: str, topics_dir: Path, faults: list[Fault]) -> Channel | None:
    before = len(faults)
    faults.extend(wrong_keys(node, KEYS))
    named = node.get("channel")
    if named is None or named.value != stem or not NAME.fullmatch(stem):
        value = "" if named is None else str(named.value)
        says, remedy = "names another channel than its file", f"write channel: {stem}"
        faults.append(Fault(node.file, node.line_of("channel"), value, says, remedy))
    read = node.get("read")
    entries = read.entries() if read else []
    readings = tuple(_reading(entry, topics_dir, faults) for entry in entries)
    if not readings:
        says, remedy = "reads no topic", f"write read: [{{topic: channel.{stem}.v1}}]"
        faults.append(Fault(node.file, node.line_of("read"), "", says, remedy))
    channel = Channel(
        name=stem,
        file=node.file,
        read=readings,
        endpoints=_endpoints(node, faults),
        named_by=_named_by(node, faults),
        drop=_texts(node, "drop", DROP, "write data.card, or data.training == true", faults),
        carries=_carries(node, faults),
        lines={key: node.line_of(key) for key in KEYS},
    )
    return channel if len(faults) == before else None


def _reading(node: Node, topics_dir: Path, faults: list[Fault]) -> Reading:
    faults.extend(wrong_keys(node, READ_KEYS))
    topic, form, incarnation = (node.get(key) for key in READ_KEYS)
    name = topic.value if topic else None
    if not isinstance(name, str) or not TOPIC.fullmatch(name):
        value = None if name is None else str(name)
        faults.append(node.fault("reads no topic by name", "write {topic: NAME}", value))
        name = ""
    word = str(form.value) if form else FORMATS[0]
    if form and MAPPING.fullmatch(word):
        if not (topics_dir / "mappings" / word.removeprefix("mapping/")).is_file():
            remedy = f"write topics/mappings/{word.removeprefix('mapping/')}"
            faults.append(form.fault("names a mapping file that is not there", remedy))
    elif form and word not in FORMATS:
        remedy = suggestion(word, (*FORMATS, "mapping/NAME.yaml"))
        faults.append(form.fault("has an unknown format", remedy))
    number = incarnation.value if incarnation else 1
    if type(number) is not int or number < 1:
        says = "has an incarnation that is no number from 1"
        faults.append(node.fault(says, "write how often the topic was created", str(number)))
        number = 1
    return Reading(name, word, number, f"{name}.dlq", node.line)


def _endpoints(node: Node, faults: list[Fault]) -> tuple[str, ...]:
    if node.get("endpoints") is None:
        says = "does not say how a person is reached on it"
        remedy = "write endpoints: [email, braze], or endpoints: [] where nothing is sent"
        faults.append(Fault(node.file, node.line, "", says, remedy))
    remedy = "write types of identifiers: small letters, digits and _"
    return _texts(node, "endpoints", IDENTIFIER_TYPE, remedy, faults)


def _named_by(node: Node, faults: list[Fault]) -> str | None:
    sources = node.get("sources")
    if sources is None:
        return None
    faults.extend(wrong_keys(sources, ("named_by",)))
    named_by = sources.get("named_by")
    if named_by and isinstance(named_by.value, str) and PATH.fullmatch(named_by.value):
        return named_by.value
    faults.append((named_by or sources).fault("names no place in a fact", "write data.store"))
    return None


def _carries(node: Node, faults: list[Fault]) -> frozenset[str]:
    carries = node.get("carries")
    if carries is None:
        return FACT_TYPES
    found = frozenset(str(entry.value) for entry in carries.entries())
    faults.extend(
        entry.fault("is no fact", suggestion(str(entry.value), FACT_TYPES))
        for entry in carries.entries()
        if entry.value not in FACT_TYPES
    )
    return found


def _texts(
    node: Node, key: str, pattern: re.Pattern, remedy: str, faults: list[Fault]
) -> tuple[str, ...]:
    found = node.get(key)
    if found is None:
        return ()
    if not isinstance(found.value, list):
        faults.append(found.fault(f"has {found.kind} as {key}", "write a list: [one, two]"))
    texts = []
    for entry in found.entries():
        if not isinstance(entry.value, str) or not pattern.fullmatch(entry.value):
            faults.append(entry.fault(f"has an entry of {key} that cannot be read", remedy))
        elif entry.value in texts:
            faults.append(entry.fault(f"says it twice in {key}", "keep one of them"))
        else:
            texts.append(entry.value)
    return tuple(texts)
