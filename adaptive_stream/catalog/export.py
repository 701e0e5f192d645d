"""Topics as they would be applied, for other tools: Strimzi's resources, and a table of people's
data."""

from collections.abc import Iterable, Iterator

import yaml

from adaptive_stream.catalog.topics import ANNOTATION, API_VERSION, Topic

UNITS_MS = (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000))


def resource(topic: Topic, cluster: str) -> dict[str, object]:
    """The topic as a KafkaTopic of the Strimzi cluster of this name."""
    notes = {
        "owner": topic.owner,
        "key": topic.key,
        "schema": topic.schema,
        "pii": topic.pii,
        "dlq": topic.dlq,
        "incarnation": str(topic.incarnation),
    }
    return {
        "apiVersion": API_VERSION,
        "kind": "KafkaTopic",
        "metadata": {
            "name": topic.name,
            "labels": {"strimzi.io/cluster": cluster},
            "annotations": {ANNOTATION + key: value for key, value in notes.items() if value},
        },
        "spec": {
            "partitions": topic.partitions,
            "replicas": topic.replicas,
            "config": {key: _typed(value) for key, value in topic.config.items()},
        },
    }


def strimzi(topics: Iterable[Topic], cluster: str) -> str:
    """All of them as one text for `kubectl apply -f -`."""
    resources = [resource(topic, cluster) for topic in topics]
    return yaml.safe_dump_all(resources, sort_keys=False, explicit_start=True)


def report(topics: Iterable[Topic]) -> Iterator[dict[str, str]]:
    """Who answers for which topic, what is in it, and how long it stays."""
    for topic in sorted(topics, key=lambda topic: topic.name):
        yield {
            "topic": topic.name,
            "owner": topic.owner,
            "key": topic.key,
            "pii": topic.pii,
            "kept": kept(topic),
            "dlq": topic.dlq or "",
            "schema": topic.schema,
        }


def kept(topic: Topic) -> str:
    """How long a record stays, in words."""
    if "compact" in topic.config.get("cleanup.policy", ""):
        lag_ms = topic.number("max.compaction.lag.ms")
        return f"last of each key, older gone in {span(lag_ms)}" if lag_ms else "last of each key"
    kept_ms = topic.number("retention.ms")
    return "the cluster's default" if kept_ms is None else span(kept_ms)


def span(ms: int) -> str:
    """A length of time in the largest unit that is exact."""
    if ms < 0:
        return "for ever"
    unit, unit_ms = next((u for u in UNITS_MS if ms % u[1] == 0), ("ms", 1))
    return f"{ms // unit_ms} {unit}"


def _typed(value: str) -> int | bool | str:
    """Strimzi's schema wants numbers and booleans as such."""
    if value in ("true", "false"):
        return value == "true"
    return int(value) if value.lstrip("-").isdigit() else value
