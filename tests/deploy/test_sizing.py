"""deploy/sizing.py agrees with what can be measured, and says what gives way first."""

import json
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from adaptive_stream.catalog.topics import Topic
from adaptive_stream.stages.outcome import NEVER, Row
from adaptive_stream.worker.store import Memory, Store
from deploy.sizing import (
    CHECKED,
    SIZES,
    WITHIN,
    Assumed,
    Measured,
    checked,
    facts_s_of,
    held,
    measured_at,
    size,
    table,
)
from tests.bench.preload import CUSTOMERS, IDENTITIES, changelogs
from tests.deploy.manifests import ROOT
from tests.deploy.test_kubernetes import catalog, of_kind

THREE = (2_000, 8_000, 32_000)
BATCH = 1_000


def disk_bytes(customers: int, directory: Path) -> float:
    """What the worker's own stores of so many customers take, each known by one address."""
    rows: dict[tuple[str, int | None], dict[bytes, Row]] = defaultdict(dict)
    for record in changelogs(customers):
        if record.key and not record.key.startswith(b"#"):
            rows[record.topic, record.partition][record.key] = Row(NEVER, record.value)
    memory = Memory(8 << 20, 8 << 20)
    for (topic, partition), kept in rows.items():
        store = Store(directory / topic / str(partition), memory)
        keys = list(kept)
        for at in range(0, len(keys), BATCH):
            store.write({key: kept[key] for key in keys[at : at + BATCH]}, {})
        store.close()
    return sum(file.stat().st_size for file in directory.rglob("*.sst"))


def test_stores_grow_as_the_model_says(tmp_path: Path) -> None:
    """A volume that was bought by the model is large enough, at three sizes sixteenfold apart."""
    each = []
    for customers in THREE:
        found = disk_bytes(customers, tmp_path / str(customers))
        known = replace(Measured(), identifiers=1)
        assert found <= size(customers, 1, known).store_bytes
        each.append(found / customers)

    assert max(each) / min(each) < 1.2, "bytes of a customer do not depend on how many there are"


def test_the_model_holds_at_three_sizes() -> None:
    """What was measured on a real broker lies within the error that the guide states."""
    sizes = json.loads(CHECKED.read_text())["sizes"]
    assert [each["customers"] for each in sizes] == [10_000, 50_000, 200_000]
    for each in sizes:
        said, was = held(each["customers"], each["state_bytes"]), measured_at(each)
        for name, (low, high) in WITHIN.items():
            ratio = getattr(was, name) / getattr(said, name)
            assert low <= ratio <= high, (each["customers"], name, ratio)


def test_twenty_times_the_customers_take_no_more_memory_or_cpu() -> None:
    """What a worker takes beside its disk does not grow with who it knows."""
    first, *_, last = json.loads(CHECKED.read_text())["sizes"]
    assert last["memory_bytes"] - first["memory_bytes"] < 100e6
    assert last["facts_cpu_s"] < 1.5 * first["facts_cpu_s"]
    each = [one["store_bytes"] / one["customers"] for one in (first, last)]
    assert max(each) / min(each) < 1.2


def test_the_partitions_give_way_first() -> None:
    """A million facts a second do not fit into the partitions that topics/ declares."""
    declared: Topic = catalog().topics["customer.facts.v1"]
    most = facts_s_of(declared.partitions, Measured(), Assumed())

    assert size(100e6, most * 0.99).partitions == declared.partitions
    assert size(100e6, 1e6).partitions > declared.partitions
    assert size(100e6, 1e6).step <= size(100e6, 1e6).partitions


def test_twice_the_facts_take_twice_the_cores() -> None:
    """Facts cost cores, customers cost disk, and neither costs the other."""
    once, twice = size(100e6, 1e6), size(100e6, 2e6)
    assert abs(twice.cores / once.cores - 2) < 0.01
    assert size(200e6, 1e6).cores == once.cores
    assert size(200e6, 1e6).store_bytes == 2 * once.store_bytes


def test_production_has_room_for_its_partitions() -> None:
    """A pod that owns half of the partitions, as the smallest deployment has it, is not killed."""
    need = Measured().process_bytes + 32 * Measured().partition_bytes
    pods = of_kind("production", "StatefulSet")
    for stage in ("resolve", "step"):
        (container,) = pods[f"adaptive-stream-{stage}"]["spec"]["template"]["spec"]["containers"]
        limit = int(container["resources"]["limits"]["memory"].removesuffix("Gi")) << 30
        assert need <= limit, stage


def test_the_guide_says_what_the_model_says() -> None:
    """The tables in deploy/sizing.md are today's."""
    guide = (ROOT / "deploy" / "sizing.md").read_text()
    assert "\n".join(table(SIZES)) in guide
    assert "\n".join(checked()) in guide


def test_the_topics_are_those_of_the_preload() -> None:
    """What was measured are the changelogs that workers have."""
    assert {CUSTOMERS, IDENTITIES} <= set(catalog().topics)
