"""Records and a partition in memory, for the stages without a broker."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from adaptive_stream import shipped_rules_dir, shipped_topics_dir
from adaptive_stream.catalog import Catalog, load_catalog
from adaptive_stream.engine.clock import Clock, encode_clock
from adaptive_stream.engine.journey import Rules
from adaptive_stream.stages.admit import Admit
from adaptive_stream.stages.outcome import (
    Stage,
)
from adaptive_stream.stages.records import Output
from adaptive_stream.stages.resolve import Resolve
from adaptive_stream.stages.step import Step
from adaptive_stream.stages.table import Table

T0_MS = 1_772_532_000_000
CATALOG: Catalog = load_catalog(shipped_topics_dir(), shipped_rules_dir())


class Tp(NamedTuple):
    """A topic's partition."""

    topic: str
    partition: int


class Record(NamedTuple):
    """A record as a consumer gives it."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    timestamp: int = T0_MS


def work_all(
    stage: Stage,
    tp: Tp,
    records: list[Record],
    view: Table,
    cut: Callable[[int], int] = lambda _: 10**6,
) -> list[Output]:
    """Works on all records in batches of `cut(n)`; the outputs in order."""
    outputs: list[Output] = []
    at = batches = 0
    while at < len(records):
        outcome = stage.work(tp, records[at : at + max(1, cut(batches))], view)
        view.accept(outcome)
        outputs += outcome.outputs
        at = next(
            (n for n, each in enumerate(records) if each.offset >= outcome.next_offset), 10**9
        )
        batches += 1
    return outputs


def fact(n: int, name: str, who: str, minutes: float, **data: object) -> Record:
    """A channel record: who is an identifier, minutes count from T0."""
    kind, _, value = who.partition(":")
    said: dict[str, Any] = {"id": f"f-{n}", "type": name, "identifiers": {kind: value}}
    said["time"] = T0_MS + int(minutes * 60_000)
    said["data"] = {"currency": "GBP", **data}
    return Record(n, None, json.dumps(said).encode(), (), said["time"])


def tick(offset: int, minutes: float) -> Record:
    """A tick: until then all is known."""
    now_ms = T0_MS + int(minutes * 60_000)
    clock = Clock(now_ms=now_ms, known=dict.fromkeys(CATALOG.channels, now_ms))
    return Record(offset, b"#tick", encode_clock(clock), (("k", b"tick"),), now_ms)


def written(outputs: list[Output], topic: str, first: int = 0) -> list[Record]:
    """Outputs as the records of a topic of one partition."""
    return [
        Record(first + n, each.key, each.value, tuple(each.headers))
        for n, each in enumerate(output for output in outputs if output.topic == topic)
    ]


def admit_stage() -> Admit:
    """Admit on the shipped channels, with the channel records' time as log time."""
    return Admit("", tuple(CATALOG.channels.values()), b"0123456789abcdef", log_clock=True)


def resolve_stage() -> Resolve:
    """Resolve as shipped."""
    return Resolve("", 1, CATALOG.rules)


def step_stage(
    rules: Rules = CATALOG.rules, tick_customers_max: int = 1_000, warm_bytes: int = 64 << 20
) -> Step:
    """Step, on the shipped rules if no others are given."""
    return Step("", 1, rules, tick_customers_max, warm_bytes)


def customer_records(records: list[Record], channel: str = "web") -> list[Record]:
    """What channel records are on customer.facts.v1, by way of admit and resolve."""
    admitted = work_all(admit_stage(), Tp(f"channel.{channel}.v1", 0), records, Table())
    facts = written(admitted, "identity.facts.v1")
    resolved = work_all(resolve_stage(), Tp("identity.facts.v1", 0), facts, Table())
    return written(resolved, "customer.facts.v1")
