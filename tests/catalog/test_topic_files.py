"""Every fault of a topic file is told with its line and what to write instead."""

from pathlib import Path

import pytest

from adaptive_stream.catalog import CatalogError, load_catalog

# What is spoilt: (file, text, text instead), and what is said of it.
FAULTS = {
    "another API": (
        ("channel.web.v1.yaml", "kafka.strimzi.io/v1", "kafka.strimzi.io/v1beta2"),
        (
            "topics/channel.web.v1.yaml:2: has no apiVersion kafka.strimzi.io/v1"
            " (kafka.strimzi.io/v1beta2)\n  hint: write apiVersion: kafka.strimzi.io/v1"
        ),
    ),
    "a name that Kubernetes refuses": (
        ("clock.v1.yaml", "name: clock.v1", "name: Clock_v1"),
        (
            "topics/clock.v1.yaml:5: has no metadata.name that Kafka and Kubernetes both take"
            " (Clock_v1)\n  hint: write small letters, digits, dots and dashes, as in"
            " channel.web.v1"
        ),
    ),
    "an annotation mistyped": (
        ("clock.v1.yaml", "adaptive-stream.io/owner", "adaptive-stream.io/ownr"),
        (
            "topics/clock.v1.yaml:9: has no annotation adaptive-stream.io/owner\n"
            "  hint: add adaptive-stream.io/owner\n"
            "topics/clock.v1.yaml:9: has an unknown annotation adaptive-stream.io/ownr\n"
            "  hint: did you mean 'owner'?"
        ),
    ),
    "a key that is none": (
        ("channel.web.v1.yaml", "key: any", "key: customers"),
        (
            "topics/channel.web.v1.yaml:10: has an unknown adaptive-stream.io/key (customers)\n"
            "  hint: did you mean 'customer'?"
        ),
    ),
    "a number where Kubernetes wants text": (
        ("clock.v1.yaml", 'incarnation: "1"', "incarnation: 1"),
        (
            "topics/clock.v1.yaml:13: has a number as adaptive-stream.io/incarnation, and"
            " Kubernetes"
            ' takes text alone (1)\n  hint: write adaptive-stream.io/incarnation: "1"'
        ),
    ),
    "no partitions": (
        ("clock.v1.yaml", "partitions: 1", "partitions: none"),
        (
            "topics/clock.v1.yaml:15: has no spec.partitions of 1 or more (none)\n"
            "  hint: write partitions: 1 or more"
        ),
    ),
    "personal data kept too long": (
        ("channel.store.v1.yaml", "1209600000", "2419200000"),
        (
            "topics/channel.store.v1.yaml:20: channel.store.v1 holds personal data longer"
            " than 14 days"
            " (retention.ms: 2419200000)\n  hint: write 1209600000 or less"
        ),
    ),
    "personal data in segments that stay open": (
        ("customer.facts.v1.yaml", "segment.ms: 86400000", "segment.ms: 604800000"),
        (
            "topics/customer.facts.v1.yaml:22: customer.facts.v1 holds personal data in"
            " segments open"
            " for more than a day (segment.ms: 604800000)\n  hint: write 86400000 or less"
        ),
    ),
    "facts with a producer's clock": (
        ("identity.facts.v1.yaml", "LogAppendTime", "CreateTime"),
        (
            "topics/identity.facts.v1.yaml:23: identity.facts.v1 carries the producers' clocks"
            " (CreateTime), not the brokers' (message.timestamp.type: CreateTime)\n"
            "  hint: write LogAppendTime"
        ),
    ),
    "a repair that comes after the cleaner": (
        ("customer.changelog.v1.yaml", "min.compaction.lag.ms: 900000", "min.compaction.lag.ms: 0"),
        (
            "topics/customer.changelog.v1.yaml:19: customer.changelog.v1 has"
            " min.compaction.lag.ms out"
            " of bounds: a repair would come too late (min.compaction.lag.ms: 0)\n"
            "  hint: write 900000 or more"
        ),
    ),
    "two copies": (
        ("customer.state.v1.yaml", "replicas: 3", "replicas: 2"),
        (
            "topics/customer.state.v1.yaml:16: customer.state.v1 has fewer than 3 copies, so a lost"
            " disk loses facts (replicas: 2)\n  hint: write replicas: 3\n"
            "topics/customer.state.v1.yaml:24: customer.state.v1 stops when one of its 2 brokers is"
            " away (min.insync.replicas: 2)\n  hint: write 1 or less"
        ),
    ),
    "a leader that was behind": (
        ("clock.v1.yaml", "election.enable: false", "election.enable: true"),
        (
            "topics/clock.v1.yaml:24: clock.v1 may be led by a broker that was behind, and so lose"
            " facts (unclean.leader.election.enable: true)\n  hint: write false"
        ),
    ),
    "an output cut otherwise than the facts": (
        ("suppressions.sms.v1.yaml", "partitions: 64", "partitions: 32"),
        (
            "topics/suppressions.sms.v1.yaml:16: suppressions.sms.v1 is not cut as the"
            " others keyed by"
            " customer, which have 64 (partitions: 32)\n  hint: write partitions: 64"
        ),
    ),
    "dead letters that do not fit": (
        ("channel.web.v1.dlq.yaml", "1114124", "1048588"),
        (
            "topics/channel.web.v1.dlq.yaml:21: channel.web.v1.dlq has no room for the"
            " largest record"
            " of channel.web.v1 with its headers (max.message.bytes: 1048588)\n"
            "  hint: write 1114124 or more"
        ),
    ),
    "a dead-letter topic that is not there": (
        ("channel.web.v1.yaml", "dlq: channel.web.v1.dlq", "dlq: web.dead"),
        (
            "topics/channel.web.v1.yaml:13: channel.web.v1 has a dead-letter topic that is"
            " not declared"
            " as one (web.dead)\n  hint: write topics/web.dead.yaml with key: as-it-came"
        ),
    ),
    "a schema that is not there": (
        ("opportunities.v1.yaml", "schema: opportunities.v1", "schema: offers"),
        (
            "topics/opportunities.v1.yaml:11: opportunities.v1 has a schema that is not there"
            " (offers)\n  hint: name a file of topics/schemas/ without .json, or any,"
            " internal, none"
        ),
    ),
    "a profile that gives up too much": (
        ("profiles/laptop.yaml", "[durability]", "[durability, size]"),
        (
            "topics/profiles/laptop.yaml:7: gives up a bound that must hold everywhere (size)\n"
            "  hint: write one of: compaction, durability, log-time, retention"
        ),
    ),
    "a profile that does not say what it gives up": (
        ("profiles/story.yaml", "[retention, compaction, log-time]", "[retention, compaction]"),
        (
            "topics/profiles/story.yaml: customer.facts.v1 carries the producers' clocks"
            " (CreateTime),"
            " not the brokers' (message.timestamp.type: CreateTime)\n  hint: write LogAppendTime\n"
            "topics/profiles/story.yaml: identity.facts.v1 carries the producers' clocks"
            " (CreateTime),"
            " not the brokers' (message.timestamp.type: CreateTime)\n  hint: write LogAppendTime"
        ),
    ),
}


@pytest.mark.parametrize("case", FAULTS)
def test_each_fault_is_told_by_line_and_remedy(
    case: str, topics_dir: Path, rules_dir: Path
) -> None:
    """An operator who mistypes a topic file reads where, what and how to mend it."""
    (file, text, instead), said = FAULTS[case]
    path = topics_dir / file
    assert text in path.read_text()
    path.write_text(path.read_text().replace(text, instead, 1))

    with pytest.raises(CatalogError) as caught:
        load_catalog(topics_dir, rules_dir)

    assert str(caught.value) == said


def test_every_fault_is_told_at_once(topics_dir: Path, rules_dir: Path) -> None:
    """Nobody mends ten faults in ten runs."""
    spoilt = [FAULTS[case][0] for case in ("no partitions", "two copies", "another API")]
    for file, text, instead in spoilt:
        path = topics_dir / file
        path.write_text(path.read_text().replace(text, instead, 1))

    with pytest.raises(CatalogError) as caught:
        load_catalog(topics_dir, rules_dir)

    files = {fault.file for fault in caught.value.faults}
    assert {f"topics/{file}" for file, _, _ in spoilt} == files


def test_kubectl_is_given_topics_alone(topics_dir: Path) -> None:
    """`kubectl apply -f topics/` finds nothing there that is not a KafkaTopic of its API."""
    for path in topics_dir.iterdir():
        if path.suffix in (".yaml", ".yml", ".json"):
            text = path.read_text()
            assert "apiVersion: kafka.strimzi.io/v1\nkind: KafkaTopic\n" in text, path.name


def test_a_deleted_topic_file_is_missed(topics_dir: Path, rules_dir: Path) -> None:
    """A topic that a stage needs cannot get lost on the way to production."""
    (topics_dir / "customer.facts.v1.yaml").unlink()

    with pytest.raises(CatalogError, match=r"customer\.facts\.v1 is declared in no file"):
        load_catalog(topics_dir, rules_dir)
