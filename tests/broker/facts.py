"""A day in the shops, the same each time: facts of many people on two channels, in log time."""

import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from confluent_kafka import Producer
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from adaptive_stream.engine.clock import Clock, encode_clock
from tests.broker.stack import Stack

BEGAN_MS = 1_772_532_000_000  # 2026-03-03T10:00:00Z
APART_MS = 40
SENT_WITHIN_S = 60
WAITING_MAX = 50_000  # Half of what a producer takes before it refuses.
FED_MAX = 10_000_000

Fact = tuple[str, int, bytes]  # channel, timestamp in ms, value


def facts(count: int, people: int, seed: int = 1) -> Iterator[Fact]:
    """Views, carts and orders; most people show an address, some of them a cookie beside it."""
    chance = random.Random(seed)
    for n in range(count):
        who, kind = chance.randrange(people), chance.random()
        identifiers = {"cookie": f"ck-{who}"} if who % 8 == 0 else {"email": f"u{who}@example.com"}
        if who % 8 == 1 and kind < 0.3:
            identifiers["cookie"] = f"ck-{who}"
        at_ms = BEGAN_MS + n * APART_MS
        lines = [{"sku": f"s{chance.randrange(300)}", "quantity": 1, "price": 10.0}]
        channel, data = "web", {"items": lines, "currency": "GBP"}
        if kind < 0.6:
            name = "product.viewed"
        elif kind < 0.85:
            name, data["cart"] = "cart.item_added", f"cart-{who}-{chance.randrange(3)}"
        else:
            channel, name, data["order"] = "store", "order.completed", f"o-{n}"
            data["value"] = 10.0
        said = {"id": f"f-{n}", "type": name, "time": at_ms, "identifiers": identifiers}
        yield channel, at_ms, json.dumps({**said, "data": data}).encode()


def send(stack: Stack, some: Iterator[Fact], per_s: float = 1e9) -> None:
    """Writes them at most this fast; returns when Kafka has them all."""
    producer = Producer({"bootstrap.servers": stack.bootstrap, "linger.ms": 5})
    began = time.monotonic()
    for n, (channel, at_ms, value) in enumerate(some):
        producer.produce(stack.topic(f"channel.{channel}.v1"), value, timestamp=at_ms)
        if n % 100 == 99:
            due = began + n / per_s
            producer.poll(0)
            while len(producer) > WAITING_MAX:
                producer.poll(0.1)
            while (left := due - time.monotonic()) > 0:
                producer.poll(left)  # Returns at each delivery.
    assert producer.flush(SENT_WITHIN_S) == 0


class Feed:
    """`facts` at a steady rate until it is stopped; `sent` is how many there were."""

    def __init__(self, stack: Stack, people: int, per_s: float) -> None:
        self.sent = 0
        self._enough = threading.Event()
        self._sending = threading.Thread(target=send, args=(stack, self._facts(people), per_s))
        self._sending.start()

    def _facts(self, people: int) -> Iterator[Fact]:
        for fact in facts(FED_MAX, people):
            if self._enough.is_set():
                return
            self.sent += 1
            yield fact

    def stop(self) -> None:
        """Returns when Kafka has all of them."""
        self._enough.set()
        self._sending.join()


def send_tick(stack: Stack, now_ms: int) -> None:
    """One tick to everybody: until then all that any channel said is known."""
    known = dict.fromkeys(stack.catalog.channels, now_ms)
    body = encode_clock(Clock(now_ms=now_ms, known=known))
    topic = stack.topic("customer.facts.v1")
    producer = Producer({"bootstrap.servers": stack.bootstrap})
    for partition in producer.list_topics(topic).topics[topic].partitions:
        producer.produce(topic, body, b"#tick", partition, headers=[("k", b"tick")])
    assert producer.flush(SENT_WITHIN_S) == 0


def wait_until_settled(stack: Stack, within_s: float) -> float:
    """Returns when every stage has committed all there is, and nothing is on its way; since when
    that is so, by time.monotonic."""
    until = time.monotonic() + within_s
    before: Any = None
    since = 0.0
    with (
        closing(KafkaAdminClient(bootstrap_servers=stack.bootstrap)) as admin,
        closing(KafkaConsumer(bootstrap_servers=stack.bootstrap)) as consumer,
    ):
        while True:
            behind, ends = _behind(stack, admin, consumer)
            if not behind and ends == before:
                return since
            before, since = (None if behind else ends), time.monotonic()
            log = stack.worker.log_path.read_text()[-3000:]
            assert time.monotonic() < until, f"after {within_s} s still behind: {behind}\n{log}"
            time.sleep(0.1)


def _behind(stack: Stack, admin: Any, consumer: Any) -> tuple[dict[str, int], Any]:
    behind, all_ends = {}, {}
    channels = [stack.topic(f"channel.{name}.v1") for name in ("web", "store")]
    facts_of = {"resolve": "identity.facts.v1", "step": "customer.facts.v1"}
    for stage in ("admit", "resolve", "step"):
        group = f"{stack.prefix}adaptive-stream-{stage}"
        committed = admin.list_group_offsets({group: None})[group]
        topics = channels if stage == "admit" else [stack.topic(facts_of[stage])]
        tps = [TopicPartition(t, n) for t in topics for n in consumer.partitions_for_topic(t)]
        ends = consumer.end_offsets(tps)
        all_ends.update(ends)
        left = sum(at - (committed[tp].offset if tp in committed else 0) for tp, at in ends.items())
        if left:
            behind[stage] = left
    return behind, all_ends
