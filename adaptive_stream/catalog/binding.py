"""One line of a channel's `read:`: a topic, and how its records become facts."""

import re
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from adaptive_stream.catalog.faults import Fault, suggestion
from adaptive_stream.catalog.topics import documents, wrong_keys
from adaptive_stream.catalog.yaml_lines import Node
from adaptive_stream.engine.identifier import STRENGTH
from adaptive_stream.formats import FORMATS, MappingError, ReadRule, compile_mapping
from adaptive_stream.formats.drop import Drop
from adaptive_stream.formats.mapping import RecordMapping

KEYS = ("topic", "format", "incarnation", "zone", "key_is")
TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")  # Somebody else's may be any that Kafka takes.
MAPPING = re.compile(r"mapping/([A-Za-z0-9_-]+\.yaml)")
IDENTIFIER_TYPE = re.compile(r"[a-z][a-z0-9_]{0,31}")
AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Binding:
    """One topic that a channel reads. `topic` and `dlq` are the cluster's names; `incarnation`
    counts how often the topic was created, since its offsets begin again each time."""

    topic: str
    rule: ReadRule
    incarnation: int
    dlq: str
    line: int = 0


def read_binding(
    node: Node,
    channel: str,
    said: tuple[tuple[str, ...], tuple[Drop, ...]],
    topics_dir: Path,
    faults: list[Fault],
) -> Binding:
    """An entry of `read:`. `said`: where the source is named and what is dropped, which is the
    same for all topics of a channel. Faults are added to `faults`."""
    faults.extend(wrong_keys(node, KEYS))
    topic = node.get("topic")
    name = topic.value if topic else None
    if not isinstance(name, str) or not TOPIC.fullmatch(name):
        value = None if name is None else str(name)
        faults.append(node.fault("reads no topic by name", "write {topic: NAME}", value))
        name = ""
    mapping, form = None, node.get("format")
    word = str(form.value) if form else AUTO
    if form and (named := MAPPING.fullmatch(word)):
        mapping = _mapping(form, topics_dir / "mappings" / named[1], topics_dir, faults)
    elif word not in (AUTO, *FORMATS):
        remedy = suggestion(word, (AUTO, *FORMATS, "mapping/NAME.yaml"))
        faults.append((form or node).fault("has an unknown format", remedy))
    rule = ReadRule(
        channel=channel,
        format=word,
        mapping=mapping,
        source_path=said[0],
        drop=said[1],
        zone=_zone(node, faults),
        key_is=_key_is(node, faults),
    )
    return Binding(name, rule, _incarnation(node, faults), f"{name}.dlq", node.line)


def _mapping(form: Node, path: Path, topics_dir: Path, faults: list[Fault]) -> RecordMapping | None:
    """The mapping file, compiled; its faults are told by its own lines."""
    if not path.is_file():
        remedy = f"write topics/mappings/{path.name}"
        faults.append(form.fault("names a mapping file that is not there", remedy))
        return None
    found = documents(path, topics_dir, faults)
    if len(found) != 1:
        if not found:
            faults.append(form.fault("names a mapping file that says nothing", "write its facts"))
        return None
    try:
        return compile_mapping(found[0].plain())
    except MappingError as error:
        for fault in error.faults:
            place = _at(found[0], fault.path)
            faults.append(Fault(place.file, place.line, fault.value, fault.says, fault.remedy))
        return None


def _at(node: Node, path: tuple[str | int, ...]) -> Node:
    """The node at a path, or the last one on the way that is there."""
    for step in path:
        below = node.get(step) if isinstance(step, str) else None
        if isinstance(step, int) and step < len(node.entries()):
            below = node.entries()[step]
        if below is None:
            return node
        node = below
    return node


def _incarnation(node: Node, faults: list[Fault]) -> int:
    stated = node.get("incarnation")
    number = stated.value if stated else 1
    if type(number) is int and number > 0:
        return number
    says = "has an incarnation that is no number from 1"
    faults.append((stated or node).fault(says, "write how often the topic was created"))
    return 1


def _zone(node: Node, faults: list[Fault]) -> str:
    stated = node.get("zone")
    if stated is None:
        return "UTC"
    try:
        return ZoneInfo(str(stated.value)).key
    except (KeyError, ValueError, OSError):  # Not found, not a name, a directory of zones.
        faults.append(stated.fault("is no time zone", "write one like Europe/London"))
        return "UTC"


def _key_is(node: Node, faults: list[Fault]) -> str:
    stated = node.get("key_is")
    if stated is None:
        return ""
    if isinstance(stated.value, str) and IDENTIFIER_TYPE.fullmatch(stated.value):
        return stated.value
    remedy = f"write one like {', '.join(STRENGTH)}"
    faults.append(stated.fault("is no type of identifier", remedy))
    return ""
