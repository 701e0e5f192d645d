"""A worker whose disk was lost reads all that it knew back from the changelogs."""

import json
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adaptive_stream.broker import Broker
from adaptive_stream.checkpoint.progress import stored
from adaptive_stream.metrics.listed import PREFIX
from adaptive_stream.worker.store import Memory, Store
from tests.broker.facts import APART_MS, BEGAN_MS, Fact, facts, send, send_tick, wait_until_settled
from tests.broker.killing import STAGES
from tests.broker.stack import Stack

FACTS, PEOPLE = 6_000, 1_000
PARTITIONS = 4
SETTLED_WITHIN_S = 60
ANA = {"email": "ana@example.com"}
BOOTS = {"currency": "GBP", "items": [{"sku": "boots", "quantity": 1, "price": 89.0}]}
CART_MS = BEGAN_MS + FACTS * APART_MS
ABANDONED_MS = CART_MS + 45 * 60_000
ORDER_MS = ABANDONED_MS + 60_000
STATES = {
    "resolve": ("identity.facts.v1", "identity.changelog.v1"),
    "step": ("customer.facts.v1", "customer.changelog.v1"),
}
Kept = dict[tuple[str, int, bytes], Any]  # stage, partition, key -> row


@pytest.mark.broker
@pytest.mark.slow(16)
def test_a_lost_disk_is_read_back_whole_and_who_waits_is_told(
    broker: Broker, tmp_path: Path, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every state and timer is as it was, and Ana's purchase silences the mail about her cart."""
    monkeypatch.setenv("ADAPTIVE_STREAM_LOG_LEVEL", "info")
    options = ("--clock", "log")
    with Stack(broker.bootstrap, tmp_path, topic_prefix, profile="story", options=options) as stack:
        send(stack, facts(FACTS, PEOPLE))
        send(stack, _ana("cart.item_added", CART_MS, cart="cart-ana", **BOOTS))
        wait_until_settled(stack, SETTLED_WITHIN_S)
        send_tick(stack, ABANDONED_MS)
        wait_until_settled(stack, SETTLED_WITHIN_S)
        stack.worker.stop()
        before, places_before = _kept(stack)
        there = {stage: len(stack.records(changelog)) for stage, (_, changelog) in STATES.items()}

        shutil.rmtree(stack.worker.data_dir)
        stack.worker.start()
        stack.worker.wait_until_ready()
        _assert_told(stack, there)
        send(stack, _ana("order.completed", ORDER_MS, order="R-1", **BOOTS))
        wait_until_settled(stack, SETTLED_WITHIN_S)
        stack.worker.stop()
        after, places_after = _kept(stack)

        assert len(before) > PEOPLE * 1.5
        changed = {at for at in before.keys() | after.keys() if before.get(at) != after.get(at)}
        ana = _of_ana(stack)
        assert {key.decode() for stage, _, key in changed if stage == "step"} == {ana}
        assert len(changed) <= 2  # Her customer, and at most what her address leads to.
        assert places_after.keys() == places_before.keys()
        assert all(places_after[at] >= place for at, place in places_before.items())
        (told,) = (each for each in stack.values("suppressions.email.v1") if _is_hers(each, ana))
        assert told["cause"]["id"] == "ana-order.completed"


def _ana(type_: str, at_ms: int, **data: Any) -> Iterator[Fact]:
    fact = {"id": f"ana-{type_}", "type": type_, "time": at_ms, "identifiers": ANA, "data": data}
    yield "web", at_ms, json.dumps(fact).encode()


def _of_ana(stack: Stack) -> str:
    named = [{"type": "email", "value": ANA["email"]}]
    (who,) = {
        str(state["customer"])
        for state in stack.values("customer.state.v1")
        if state.get("identifiers") == named
    }
    return who


def _is_hers(said: dict[str, Any], ana: str) -> bool:
    return bool(said["customer"] == ana and said["action"] == "suppress")


def _kept(stack: Stack) -> tuple[Kept, dict[Any, Any]]:
    """What the stores of a worker that is stopped hold: rows with their timers, and which records
    of each source were taken."""
    memory = Memory(8 << 20, 8 << 20)
    rows: Kept = {}
    places = {}
    for stage, (topic, _) in STATES.items():
        for number in range(PARTITIONS):
            at = stack.worker.data_dir / stage / f"{stack.topic(topic)}-{number}"
            assert at.is_dir()
            store = Store(at, memory)
            found = store.rows(store.following(b"", 10 * PEOPLE))
            due = {key for _, key in store.due(1 << 62, (0, b""))}
            assert due == {key for key, row in found.items() if row.wake_ms}
            rows.update({(stage, number, key): row for key, row in found.items()})
            sources = stored(store.meta()).sources
            places.update({(stage, number, source): place for source, place in sources.items()})
            store.close()
    return rows, places


def _assert_told(stack: Stack, there: dict[str, int]) -> None:
    """The log says what is to be read before it is read; the metrics say that it was."""
    log = stack.worker.log_path.read_text()
    for stage, records in there.items():
        port = stack.worker.ports[STAGES.index(stage)]
        rebuilds = f"rebuilds {PARTITIONS} partitions from their changelogs: {records:,} records"
        assert f" {stage} adaptive_stream.metrics.watch: {rebuilds}\n" in log
        claims = PARTITIONS  # Its own, behind what was there.
        assert _metric(port, "recovered_records_total") == records + claims
        assert _metric(port, "recovery_left_records") == 0


def _metric(port: int, name: str) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    (value,) = (line.rsplit(" ", 1)[1] for line in lines if line.startswith(f"{PREFIX}{name}{{"))
    return float(value)
