"""topics/*.yaml, each a Strimzi KafkaTopic, to Topics.

Rule 1: a file is complete as it stands: `kubectl apply -f topics/` needs nothing of ours.
Rule 2: the values in it are those of production; profiles.py says what differs elsewhere.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from adaptive_stream.catalog.faults import CatalogError, Fault, suggestion
from adaptive_stream.catalog.yaml_lines import Node, load

API_VERSION = "kafka.strimzi.io/v1"
ANNOTATION = "adaptive-stream.io/"
ANNOTATIONS = ("owner", "key", "schema", "pii", "dlq", "incarnation")
OPTIONAL = frozenset(("dlq",))
# What a record is keyed by. `identifier` and `customer` decide the partition, so their number
# changes with their state alone (migration/); `as-it-came` is a dead-letter topic's.
KEYS = ("any", "as-it-came", "identifier", "customer", "none")
PARTITIONED = frozenset(("identifier", "customer"))
PII = ("none", "pseudonymous", "direct")
CLOSED = {"key": KEYS, "pii": PII}
# A name is a Kubernetes resource's too; Kafka's metrics cannot tell a dot from an underscore.
NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
NAME_CHARACTERS_MAX = 249


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic as declared. `config` holds Kafka's own words and values, all as text.

    `name` is the cluster's, `declared` the file's: they differ by the prefix. `lines` gives the
    line of `partitions`, `replicas`, each annotation and each key of the config.
    """

    name: str
    declared: str
    file: str
    owner: str
    key: str
    schema: str
    pii: str
    dlq: str | None
    incarnation: int
    partitions: int
    replicas: int
    config: Mapping[str, str]
    says: str = ""
    lines: Mapping[str, int] = field(default_factory=dict)

    def number(self, config: str) -> int | None:
        """A config's value as a number, None when it is not stated or is no number."""
        value = self.config.get(config, "")
        return int(value) if re.fullmatch(r"-?[0-9]+", value) else None

    def fault(self, at: str, says: str, remedy: str) -> Fault:
        """A fault of this topic's file at the line of `at`."""
        value = {"partitions": str(self.partitions), "replicas": str(self.replicas)}.get(at)
        if value is None:
            value = self.config.get(at, "")
        return Fault(self.file, self.lines.get(at, 0), f"{at}: {value}", says, remedy)


def load_topics(topics_dir: Path, faults: list[Fault]) -> dict[str, Topic]:
    """The topics of a directory by name; what is wrong with a file is added to `faults`."""
    topics: dict[str, Topic] = {}
    for path in sorted(topics_dir.glob("*.yaml")):
        for document in documents(path, topics_dir, faults):
            topic = _topic(document, _first_comment(path), faults)
            if topic is None:
                continue
            if topic.name in topics:
                says = f"declares {topic.name!r}, which {topics[topic.name].file} declares too"
                remedy = "keep one of the two files"
                faults.append(Fault(topic.file, document.line, topic.name, says, remedy))
            topics[topic.name] = topic
    return topics


def documents(path: Path, topics_dir: Path, faults: list[Fault]) -> list[Node]:
    """What the file says, or nothing and its faults, which name it from topics/ on."""
    file = f"topics/{path.relative_to(topics_dir).as_posix()}"
    try:
        return load(path, file)
    except CatalogError as error:
        faults.extend(error.faults)
        return []


def _first_comment(path: Path) -> str:
    """What the file says of its topic, in the comment that opens it."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    comment = []
    for line in lines:
        if not line.startswith("#"):
            break
        comment.append(line.lstrip("# "))
    return " ".join(comment)


def _topic(node: Node, says: str, faults: list[Fault]) -> Topic | None:
    """A document as a Topic, or None and the faults that stand in its way."""
    before = len(faults)
    faults.extend(_wrong_resource(node))
    name = _name(node, faults)
    notes = _annotations(node, faults)
    spec = node.get("spec") or Node({}, node.line, node.file)
    faults.extend(wrong_keys(spec, ("partitions", "replicas", "config")))
    lines = {key: spec.line_of(key) for key in ("partitions", "replicas")}
    partitions = _count(spec, "partitions", faults)
    replicas = _count(spec, "replicas", faults)
    config: dict[str, str] = {}
    stated = spec.get("config")
    for key, value in stated.items() if stated else ():
        lines[key] = value.line
        config[key] = text_of(value, faults)
    if len(faults) > before:
        return None
    metadata = node.get("metadata")
    annotations = metadata.get("annotations") if metadata else None
    if annotations:
        lines.update((key, annotations.line_of(ANNOTATION + key)) for key in notes)
    return Topic(
        name=name, declared=name, file=node.file, says=says, owner=notes["owner"],
        key=notes["key"], schema=notes["schema"], pii=notes["pii"], dlq=notes.get("dlq"),
        incarnation=int(notes["incarnation"]), partitions=partitions, replicas=replicas,
        config=config, lines=lines,
    )  # fmt: skip


def _wrong_resource(node: Node) -> Iterator[Fault]:
    for key, wanted in (("apiVersion", API_VERSION), ("kind", "KafkaTopic")):
        found = node.get(key)
        if found is None or found.value != wanted:
            value = str(found.value) if found else ""
            says = f"has no {key} {wanted}"
            yield Fault(node.file, node.line_of(key), value, says, f"write {key}: {wanted}")


def _name(node: Node, faults: list[Fault]) -> str:
    """The topic's name: that of the resource, which Strimzi takes when no topicName is given."""
    metadata = node.get("metadata")
    found = metadata.get("name") if metadata else None
    name = found.value if found else None
    if isinstance(name, str) and NAME.fullmatch(name) and len(name) <= NAME_CHARACTERS_MAX:
        stem = node.file.rpartition("/")[2].removesuffix(".yaml")
        if stem != name:
            says = f"declares {name!r} in a file of another name"
            remedy = f"rename the file to {name}.yaml"
            faults.append(Fault(node.file, found.line if found else 0, name, says, remedy))
        return name
    says = "has no metadata.name that Kafka and Kubernetes both take"
    remedy = "write small letters, digits, dots and dashes, as in channel.web.v1"
    line = found.line if found else node.line
    faults.append(Fault(node.file, line, "" if name is None else str(name), says, remedy))
    return ""


def _annotations(node: Node, faults: list[Fault]) -> dict[str, str]:
    """Our annotations without their prefix; Kubernetes takes text alone as a value."""
    metadata = node.get("metadata")
    found = metadata.get("annotations") if metadata else None
    written = {
        key.removeprefix(ANNOTATION): value
        for key, value in (found.items() if found else ())
        if key.startswith(ANNOTATION)
    }
    notes: dict[str, str] = {}
    for word, value in written.items():
        closed = CLOSED.get(word)
        if word not in ANNOTATIONS:
            remedy = suggestion(word, ANNOTATIONS)
            faults.append(
                value.fault(f"has an unknown annotation {ANNOTATION}{word}", remedy, word)
            )
        elif not isinstance(value.value, str):
            says = f"has {value.kind} as {ANNOTATION}{word}, and Kubernetes takes text alone"
            faults.append(value.fault(says, f'write {ANNOTATION}{word}: "{value.value}"'))
        elif closed and value.value not in closed:
            says = f"has an unknown {ANNOTATION}{word}"
            faults.append(value.fault(says, suggestion(value.value, closed)))
        elif word == "incarnation" and not re.fullmatch(r"[1-9][0-9]{0,8}", value.value):
            says = "has an incarnation that is no number from 1"
            faults.append(value.fault(says, "write how often the topic has been created"))
        else:
            notes[word] = value.value
    line = found.line if found else node.line
    for word in ANNOTATIONS:
        if word not in written and word not in OPTIONAL:
            says = f"has no annotation {ANNOTATION}{word}"
            faults.append(Fault(node.file, line, "", says, f"add {ANNOTATION}{word}"))
    return notes


def wrong_keys(node: Node, known: tuple[str, ...]) -> Iterator[Fault]:
    """A fault for each key that nobody reads: most often a word that was mistyped."""
    for key, value in node.items():
        if key not in known:
            says = f"has an unknown key {key!r}"
            yield replace(value.fault(says, suggestion(key, known), key), line=node.line_of(key))


def _count(spec: Node, key: str, faults: list[Fault]) -> int:
    found = spec.get(key)
    if found is not None and type(found.value) is int and found.value > 0:
        return found.value
    says = f"has no spec.{key} of 1 or more"
    value = "" if found is None else str(found.value)
    faults.append(Fault(spec.file, spec.line_of(key), value, says, f"write {key}: 1 or more"))
    return 0


def text_of(node: Node, faults: list[Fault]) -> str:
    """A config value as Kafka writes it."""
    if isinstance(node.value, bool):
        return str(node.value).lower()
    if isinstance(node.value, str | int | float):
        return str(node.value)
    faults.append(node.fault(f"has {node.kind} as a value", "write one word or number"))
    return ""
