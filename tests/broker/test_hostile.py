"""20,000 hostile records between good ones, on a real broker: nothing lost, nobody stopped."""

import json
import shutil
import urllib.request
import uuid
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import confluent_kafka
import pytest

from adaptive_stream import shipped_topics_dir
from adaptive_stream.engine.refusal import Reason
from adaptive_stream.formats.dead_letter import mask_cards
from tests.broker.stack import Stack
from tests.formats.hostile import CLEAN, NOW_MS, Case, good, hostile

pytestmark = [pytest.mark.broker, pytest.mark.slow(15)]

HOSTILE = 20_000
GOOD_EVERY = 40  # After so many hostile records comes a receipt in order.
SENT_WITHIN_S = 60
PROCESSED_WITHIN_S = 180
CHANNEL = "channel.store.v1"


@pytest.fixture
def stack(broker, tmp_path) -> Iterator[Stack]:
    """The worker on topics that keep records dated in the past, as those of the table are."""
    with Stack(
        broker.bootstrap,
        tmp_path,
        f"t{uuid.uuid4().hex[:10]}.",
        topics_dir=_topics_without_retention(tmp_path),
    ) as running:
        yield running


def _topics_without_retention(directory: Path) -> Path:
    copy = directory / "topics"
    shutil.copytree(shipped_topics_dir(), copy)
    profile = copy / "profiles" / "laptop.yaml"
    text = profile.read_text()
    text = text.replace("min.insync.replicas: 1}", "min.insync.replicas: 1, retention.ms: -1}")
    profile.write_text(text.replace("[durability]", "[durability, retention]"))
    return copy


def receipts() -> Iterator[tuple[str, Case]]:
    """Receipts in order, each of another customer: (order, record)."""
    for number in range(10**9):
        order = f"between-{number}"
        record = good(
            number,
            id=order,
            identifiers={"loyalty": f"L-{order}"},
            data={"order": order, "store": "leeds-2", "value": 89.0, "currency": "GBP"},
        )
        yield order, Case("between", json.dumps(record).encode(), None, [], NOW_MS, CLEAN_EXPECT)


CLEAN_EXPECT = CLEAN["good"].expect


def test_hostile_records_stop_nobody(stack):
    """Each ends in the dead-letter topic as it came, or is processed with its fault counted; the
    receipts between them are all processed, and no process of the worker ends."""
    processes = _processes(stack)
    good_ones = receipts()
    orders: set[str] = set()
    cases: list[Case] = []
    for number, case in enumerate(islice(_broker_takes(), HOSTILE)):
        cases.append(case)
        if number % GOOD_EVERY == 0:
            order, receipt = next(good_ones)
            orders.add(order)
            cases.append(receipt)
    sent = _send(stack, cases)
    _wait_for_orders(stack, orders)
    refused = {offset: case for offset, case in sent.items() if case.expect.reason}

    _check_dead_letters(stack, refused)
    assert {case.expect.reason for case in refused.values()} >= set(Reason) - {
        Reason.TOO_LARGE,  # The broker itself takes nothing of that size,
        Reason.NO_TIME,  # and stamps what has no time.
    }
    _check_counted(stack, sent.values())
    assert _processes(stack) == processes


def _broker_takes() -> Iterator[Case]:
    """Without end: what a broker takes as it stands."""
    seed = 1
    while True:
        yield from (case for case in hostile(HOSTILE, seed) if case.on_broker)
        seed += 1


def _send(stack: Stack, cases: list[Case]) -> dict[int, Case]:
    """Writes the records in their order; returns them by the offset that each was given."""
    producer = confluent_kafka.Producer(
        {"bootstrap.servers": stack.bootstrap, "queue.buffering.max.messages": 100_000}
    )
    sent: dict[int, Case] = {}

    def acknowledged(case: Case) -> Any:
        def note(error: object, message: Any) -> None:
            assert error is None, (case.kind, error)
            sent[message.offset()] = case

        return note

    for case in cases:
        producer.produce(
            stack.topic(CHANNEL),
            value=case.value,
            key=case.key,
            headers=case.headers,
            timestamp=case.timestamp_ms,
            on_delivery=acknowledged(case),
        )
        producer.poll(0)
    assert producer.flush(SENT_WITHIN_S) == 0
    assert len(sent) == len(cases)
    return sent


def _wait_for_orders(stack: Stack, orders: set[str]) -> None:
    missing = set(orders)

    def last(value: dict[str, Any]) -> bool:
        missing.difference_update(
            transition["key"]
            for transition in value["transitions"]
            if transition["name"] == "order.added"
        )
        return not missing

    stack.wait_for("customer.state-changed.v1", last, PROCESSED_WITHIN_S)


def _check_dead_letters(stack: Stack, refused: dict[int, Case]) -> None:
    """Exactly the refused ones, with bytes, key and headers as the channel topic has them."""
    came = {record.offset: record for record in stack.records(CHANNEL)}
    letters = stack.records(f"{CHANNEL}.dlq")
    found = {}
    for letter in letters:
        headers = dict(letter.headers)
        offset = int(headers["__connect.errors.offset"])
        found[offset] = headers["adaptive-stream.reason"].decode()
        record = came[offset]
        assert letter.value == mask_cards(record.value)
        assert letter.key == mask_cards(record.key)
        assert letter.headers[: len(record.headers)] == [
            (name, mask_cards(said)) for name, said in record.headers
        ]
        assert headers["__connect.errors.topic"].decode() == stack.topic(CHANNEL)
    assert found == {offset: str(case.expect.reason) for offset, case in refused.items()}
    as_it_came = sum(letter.value == came_value(came, letter) for letter in letters)
    assert as_it_came > 0.95 * len(letters), "only card numbers may be masked"


def came_value(came: dict[int, Any], letter: Any) -> bytes | None:
    return came[int(dict(letter.headers)["__connect.errors.offset"])].value


def _check_counted(stack: Stack, cases: Any) -> None:
    """Each flaw of what was processed all the same is in the metrics, as often as it was met."""
    flaws = Counter(str(case.expect.flaw) for case in cases if case.expect.flaw)
    told = _metric(stack, "adaptive_stream_faults_total", "kind")
    counted = {kind: times for kind, times in told.items() if times}

    assert counted == flaws


def _metric(stack: Stack, name: str, label: str) -> dict[str, int]:
    """A counter of the first stage, by one of its labels."""
    with urllib.request.urlopen(f"http://127.0.0.1:{stack.worker.ports[0]}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    found = {}
    for line in lines:
        if line.startswith(name + "{"):
            said, _, value = line.rpartition(" ")
            found[said.partition(f'{label}="')[2].partition('"')[0]] = int(float(value))
    return found


def _processes(stack: Stack) -> list[str]:
    """The worker and its stages, by process id."""
    pid = stack.worker.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [str(pid), *sorted(children)]
