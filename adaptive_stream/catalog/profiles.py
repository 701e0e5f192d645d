"""topics/profiles/*.yaml: what differs from the topic files on a laptop or in a story.

Rule: a profile that gives up a bound says so in its file, by the bound's name, and nothing else
may break it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from adaptive_stream.catalog.faults import Fault, suggestion
from adaptive_stream.catalog.topics import KEYS, Topic, documents, text_of, wrong_keys
from adaptive_stream.catalog.yaml_lines import Node

KNOWN = ("profile", "based_on", "partitions", "replicas", "config", "topics", "gives_up")
MAY_BE_GIVEN_UP = ("durability", "retention", "compaction", "log-time")


@dataclass(frozen=True, slots=True)
class Profile:
    """What is different from the files. `partitions` is by key, `topics` by declared name;
    `gives_up` names the bounds that do not hold here."""

    name: str
    partitions: Mapping[str, int] = field(default_factory=dict)
    replicas: int | None = None
    config: Mapping[str, str] = field(default_factory=dict)
    topics: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    gives_up: frozenset[str] = frozenset()

    def of(self, topic: Topic) -> Topic:
        """The topic as this profile wants it; a config that its file does not state stays so."""
        config = dict(topic.config)
        config.update((key, value) for key, value in self.config.items() if key in config)
        config.update(self.topics.get(topic.declared, {}))
        return replace(
            topic,
            partitions=self.partitions.get(topic.key, topic.partitions),
            replicas=topic.replicas if self.replicas is None else self.replicas,
            config=config,
        )


PRODUCTION = Profile("production")


def load_profiles(topics_dir: Path, faults: list[Fault]) -> dict[str, Profile]:
    """The profiles by name, production among them; faults of the files are added to `faults`."""
    nodes: dict[str, Node] = {}
    for path in sorted((topics_dir / "profiles").glob("*.yaml")):
        for node in documents(path, topics_dir, faults):
            named = node.get("profile")
            if named is None or named.value != path.stem:
                says, remedy = "names another profile than its file", f"write profile: {path.stem}"
                faults.append(Fault(node.file, node.line_of("profile"), "", says, remedy))
            nodes[path.stem] = node
    profiles = {PRODUCTION.name: PRODUCTION}
    for name, node in nodes.items():
        faults.extend(wrong_keys(node, KNOWN))
        profiles[name] = _profile(name, node, nodes, faults)
    return profiles


def _profile(name: str, node: Node, nodes: Mapping[str, Node], faults: list[Fault]) -> Profile:
    base = PRODUCTION
    based_on = node.get("based_on")
    if based_on is not None:
        word = str(based_on.value)
        if word == name or word not in nodes or nodes[word].get("based_on"):
            remedy = "name a profile that is based on none"
            faults.append(based_on.fault("is based on a profile that it cannot be", remedy))
        else:
            base = _profile(word, nodes[word], nodes, [])
    replicas = node.get("replicas")
    return Profile(
        name=name,
        partitions={**base.partitions, **_partitions(node, faults)},
        replicas=_count(replicas, faults) if replicas else base.replicas,
        config={**base.config, **_config(node.get("config"), faults)},
        topics={**base.topics, **_topics(node.get("topics"), faults)},
        gives_up=base.gives_up | _gives_up(node, faults),
    )


def _partitions(node: Node, faults: list[Fault]) -> dict[str, int]:
    counts = node.get("partitions")
    found = {}
    for key, value in counts.items() if counts else ():
        if key not in KEYS:
            faults.append(value.fault(f"has an unknown key {key!r}", suggestion(key, KEYS), key))
        found[key] = _count(value, faults)
    return found


def _count(node: Node, faults: list[Fault]) -> int:
    if type(node.value) is int and node.value > 0:
        return node.value
    faults.append(node.fault("has no whole number of 1 or more", "write 1 or more"))
    return 1


def _config(node: Node | None, faults: list[Fault]) -> dict[str, str]:
    return {key: text_of(value, faults) for key, value in node.items()} if node else {}


def _topics(node: Node | None, faults: list[Fault]) -> dict[str, dict[str, str]]:
    return {name: _config(value, faults) for name, value in node.items()} if node else {}


def _gives_up(node: Node, faults: list[Fault]) -> frozenset[str]:
    words = node.get("gives_up")
    given_up = set()
    for entry in words.entries() if words else ():
        word = str(entry.value)
        if word not in MAY_BE_GIVEN_UP:
            remedy = suggestion(word, MAY_BE_GIVEN_UP)
            faults.append(entry.fault("gives up a bound that must hold everywhere", remedy))
        given_up.add(word)
    return frozenset(given_up)
