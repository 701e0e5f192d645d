"""A plan does what it says, says what it risks, and refuses what would break a promise."""

from dataclasses import replace
from pathlib import Path

import pytest

from adaptive_stream.catalog import Catalog, load_catalog
from adaptive_stream.catalog.plan import Found, Plan, make_plan

Cluster = dict[str, Found]


@pytest.fixture
def catalog(topics_dir: Path, rules_dir: Path) -> Catalog:
    """The shipped files."""
    return load_catalog(topics_dir, rules_dir)


@pytest.fixture
def cluster(catalog: Catalog) -> Cluster:
    """A cluster that is as the files say in production."""
    return {
        topic.name: Found(
            topic.name,
            topic.partitions,
            topic.replicas,
            {"retention.bytes": "-1", "compression.type": "producer", **topic.config},
            frozenset(topic.config),
        )
        for topic in catalog.topics.values()
    }


def plan(
    catalog: Catalog, cluster: Cluster, profile: str = "production", **options: object
) -> Plan:
    topics = list(catalog.topics.values())
    return make_plan(topics, cluster, catalog.profile(profile), **options)  # type: ignore[arg-type]


def test_a_cluster_that_is_as_declared_has_no_plan(catalog: Catalog, cluster: Cluster) -> None:
    """Whoever applies twice is told that there is nothing to do."""
    assert plan(catalog, cluster).empty


def test_a_missing_topic_is_made_as_its_file_says(catalog: Catalog, cluster: Cluster) -> None:
    """An operator sees the one topic that is missing, and how it will be."""
    del cluster["clock.v1"]

    (change,) = plan(catalog, cluster).changes

    assert (change.action, change.topic, change.says) == (
        "create",
        "clock.v1",
        "1 partition, 3 copies",
    )
    assert change.config["message.timestamp.type"] == "LogAppendTime"


@pytest.mark.parametrize("here", [32, 128])
def test_a_keyed_topic_is_never_cut_anew(here: int, catalog: Catalog, cluster: Cluster) -> None:
    """No customer's later facts land on another worker than her earlier ones."""
    name = "customer.facts.v1"
    cluster[name] = replace(cluster[name], partitions=here)

    found = plan(catalog, cluster)

    (change,) = found.refusals
    assert change.says == f"partitions {here} -> 64"
    assert change.refused == (
        "its records are placed by customer, and each later fact would go to another partition"
        " than the earlier ones: `adaptive-stream migrate` brings their state along;"
        f" or write partitions: {here} in all files keyed by customer"
    )


def test_more_partitions_for_a_channel_are_a_risk(catalog: Catalog, cluster: Cluster) -> None:
    """A producer that keys its records is asked before its keys move."""
    name = "channel.web.v1"
    cluster[name] = replace(cluster[name], partitions=3)

    (change,) = plan(catalog, cluster).risks

    assert (change.says, change.partitions) == ("partitions 3 -> 6", 6)
    assert change.risk == "a producer that keys its records finds later ones in another partition"


def test_a_channel_may_have_more_partitions_than_its_file_says(
    catalog: Catalog, cluster: Cluster
) -> None:
    """A team that has cut its topic finer is left alone."""
    name = "channel.web.v1"
    cluster[name] = replace(cluster[name], partitions=48)

    found = plan(catalog, cluster)

    assert found.empty
    assert found.notes == (
        "channel.web.v1 has 48 partitions, its file says 6: more do no harm, it stays",
    )


def test_a_config_that_somebody_set_by_hand_is_taken_back(
    catalog: Catalog, cluster: Cluster
) -> None:
    """A size limit that would delete facts before their time does not stay unseen."""
    here = cluster["channel.web.v1"]
    cluster["channel.web.v1"] = replace(
        here,
        config={**here.config, "retention.bytes": "1000"},
        overridden=here.overridden | {"retention.bytes"},
    )

    (change,) = plan(catalog, cluster).changes

    assert (change.says, change.config) == (
        "retention.bytes 1000 -> the default",
        {"retention.bytes": None},
    )
    assert not change.risk


def test_a_throttle_of_an_operator_is_left_alone(catalog: Catalog, cluster: Cluster) -> None:
    """Partitions that are being moved are not speeded up by a plan about something else."""
    here = cluster["channel.web.v1"]
    key = "leader.replication.throttled.replicas"
    cluster["channel.web.v1"] = replace(
        here, config={**here.config, key: "*"}, overridden=here.overridden | {key}
    )

    assert plan(catalog, cluster).empty


RISKS = {
    "retention.ms": ("-1", "older records are deleted at once"),
    "max.message.bytes": ("9000000", "a producer of larger records is refused"),
    "min.insync.replicas": ("3", "fewer brokers hold what is acknowledged"),
    "cleanup.policy": ("compact", "another kind of record is deleted from now on"),
}


@pytest.mark.parametrize("key", RISKS)
def test_what_can_lose_records_is_called_a_risk(
    key: str, catalog: Catalog, cluster: Cluster
) -> None:
    """Nobody shortens a log by applying files without being told what goes."""
    value, risk = RISKS[key]
    here = cluster["channel.web.v1"]
    cluster["channel.web.v1"] = replace(here, config={**here.config, key: value})

    assert [change.risk for change in plan(catalog, cluster).risks] == [risk]


def test_copies_are_not_moved_by_a_plan(catalog: Catalog, cluster: Cluster) -> None:
    """Moving data between brokers stays with the tool that can throttle it."""
    cluster["clock.v1"] = replace(cluster["clock.v1"], replicas=1)

    (change,) = plan(catalog, cluster).refusals

    assert change.says == "copies 1 -> 3"


def test_nothing_is_deleted_unless_that_was_asked_for(catalog: Catalog, cluster: Cluster) -> None:
    """A file that got lost does not take a channel's records with it."""
    cluster["suppressions.kiosk.v1"] = cluster["suppressions.sms.v1"]
    cluster["customer.orders.v1"] = cluster["clock.v1"]  # somebody else's, whatever its name

    kept = plan(catalog, cluster)
    asked = plan(catalog, cluster, delete=True)

    assert kept.empty
    assert [note.split()[0] for note in kept.notes] == ["suppressions.kiosk.v1"]
    assert [(c.action, c.topic, c.risk) for c in asked.changes] == [
        ("delete", "suppressions.kiosk.v1", "all its records are deleted")
    ]


def test_another_deployment_on_the_cluster_is_not_ours_to_delete(
    catalog: Catalog, cluster: Cluster
) -> None:
    """Two deployments with prefixes of their own share a cluster in peace."""
    theirs = {"crm." + name: topic for name, topic in cluster.items()}

    assert plan(catalog, {**cluster, **theirs}, delete=True).empty


def test_a_topic_of_somebody_else_is_missed_and_never_made(
    catalog: Catalog, cluster: Cluster
) -> None:
    """A binding to a topic that is not there is told, not papered over with an empty one."""
    (change,) = plan(catalog, cluster, foreign=["pos.receipts.v3"]).refusals

    assert (change.topic, change.says) == ("pos.receipts.v3", "is not on the cluster")


def test_a_bound_topic_may_not_carry_more_than_the_next_can_take(
    catalog: Catalog, cluster: Cluster
) -> None:
    """A till that may send ten megabytes would stop a stage for good: the plan says so before."""
    here = cluster["channel.store.v1"]
    cluster["pos.receipts.v3"] = replace(here, config={"max.message.bytes": "10485760"})

    found = plan(catalog, cluster, foreign=["pos.receipts.v3"])

    assert [fault.says for fault in found.broken] == [
        "identity.facts.v1 has no room for the largest record of pos.receipts.v3 with its headers"
    ]


@pytest.mark.parametrize("profile", ["laptop", "story"])
def test_a_profile_changes_what_is_wished(profile: str, catalog: Catalog) -> None:
    """One broker is enough to try it on, and a story of last March is not deleted as it is told."""
    found = plan(catalog, {}, profile)
    by_topic = {change.topic: change for change in found.changes}

    assert not found.broken
    assert {change.replicas for change in found.changes} == {1}
    assert by_topic["channel.web.v1"].partitions == 1
    assert by_topic["customer.facts.v1"].partitions == 4
    stamps = by_topic["customer.facts.v1"].config["message.timestamp.type"]
    assert stamps == ("CreateTime" if profile == "story" else "LogAppendTime")
    kept = {change.config.get("retention.ms") for change in found.changes}
    assert (profile == "story") == (kept <= {"-1", None})
