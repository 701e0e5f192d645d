"""A stop rule that is published amid a thousand facts a second, on a real Kafka."""

import json
import shutil
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from adaptive_stream import shipped_rules_dir
from adaptive_stream.broker import Broker
from adaptive_stream.catalog.published import compiled
from adaptive_stream.cli.main import main
from adaptive_stream.cli.reader import Reader
from adaptive_stream.cli.send import opened_producer
from adaptive_stream.stages.outcome import InForce
from adaptive_stream.stages.records import CUSTOMER_FACTS
from adaptive_stream.stages.step import Step
from adaptive_stream.stages.table import Table
from adaptive_stream.stories.rules_log import RulesLog
from tests.broker.facts import SENT_WITHIN_S, wait_until_settled
from tests.broker.killing import kill_stage
from tests.broker.stack import Stack, quick_rules

PEOPLE = 6_000
PER_S = 1_000
PUBLISHED_AFTER = 1_500  # facts
TOLD = ("customer.state-changed.v1", "suppressions.email.v1", "suppressions.push.v1")
SETTLED_WITHIN_S = 90


class Feed:
    """Facts, and when Kafka acknowledged each (time.monotonic)."""

    def __init__(self, stack: Stack) -> None:
        self.acknowledged: dict[str, float] = {}
        self._stack = stack
        self._producer = Producer({"bootstrap.servers": stack.bootstrap, "linger.ms": 2})

    def send(self, channel: str, facts: Iterable[dict[str, Any]], per_s: float = 1e9) -> None:
        """Writes them at most this fast; returns when Kafka has them all."""
        topic = self._stack.topic(f"channel.{channel}.v1")
        began = time.monotonic()
        for n, fact in enumerate(facts):
            self._producer.produce(topic, json.dumps(fact).encode(), on_delivery=self._on(fact))
            if n % 20 == 19:
                self._producer.poll(0)
                while (left := began + n / per_s - time.monotonic()) > 0:
                    self._producer.poll(left)
        assert self._producer.flush(SENT_WITHIN_S) == 0

    def _on(self, fact: dict[str, Any]) -> Any:
        def delivered(error: Any, _: Any) -> None:
            assert error is None
            self.acknowledged[fact["id"]] = time.monotonic()

        return delivered


def left_cart(n: int) -> dict[str, Any]:
    """A cart that is left after two seconds."""
    lines = [{"sku": "boots-41", "quantity": 1, "price": 89.0}]
    said = {"cart": f"cart-{n}", "items": lines, "currency": "GBP"}
    return {
        "id": f"cart-{n}",
        "type": "cart.item_added",
        "identifiers": {"email": f"u{n}@example.com"},
        "data": said,
    }


def other_order(n: int) -> dict[str, Any]:
    """Something else is bought: a hold by the shipped rules, a stop by those that are published."""
    lines = [{"sku": "belt-7", "quantity": 1, "price": 39.0}]
    said = {"order": f"R-{n}", "items": lines, "currency": "GBP", "value": 39.0}
    return {
        "id": f"order-{n}",
        "type": "order.completed",
        "identifiers": {"email": f"u{n}@example.com"},
        "data": said,
    }


@pytest.mark.broker
@pytest.mark.slow(40)
def test_a_stop_rule_published_amid_a_thousand_facts_a_second(
    broker: Broker, tmp_path: Path, topic_prefix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it would do is shown before. Whatever is acknowledged once the command has returned
    obeys it, nobody is judged by two versions, a worker that is killed amid it changes nothing,
    and a replay says the same bytes."""
    rules_dir = quick_rules(tmp_path)
    stopping = tmp_path / "abandoned-cart.yaml"
    text = (rules_dir / "journeys" / stopping.name).read_text()
    assert "stop_when: [" in text
    stopping.write_text(text.replace("stop_when: [", "stop_when: [bought_anything, "))
    with Stack(broker.bootstrap, tmp_path, topic_prefix, rules_dir=rules_dir) as stack:
        feed = Feed(stack)
        feed.send("web", map(left_cart, range(PEOPLE)))
        _wait_for_runs(stack)
        words = ["journeys", "publish", str(stopping), "--because", "they complain"]
        words += ["--bootstrap", stack.bootstrap, "--prefix", topic_prefix]
        _assert_shown_before(words, capsys)
        sending = threading.Thread(
            target=feed.send, args=("store", map(other_order, range(PEOPLE)), PER_S)
        )
        sending.start()
        while len(feed.acknowledged) < PEOPLE + PUBLISHED_AFTER:
            time.sleep(0.01)
        killing = threading.Thread(target=kill_stage, args=(stack.worker, "step"))
        killing.start()
        began = time.monotonic()
        assert main(words) == 0
        returned = time.monotonic()
        killing.join()
        sending.join()
        wait_until_settled(stack, SETTLED_WITHIN_S)
        _wait_until_swept(stack)
        _assert_obeyed(feed, _told(stack), began, returned)
        _assert_replay_says_the_same(stack)
        _assert_says_what_waits(tmp_path / "identity.yaml", words, capsys)


def _assert_shown_before(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Everybody's run is counted, and nothing is in force that was not."""
    status = ["journeys", "status", "--json", *words[-4:]]
    assert main(status) == 0
    before = capsys.readouterr().out
    assert main([*words, "--dry-run", "--json"]) == 0
    change, last = map(json.loads, capsys.readouterr().out.splitlines())
    assert (change["journey"], change["runs"]) == ("abandoned-cart", PEOPLE)
    assert (change["told"], change["keep_steps"], last["kind"]) == ([], 0, "dry-run")
    assert main(status) == 0
    assert capsys.readouterr().out == before


def _assert_says_what_waits(
    path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """What is blocked counts from the next start of the workers, and whoever publishes is told."""
    folder = path.parent / "policy"
    folder.mkdir()
    shutil.copy(shipped_rules_dir() / "policy" / path.name, folder)
    with (folder / path.name).open("a") as file:
        file.write("# another\n")
    capsys.readouterr()
    assert main(["journeys", "publish", str(folder / path.name), *words[-4:]]) == 0
    assert "policy/identity.yaml blocks counts from the workers' next start" in (
        capsys.readouterr().out
    )


def _wait_for_runs(stack: Stack) -> None:
    """Everybody has left her cart."""
    until = time.monotonic() + SETTLED_WITHIN_S
    while True:
        entered = sum(
            each["name"] == "journey.entered"
            for value in stack.values("customer.state-changed.v1")
            for each in value["transitions"]
        )
        if entered >= PEOPLE:
            return
        assert time.monotonic() < until, f"{entered} of {PEOPLE} carts are left"
        time.sleep(1)


def _wait_until_swept(stack: Stack) -> None:
    """Everybody has been told to stop."""
    until = time.monotonic() + SETTLED_WITHIN_S
    while True:
        stopped = {
            value["customer"]
            for value in stack.values("suppressions.email.v1")
            if value["action"] == "suppress"
        }
        if len(stopped) >= PEOPLE:
            return
        assert time.monotonic() < until, f"{len(stopped)} of {PEOPLE} were stopped"
        time.sleep(1)


def _told(stack: Stack) -> dict[str, dict[int, set[tuple[str, str]]]]:
    """By fact and `rev`, the action and the rules that were told, however often."""
    found: dict[str, dict[int, set[tuple[str, str]]]] = defaultdict(lambda: defaultdict(set))
    for value in stack.values("suppressions.email.v1"):
        if value["scope"] == "instance" and value["cause"]:
            found[value["cause"]["id"]][value["rev"]].add((value["action"], value["rules"]))
    return found


def _assert_obeyed(
    feed: Feed, told: dict[str, dict[int, set[tuple[str, str]]]], began: float, returned: float
) -> None:
    orders = {name: at for name, at in feed.acknowledged.items() if name.startswith("order-")}
    assert told.keys() == orders.keys()
    assert not [name for name, by_rev in told.items() if any(len(s) != 1 for s in by_rev.values())]
    (old,) = {rules for by_rev in told.values() for action, rules in by_rev[1] if action == "hold"}
    (new,) = {rules for by_rev in told.values() for action, rules in by_rev[1] if rules != old}
    by_new = {name for name, by_rev in told.items() if by_rev[1] == {("suppress", new)}}
    late = {name for name, at in orders.items() if at > returned + 1.0}
    assert len(late) > PER_S
    assert late <= by_new
    assert not {name for name, at in orders.items() if at < began - 5.0} & by_new
    at_once = {name for name, at in orders.items() if at > returned}
    print(f"published in {returned - began:.2f} s; of {len(at_once)} facts after that")
    print(f"{len(at_once - by_new)} went by the old rules, of all {len(orders) - len(by_new)}")
    # Whom a fact of before had put on hold hears of the new rule by the clock.
    swept = {name for name, by_rev in told.items() if by_rev[max(by_rev)] == {("suppress", new)}}
    assert swept == orders.keys()


def _assert_replay_says_the_same(stack: Stack) -> None:
    """The step stage over the log of each partition, from the first rules on."""
    with Reader(stack.bootstrap) as reader, opened_producer(stack.bootstrap) as producer:
        shelf = RulesLog(reader.consumer, producer, stack.prefix, ()).shelf()
    assert shelf.active is not None
    library = {
        id_: compiled((one := shelf.edited(id_)).bundle, one.contents) for id_ in shelf.bundles
    }
    oldest = shelf.active.past[0]
    said: dict[tuple[str, int], list[Any]] = defaultdict(list)
    logs: dict[int, list[Any]] = defaultdict(list)
    for record in stack.records(CUSTOMER_FACTS):
        logs[record.partition].append(record)
    for topic in TOLD:
        for record in sorted(stack.records(topic), key=lambda each: each.offset):
            content = (record.key, record.value, [*record.headers])
            if content not in said[topic, record.partition][-PEOPLE:]:
                said[topic, record.partition].append(content)
    stage = Step(stack.prefix, 1, library[oldest.id], library=library)
    for partition, log in sorted(logs.items()):
        again = _replayed(stage, log, partition, InForce(oldest.id, oldest.rev))
        for topic in TOLD:
            assert again[stack.topic(topic)] == said[topic, partition]


def _replayed(stage: Step, log: list[Any], partition: int, first: InForce) -> dict[str, list[Any]]:
    table = Table(in_force=first, owner=partition)
    records = sorted(log, key=lambda each: each.offset)
    told: dict[str, list[Any]] = defaultdict(list)
    at = 0
    while at < len(records):
        outcome = stage.work(_tp(records[0]), records[at : at + 500], table)
        table.accept(outcome)
        for output in outcome.outputs:
            told[output.topic].append((output.key, output.value, [*output.headers]))
        at = next((n for n, each in enumerate(records) if each.offset >= outcome.next_offset),
                  len(records))  # fmt: skip
    return told


def _tp(record: Any) -> Any:
    from faust.types import TP

    return TP(record.topic, record.partition)
