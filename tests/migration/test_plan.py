"""What more partitions take, on clusters as they may be found."""

from dataclasses import replace

import pytest

from adaptive_stream import shipped_rules_dir, shipped_topics_dir
from adaptive_stream.catalog import Catalog, load_catalog
from adaptive_stream.checkpoint.progress import Mark
from adaptive_stream.migration.plan import Found, Log, Move, Plan, make_plan
from adaptive_stream.stages.records import partition_of

OLD, NEW = 4, 8
VIEWS = "customer.state.v1"
LOGS = {"identity.facts.v1": "identity.changelog.v1", "customer.facts.v1": "customer.changelog.v1"}
READ = 100  # Records of a partition of facts, all of them worked on.


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    """The shipped files, which say 64."""
    return load_catalog(shipped_topics_dir(), shipped_rules_dir())


def found(catalog: Catalog, told: int = OLD, **changed: int) -> Found:
    """A cluster with OLD partitions of each, but for those `changed`; its marks say `told`."""
    partitions = {
        name: OLD if topic.key in ("identifier", "customer") else topic.partitions
        for name, topic in catalog.topics.items()
    } | {name.replace("_", "."): count for name, count in changed.items()}
    return Found(
        partitions=partitions,
        logs={
            (log, n): Log(Mark(e=0, n=9, next_offset=READ, partitions=told), 50, 1_000.0)
            for log in LOGS.values()
            for n in range(OLD)
        },
        waiting={(facts, n): 0 for facts in LOGS for n in range(OLD)},
        members=dict.fromkeys(("adaptive-stream-admit", "adaptive-stream-step"), 0),
    )


def plan(catalog: Catalog, cluster: Found, partitions: int = NEW) -> Plan:
    profile = replace(
        catalog.profile("laptop"), partitions=dict.fromkeys(("identifier", "customer"), partitions)
    )
    return make_plan(catalog, profile, VIEWS, cluster)


def test_changelogs_grow_first_and_facts_last(catalog: Catalog) -> None:
    """Amid it the topics differ in number, so that no worker starts; its last act ends that."""
    whole = plan(catalog, found(catalog))
    topics = [change.topic for change in whole.grown]

    assert set(topics[:2]) == set(LOGS.values())
    assert topics[-2:] == ["identity.facts.v1", "customer.facts.v1"]
    assert [change.action for change in whole.anew] == ["delete", "create"]
    assert not whole.refused
    assert (whole.records, whole.bytes) == (8 * 50, 8 * 50 * 1_000.0)
    assert not whole.begun


def test_every_key_of_a_new_partition_comes_from_one_old_one() -> None:
    """What it needs to know is one partition's memory."""
    move = Move("step", "customer", "customer.facts.v1", "customer.changelog.v1", OLD, NEW)
    for n in range(1_000):
        key = b"c-%d" % n
        before = partition_of(key, OLD)
        assert move.homes(key)[0] in move.targets(before)
    assert [target for n in range(OLD) for target in move.targets(n)] == [0, 4, 1, 5, 2, 6, 3, 7]
    assert move.homes(b"#note/item/boots-41") == (), "a notice is every partition's"


@pytest.mark.parametrize("partitions", [6, 2, 9])
def test_no_number_but_a_multiple(catalog: Catalog, partitions: int) -> None:
    """A partition that took from two would lose facts, or take them twice."""
    (says, do), *_ = plan(catalog, found(catalog), partitions).refused
    assert says == f"identity.facts.v1 has 4 partitions and its file says {partitions}"
    assert do.startswith("write 8, or another multiple of 4")


def test_what_stands_in_the_way_is_told_at_once(catalog: Catalog) -> None:
    """Whoever stops workers at night reads one list."""
    cluster = found(catalog)
    cluster = replace(
        cluster,
        members={"adaptive-stream-admit": 2, "adaptive-stream-step": 0},
        waiting={**cluster.waiting, ("customer.facts.v1", 1): 7},
        unread={("mailer", "suppressions.email.v1"): 3},
    )
    refused = plan(catalog, cluster)
    assert [says for says, _ in refused.refused] == [
        "adaptive-stream-admit has 2 member(s)",
        "7 record(s) of customer.facts.v1 were not worked on",
    ]
    assert any(risk.startswith("mailer has 3 record(s)") for risk in refused.risks)


def test_one_that_was_killed_goes_on(catalog: Catalog) -> None:
    """What says its new number is not read again; what does not is."""
    grown = dict.fromkeys(
        ("identity_changelog_v1", "customer_changelog_v1", "customer_state_v1"), 8
    )
    cluster = found(catalog, **grown)
    done = {("identity.changelog.v1", n) for n in range(OLD)} | {("customer.changelog.v1", 3)}
    logs = {
        at: replace(log, mark=Mark(e=0, n=9, next_offset=READ, partitions=NEW))
        if at in done else log
        for at, log in cluster.logs.items()
    }  # fmt: skip
    rest = plan(catalog, replace(cluster, logs=logs))
    assert rest.begun
    assert rest.anew == ()
    assert rest.done >= {("customer.changelog.v1", 3)}
    assert rest.records == 3 * 50
    assert not rest.refused


def test_marks_of_before_do_not_tell(catalog: Catalog) -> None:
    """State that an older version wrote is moved too, and what is left of it after a kill."""
    grown = dict.fromkeys(
        ("identity_changelog_v1", "customer_changelog_v1", "customer_state_v1"), 8
    )
    cluster = found(catalog, told=0, **grown)
    first = {
        ("customer.changelog.v1", 3): Log(Mark(e=0, n=9, next_offset=READ, partitions=NEW), 9, 9)
    }
    rest = plan(catalog, replace(cluster, logs={**cluster.logs, **first}))
    assert [(move.old, move.new) for move in rest.moves] == [(OLD, NEW)] * 2
    assert ("customer.changelog.v1", 3) in rest.done
    assert ("customer.changelog.v1", 2) not in rest.done


def test_topics_that_somebody_raised_are_brought_their_state(catalog: Catalog) -> None:
    """The marks say for how many the state was made, whatever the topics say."""
    raised = dict.fromkeys(
        (n.replace(".", "_") for n, t in catalog.topics.items()
         if t.key in ("identifier", "customer")), NEW,
    )  # fmt: skip
    late = plan(catalog, found(catalog, **raised))
    assert (late.grown, late.anew) == ((), ())
    assert [(move.old, move.new) for move in late.moves] == [(OLD, NEW)] * 2
    assert late.begun
    assert not late.is_empty

    wrote = found(catalog, **raised)
    wrote = replace(wrote, waiting={**wrote.waiting, ("customer.facts.v1", NEW - 1): 5})
    assert "5 record(s) of customer.facts.v1 are in its new" in plan(catalog, wrote).refused[0][0]


def test_nothing_to_do(catalog: Catalog) -> None:
    """Given twice, the second time changes nothing."""
    assert plan(catalog, found(catalog), OLD).is_empty
