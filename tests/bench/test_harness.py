"""The benchmark's own judgement: a peer that does another job gets no figure."""

import json
from pathlib import Path

import pytest

from adaptive_stream.catalog import load_catalog
from adaptive_stream.engine.customer import decode_customer
from adaptive_stream.engine.resolve import decode_row
from tests.bench import job, journeys, later, mix, preload, worker
from tests.bench.figures import GOALS, Figure, table
from tests.bench.lab import Sample, cpu_at
from tests.bench.probe import Seen, percentile

FACTS = 5_000


@pytest.fixture(scope="module")
def wanted() -> job.Changes:
    return job.expected(value for _, value in job.facts(FACTS, customers=300))


@pytest.fixture(scope="module")
def right(wanted: job.Changes) -> list[bytes]:
    names = ("from", "to", "total", "events", "at_ms")
    return [
        json.dumps(
            {"customer": customer, "seq": seq, **dict(zip(names, rest, strict=True))}
        ).encode()
        for (customer, seq), rest in wanted.items()
    ]


def test_the_same_job_is_right_in_any_order_and_with_repeats(
    wanted: job.Changes, right: list[bytes]
) -> None:
    """A peer that delivers at least once, or in another order between customers, is not wrong."""
    assert len(wanted) > FACTS / 10
    assert job.differences(wanted, [*reversed(right), *right[:50]]) == []


def test_a_peer_that_loses_is_found(wanted: job.Changes, right: list[bytes]) -> None:
    """One change of thousands is missing: no figure."""
    assert "1 are missing" in job.differences(wanted, right[1:])[0]


def test_a_peer_that_applies_a_fact_twice_is_found(wanted: job.Changes, right: list[bytes]) -> None:
    """The numbers in an output tell how often the facts before it were applied."""
    change = json.loads(right[-1])
    change["events"] += 1
    twice = [*right[:-1], json.dumps(change).encode()]
    assert "should be" in job.differences(wanted, twice)[0]


def test_a_peer_that_says_one_thing_in_two_ways_is_found(
    wanted: job.Changes, right: list[bytes]
) -> None:
    """A repeat must be equal to the first copy."""
    change = json.loads(right[0]) | {"to": "elsewhere"}
    assert len(job.differences(wanted, [*right, json.dumps(change).encode()])) == 1


def test_a_peer_that_says_more_is_found(wanted: job.Changes, right: list[bytes]) -> None:
    """Nothing may come out that nobody asked for."""
    change = json.loads(right[0]) | {"seq": 999}
    wrong = job.differences(wanted, [*right, json.dumps(change).encode()])
    assert "should not be there" in wrong[0]


def test_everybody_is_given_the_same_facts() -> None:
    """A run can be repeated: the workloads are the same byte for byte, and as large as stated."""
    facts = list(job.facts(1_000))
    assert facts == list(job.facts(1_000))
    assert facts[:10] == list(job.facts(10))
    assert 220 < sum(len(value) for _, value in facts) / 1_000 < 260
    assert list(mix.facts(500, 50, 10**12)) == list(mix.facts(500, 50, 10**12))


def test_what_comes_late_counts_and_what_never_comes_is_an_error() -> None:
    """A latency is of everything that was asked for, not of what happened to come."""
    seen = Seen(acked_s={"a": 1.0, "b": 1.0}, readable_s={"b": 1.5, "a": 1.25})
    assert seen.latencies_ms() == [250.0, 500.0]
    assert percentile(seen.latencies_ms(), 0.99) == 500.0
    del seen.readable_s["a"]
    with pytest.raises(AssertionError, match="1 of 2 never came"):
        seen.latencies_ms()


def test_cpu_is_read_between_two_looks() -> None:
    """What a process used before it began to work is not counted."""
    samples = [Sample(10.0, 1.0, 0), Sample(12.0, 3.0, 0), Sample(14.0, 3.5, 0)]
    assert [cpu_at(samples, at) for at in (9.0, 11.0, 13.0, 20.0)] == [1.0, 2.0, 3.25, 3.5]


@pytest.mark.parametrize("count", [journeys.FEW, journeys.MANY])
def test_as_many_journeys_as_are_said(tmp_path: Path, count: int) -> None:
    """The cost of many journeys is measured on that many, all of which the catalogue accepts."""
    journeys.write_rules(tmp_path / "rules", count)
    catalog = load_catalog(worker.TOPICS_DIR, tmp_path / "rules")
    assert len(catalog.rules.journeys) == count


def test_the_table_says_what_was_reached_and_what_was_not() -> None:
    """A reader sees at a glance which goals are missed, and on what machine."""
    machine = {"cores": 2, "cpu": "a CPU", "memory_gb": 8, "system": "Linux", "python": "3.11"}
    about = {
        "quick": True,
        "not_measured": [],
        "machine": {**machine, "kafka": "4", "load_before": 0.5},
    }
    figures = [Figure("restart_s", 3.0), Figure("journeys_100_vs_5", 1.7), Figure("more", 5.0)]
    text = table(figures, about)
    assert "Quick run on 2 cores of a CPU" in text
    assert "| `restart_s` | 3.0 s ✓ | 5 | 2 |" in text
    assert "| `journeys_100_vs_5` | 1.7 times ✗ |" in text
    assert "| more | 5.0" in text
    assert "Not measured" not in text


def test_a_benchmark_that_fails_costs_nobody_else_and_is_named() -> None:
    """The others' figures are published, and the table says which are missing."""
    machine = {"cores": 2, "cpu": "a CPU", "memory_gb": 8, "system": "Linux", "python": "3.11"}
    about = {"quick": False, "machine": {**machine, "kafka": "4", "load_before": 0.5}}
    text = table([Figure("restart_s", 3.0)], {**about, "not_measured": ["memory", "workers"]})
    assert "**Not measured, since it failed: memory, workers.**" in text
    assert "| `restart_s` | 3.0 s ✓ |" in text


def test_a_preloaded_customer_is_one_that_the_worker_reads() -> None:
    """What restore and memory are measured on is what checkpoints write: nobody is anybody else."""
    customers, rows = {}, {}
    for record in preload.changelogs(300):
        if record.key.startswith(b"#"):
            continue
        if record.topic == preload.CUSTOMERS:
            customers[record.key.decode()] = decode_customer(record.value)
        else:
            rows[record.key.decode()] = decode_row(record.value)
    assert len(customers) == len(rows) == 300
    for hashed, row in rows.items():
        customer = customers[row.customer]
        assert customer.id == row.customer
        assert customer.members[row.member].identifiers == {hashed: row.identifier}


def test_every_goal_is_measured_by_somebody() -> None:
    """The names are those that others build on."""
    sources = "".join(path.read_text() for path in Path(__file__).parent.glob("*.py"))
    assert [name for name in GOALS if sources.count(f'"{name}"') < 2] == []


def test_who_complained_in_a_history_is_read_from_its_lines() -> None:
    """It is what decisions about later facts are compared with."""
    told = [value for _, _, value in mix.facts(2_000, later.CUSTOMERS, 1_772_534_467_000)]
    complaining, content = later.told_by(told)
    closed = [value for _, _, value in (mix.closing_fact("c", n, 0) for n in complaining[:1])]
    assert 5 < len(complaining) < 30
    assert len(content) > later.CUSTOMERS - 60
    assert later.told_by(told + closed) == (complaining[1:], content)
