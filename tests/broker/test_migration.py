"""From four partitions to eight on a real Kafka, killed once in the middle, amid a day of facts."""

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from kafka import KafkaAdminClient, TopicPartition
from kafka.structs import OffsetAndMetadata

from adaptive_stream import shipped_topics_dir
from adaptive_stream.broker import Broker
from adaptive_stream.broker.ports import free_port
from adaptive_stream.catalog import load_catalog
from adaptive_stream.catalog.apply import apply_topics
from adaptive_stream.cli.reader import partition_of
from adaptive_stream.engine.customer import decode_customer
from adaptive_stream.engine.notice import Notice, encode_notice
from tests.broker.facts import (
    APART_MS,
    BEGAN_MS,
    SENT_WITHIN_S,
    Fact,
    facts,
    send,
    send_tick,
    wait_until_settled,
)
from tests.broker.judging import assert_outputs_hold, assert_same, final_states, states
from tests.broker.stack import TENANT_KEY, Stack

FACTS = 4_000
PEOPLE = 500
OLD, NEW = 4, 8
AGAIN = 400  # Channel records that admit says twice over the move.
SETTLED_WITHIN_S = 90
ENDED_WITHIN_S = 120
NOTE = b"#note/item/s1"
KEYED = ("identity.facts.v1", "identity.changelog.v1", "customer.facts.v1", "customer.state.v1")
pytestmark = [pytest.mark.broker, pytest.mark.slow(60)]


@pytest.fixture
def topics_dir(tmp_path: Path) -> Path:
    """A copy of the shipped topics, whose number of partitions is to grow."""
    return Path(shutil.copytree(shipped_topics_dir(), tmp_path / "topics"))


def declare(topics_dir: Path, partitions: int) -> None:
    """As an operator edits the files, all that are keyed by identifier or customer."""
    path = topics_dir / "profiles" / "laptop.yaml"
    text = path.read_text()
    for key in ("identifier", "customer"):
        text = text.replace(f"{key}: {OLD}", f"{key}: {partitions}")
    path.write_text(text)


def test_more_partitions_change_nothing_for_anybody(
    broker: Broker, tmp_path: Path, topic_prefix: str, topics_dir: Path
) -> None:
    """Each customer ends as if nothing had been moved; each order was told once, each seq once."""
    calm = Stack(
        broker.bootstrap, tmp_path / "calm", topic_prefix + "calm.", profile="story",
        options=("--clock", "log"),
    )  # fmt: skip
    with calm:
        halves = _halves()
        _say(calm, next(halves), FACTS // 2)
        _say(calm, next(halves), FACTS)
        expected = _end(calm)

    moved = Stack(
        broker.bootstrap, tmp_path / "moved", topic_prefix + "moved.", profile="story",
        options=("--clock", "log"), topics_dir=topics_dir,
    )  # fmt: skip
    with moved:
        halves = _halves()
        _say(moved, next(halves), FACTS // 2)
        declare(topics_dir, NEW)
        assert "stop every worker" in _migrate(moved, "plan").stdout
        moved.worker.stop()
        _drain(moved)
        _migrate_killed_once(moved)
        _rewind_admit(moved)
        moved.worker.start()
        moved.worker.wait_until_ready()
        _say(moved, next(halves), FACTS)
        repeats = _repeats(moved)
        found = _end(moved)
        _assert_keys_are_at_home(moved)

    assert repeats >= AGAIN
    assert len(expected) > PEOPLE * 0.8
    assert_same(expected, found)


def test_topics_that_somebody_raised_are_not_worked_on(
    broker: Broker, tmp_path: Path, topic_prefix: str, topics_dir: Path
) -> None:
    """More partitions without their state would make everybody a stranger: no stage starts before
    it was brought along."""
    stack = Stack(
        broker.bootstrap, tmp_path, topic_prefix, profile="story", options=("--clock", "log"),
        topics_dir=topics_dir,
    )  # fmt: skip
    with stack:
        send(stack, facts(300, 30))
        wait_until_settled(stack, SETTLED_WITHIN_S)
    with closing(KafkaAdminClient(bootstrap_servers=stack.bootstrap)) as admin:
        keyed = [
            name for name, topic in stack.catalog.topics.items()
            if topic.key in ("identifier", "customer")
        ]  # fmt: skip
        admin.create_partitions(dict.fromkeys(keyed, NEW))
    for stage in ("admit", "step"):
        ended = _stage(stack, stage)
        assert f"made for {OLD} partitions: its topic has {NEW}" in ended.stderr
        assert ended.returncode == 2
    declare(topics_dir, NEW)
    assert _migrate(stack, "apply", "--yes").returncode == 0
    with stack.worker:
        send(stack, facts(300, 30, seed=2))
        wait_until_settled(stack, SETTLED_WITHIN_S)
        assert_outputs_hold(stack)
        assert len(states(stack)) > 25


def _halves() -> Iterator[Iterator[Fact]]:
    every = facts(FACTS, PEOPLE)
    price = {"item": "s1", "price": 9.0, "currency": "GBP"}
    known = {"id": "p-1", "type": "product.price_changed", "time": BEGAN_MS, "data": price}
    yield chain([("web", BEGAN_MS, json.dumps(known).encode())], islice(every, FACTS // 2))
    yield every


def _say(stack: Stack, some: Iterator[Fact], until: int) -> None:
    """Facts, and a tick behind them: carts of the first half are abandoned before the move."""
    send(stack, some)
    wait_until_settled(stack, SETTLED_WITHIN_S)
    send_tick(stack, BEGAN_MS + until * APART_MS)
    wait_until_settled(stack, SETTLED_WITHIN_S)


def _end(stack: Stack) -> dict[Any, Any]:
    found = final_states(stack, FACTS, SETTLED_WITHIN_S)
    _assert_orders_are_told_once(stack)
    return found


def _assert_orders_are_told_once(stack: Stack) -> None:
    told = {
        (said["id"], each["key"])
        for said in stack.values("customer.state-changed.v1")
        for each in said["transitions"]
        if each["name"] == "order.added"
    }
    said = {
        json.loads(value)["data"]["order"]
        for channel, _, value in facts(FACTS, PEOPLE)
        if channel == "store"
    }
    assert Counter(order for _, order in told) == Counter(said)


def _drain(stack: Stack) -> None:
    """What waits between the stages is worked on before it moves, as the guide says. A tick may
    wait: others follow."""
    send_tick(stack, BEGAN_MS)
    notice = encode_notice(Notice(1))
    producer = Producer({"bootstrap.servers": stack.bootstrap})
    producer.produce(stack.topic("customer.facts.v1"), notice, NOTE, 0, headers=[("k", b"notice")])
    assert producer.flush(SENT_WITHIN_S) == 0
    refused = _migrate(stack, "apply", "--yes")
    assert f"1 record(s) of {stack.topic('customer.facts.v1')} were not" in refused.stdout
    assert "--stage resolve" in refused.stdout
    assert refused.returncode == 1
    assert set(_partitions(stack).values()) == {OLD}, "it changed something"
    command = _stage_command(stack, "step")
    with subprocess.Popen(command, env=_environment(), stdin=subprocess.PIPE) as step:
        wait_until_settled(stack, SETTLED_WITHIN_S)
        step.terminate()
    assert step.returncode == 0
    send_tick(stack, BEGAN_MS)


def _migrate_killed_once(stack: Stack) -> None:
    with subprocess.Popen(
        _command(stack, "apply", "--yes", "--json"), env=_environment(), stdout=subprocess.PIPE,
        text=True,
    ) as first:  # fmt: skip
        assert first.stdout is not None
        moves = 0
        for line in first.stdout:
            moves += json.loads(line)["kind"] == "moved"
            if moves == OLD + 1:  # All of the identities, and one of the customers.
                first.kill()
                break
    refused = _stage(stack, "step")
    assert "topics keyed by customer differ" in refused.stderr
    assert refused.returncode == 2
    assert "was begun and not finished" in _migrate(stack, "plan").stdout
    rest = _migrate(stack, "apply", "--yes")
    assert rest.returncode == 0, rest.stderr + rest.stdout
    assert rest.stdout.count("moved ") <= OLD  # What was done is not done again.
    assert "nothing to do" in _migrate(stack, "apply").stdout
    assert set(_partitions(stack).values()) == {NEW}
    catalog = load_catalog(stack.topics_dir, stack.rules_dir, stack.prefix)
    assert not apply_topics(stack.bootstrap, catalog, stack.profile).changes


def _rewind_admit(stack: Stack) -> None:
    """As if it had been killed before it committed what it had written: it says that again."""
    group, tp = f"{stack.prefix}adaptive-stream-admit", stack.topic("channel.web.v1")
    with closing(KafkaAdminClient(bootstrap_servers=stack.bootstrap)) as admin:
        at = admin.list_group_offsets({group: None})[group][TopicPartition(tp, 0)].offset
        earlier = OffsetAndMetadata(at - AGAIN, "", -1)
        admin.alter_group_offsets(group, {TopicPartition(tp, 0): earlier})


def _repeats(stack: Stack) -> int:
    """Those that resolve met since it started."""
    url = f"http://127.0.0.1:{stack.worker.web_port + 1}/metrics"
    with urllib.request.urlopen(url, timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    named = [line for line in lines if line.startswith("adaptive_stream_repeats_total")]
    return int(sum(float(line.rsplit(" ", 1)[1]) for line in named))


def _assert_keys_are_at_home(stack: Stack) -> None:
    """Each row is in the partition of its key, and in no other: nobody's timer fires twice. What
    is known of an item is in every partition of customers."""
    everywhere = [(n, NOTE) for n in range(NEW)]
    notes = {
        "customer.changelog.v1": everywhere,
        "identity.changelog.v1": [everywhere[partition_of(NOTE, NEW)]],
    }
    for topic in ("customer.changelog.v1", "identity.changelog.v1", "customer.state.v1"):
        told = sorted(stack.records(topic), key=lambda record: record.offset)
        last = {(record.partition, record.key): record for record in told}
        rows = {at: record for at, record in last.items() if record.value is not None}
        keyed = [at for at in rows if at[1][:1] != b"#"]
        assert len(keyed) > PEOPLE * 0.8
        assert all(partition_of(key, NEW) == partition for partition, key in keyed)
        assert sorted(at for at in rows if at[1] == NOTE) == notes.get(topic, [])
        if topic == "customer.changelog.v1":
            wakes = [decode_customer(rows[at].value).wake_ms or 0 for at in keyed]
            assert any(wakes)
            assert wakes == [int(dict(rows[at].headers).get("w", 0)) for at in keyed]


def _partitions(stack: Stack) -> dict[str, int]:
    with closing(KafkaAdminClient(bootstrap_servers=stack.bootstrap)) as admin:
        names = [stack.topic(name) for name in KEYED]
        return {each["name"]: len(each["partitions"]) for each in admin.describe_topics(names)}


def _stage(stack: Stack, stage: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _stage_command(stack, stage), env=_environment(), capture_output=True, text=True,
        timeout=ENDED_WITHIN_S, check=False,
    )  # fmt: skip


def _stage_command(stack: Stack, stage: str) -> list[str]:
    command = [sys.executable, "-m", "adaptive_stream", "worker", "--stage", stage]
    return [*command, "--web-port", str(free_port(3)), "--clock", "log", *_options(stack)]


def _migrate(stack: Stack, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _command(stack, *words), env=_environment(), capture_output=True, text=True,
        timeout=ENDED_WITHIN_S, check=False,
    )  # fmt: skip


def _command(stack: Stack, action: str, *words: str) -> list[str]:
    command = [sys.executable, "-m", "adaptive_stream", "migrate", action, *_options(stack)]
    return [*command, "--profile", stack.profile, *words]


def _options(stack: Stack) -> list[str]:
    options = ["--bootstrap", stack.bootstrap, "--prefix", stack.prefix]
    options += ["--topics-dir", str(stack.topics_dir)]
    return [*options, "--data-dir", str(stack.directory / "migrating")]


def _environment() -> dict[str, str]:
    return os.environ | {"ADAPTIVE_STREAM_TENANT_KEY": TENANT_KEY}
