"""Producers and consumers as they are: clients that this project did not configure.

Each test is a customer whose cart is silenced by a purchase in the store, with every fact written
by another client or in another form. The worker, the topics and the clock are real.
"""

import json
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import confluent_kafka
import kafka
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary, to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from kafka.admin import NewTopic

from adaptive_stream import shipped_topics_dir
from adaptive_stream.broker import kafka_command
from tests.broker.stack import Stack, quick_rules

pytestmark = [pytest.mark.broker, pytest.mark.slow(40)]

RECEIPTS = f"pos.receipts.{uuid.uuid4().hex[:8]}.v3"  # Somebody else's: it has no prefix of ours.
BOOTS = [{"sku": "boots-41", "quantity": 1, "price": 89.0}]
ACKNOWLEDGED_WITHIN_S = 20

Write = Callable[[str, dict[str, Any]], None]


@pytest.fixture(scope="module")
def stack(broker, tmp_path_factory) -> Iterator[Stack]:
    """One worker for all of them. Channels have three partitions, so that a partition is chosen."""
    directory = tmp_path_factory.mktemp("stock")
    with kafka.KafkaAdminClient(bootstrap_servers=broker.bootstrap) as admin:
        admin.create_topics([NewTopic(RECEIPTS, 5, 1)], wait_for_metadata=True)
    with Stack(
        broker.bootstrap,
        directory,
        f"t{uuid.uuid4().hex[:10]}.",
        topics_dir=_topics(directory),
        rules_dir=quick_rules(directory),
    ) as running:
        yield running


def _topics(directory: Path) -> Path:
    """The shipped files, but the tills write to a topic of their own as well."""
    copy = directory / "topics"
    shutil.copytree(shipped_topics_dir(), copy)
    profile = copy / "profiles" / "laptop.yaml"
    profile.write_text(profile.read_text().replace("any: 1,", "any: 3,"))
    store = copy / "channels" / "store.yaml"
    ours = "  - {topic: channel.store.v1}\n"
    text = store.read_text()
    assert ours in text
    store.write_text(text.replace(ours, ours + f"  - {{topic: {RECEIPTS}}}\n"))
    return copy


@pytest.fixture
def producer(broker) -> Iterator[kafka.KafkaProducer]:
    """kafka-python with nothing set but where the cluster is."""
    with kafka.KafkaProducer(bootstrap_servers=broker.bootstrap) as stock:
        yield stock


@pytest.fixture
def ana(request) -> str:
    """A part of the names of this test's customer, so that no other test speaks of her."""
    return request.node.name.removeprefix("test_")[:20]


def facts(ana: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(channel, fact in the native form): who she is, her cart, and at last her purchase."""
    names = {
        "email": f"{ana}@example.com",
        "braze": f"bz-{ana}",
        "loyalty": f"L-{ana}",
        "cookie": f"ck-{ana}",
        "device": f"ph-{ana}",
    }
    linked = {"id": f"link-{ana}", "type": "identity.linked", "identifiers": names}
    yield "backoffice", linked
    cart = {"cart": f"cart-{ana}", "currency": "GBP", "items": BOOTS}
    cookie = {"cookie": names["cookie"]}
    yield "web", _fact(f"web-{ana}", "cart.item_added", cookie, cart)
    order = {"order": f"R-{ana}", "store": "leeds-2", "value": 89.0, "currency": "GBP"}
    card = {"loyalty": names["loyalty"]}
    yield "store", _fact(f"pos-{ana}", "order.completed", card, order | {"items": BOOTS})


def _fact(name: str, kind: str, who: dict[str, str], data: dict[str, Any]) -> dict[str, Any]:
    return {"id": name, "type": kind, "identifiers": who, "data": data}


def play(stack: Stack, ana: str, write: Write) -> None:
    """Story S01: the cart, its half hour (here two seconds), the shop, and all that it promises."""
    linked, cart, purchase = facts(ana)
    write(*linked)
    write(*cart)
    abandoned = stack.wait_for("customer.state-changed.v1", _has("cart.abandoned", f"cart-{ana}"))
    write(*purchase)
    bought = stack.wait_for("customer.state-changed.v1", _has("cart.bought", f"cart-{ana}"))
    email = stack.wait_for("suppressions.email.v1", _of(f"cart-{ana}"))
    push = stack.wait_for("suppressions.push.v1", _of(f"cart-{ana}"))
    offer = stack.wait_for("opportunities.v1", _replaces(f"cart-{ana}"))

    assert bought["customer"] == abandoned["customer"]
    assert bought["cause"][0]["channel"] == "store"
    assert (email["action"], email["journey"]) == ("suppress", "abandoned-cart")
    assert email["because"] == push["because"] == "bought_these_items"
    assert (email["steps"], push["steps"]) == (["remind", "discount"], ["nudge"])
    assert email["recipients"] == [
        {"type": "email", "value": f"{ana}@example.com"},
        {"type": "braze", "value": f"bz-{ana}"},
    ]
    assert push["recipients"] == [{"type": "device", "value": f"ph-{ana}"}]
    assert (offer["kind"], offer["offer"]) == ("instead", "care-kit")
    assert {email["id"], push["id"], offer["id"]} <= set(bought["led_to"])


def _has(name: str, key: str) -> Callable[[dict[str, Any]], bool]:
    return lambda value: any(
        transition["name"] == name and transition.get("key") == key
        for transition in value["transitions"]
    )


def _of(instance: str) -> Callable[[dict[str, Any]], bool]:
    return lambda value: bool(value["instance"] == instance)


def _replaces(instance: str) -> Callable[[dict[str, Any]], bool]:
    return lambda value: (value["replaces"] or {}).get("instance") == instance


def test_kafka_python_without_keys(stack, producer, ana):
    """A script of ten lines that knows no partitioner and gives no key is good enough."""

    def write(channel: str, fact: dict[str, Any]) -> None:
        topic = stack.topic(f"channel.{channel}.v1")
        producer.send(topic, json.dumps(fact).encode()).get(ACKNOWLEDGED_WITHIN_S)

    play(stack, ana, write)


def test_confluent_kafka_with_its_own_partitioner_and_lz4(stack, ana):
    """Where librdkafka puts a key, and how it compresses, is the producer's own affair."""
    producer = confluent_kafka.Producer(
        {"bootstrap.servers": stack.bootstrap, "compression.type": "lz4"}
    )

    def write(channel: str, fact: dict[str, Any]) -> None:
        topic = stack.topic(f"channel.{channel}.v1")
        producer.produce(topic, json.dumps(fact).encode(), key=fact["id"].encode())
        assert producer.flush(ACKNOWLEDGED_WITHIN_S) == 0

    play(stack, ana, write)


def test_the_command_line_producer_of_kafka(stack, ana):
    """What an operator pastes into Kafka's own tool counts like anything else."""

    def write(channel: str, fact: dict[str, Any]) -> None:
        topic = stack.topic(f"channel.{channel}.v1")
        command = kafka_command(
            *("org.apache.kafka.tools.ConsoleProducer", "--bootstrap-server", stack.bootstrap),
            *("--topic", topic),
            jvm=("-Xmx128m", "-XX:TieredStopAtLevel=1"),
        )
        subprocess.run(command, input=json.dumps(fact) + "\n", text=True, check=True, timeout=60)

    play(stack, ana, write)


@pytest.mark.parametrize("mode", [to_binary, to_structured], ids=["binary", "structured"])
def test_cloud_events(stack, producer, ana, mode):
    """Events as the SDK of CloudEvents writes them for Kafka, in either of its modes."""
    ana = f"{ana}-{mode.__name__}"

    def write(channel: str, fact: dict[str, Any]) -> None:
        attributes = {
            "id": fact["id"],
            "source": f"/shop/{channel}",
            "type": f"com.example.{fact['type']}.v1",
            "specversion": "1.0",
            "datacontenttype": "application/json",
        }
        data = {"identifiers": fact["identifiers"], **fact.get("data", {})}
        message = mode(CloudEvent(attributes=attributes, data=data), JSONFormat())
        topic = stack.topic(f"channel.{channel}.v1")
        headers = list(message.headers.items())
        producer.send(topic, message.value, headers=headers).get(ACKNOWLEDGED_WITHIN_S)

    play(stack, ana, write)


def test_segment_json(stack, producer, ana):
    """A site and a till that already send Segment's calls are read as they are."""

    def write(channel: str, fact: dict[str, Any]) -> None:
        topic = stack.topic(f"channel.{channel}.v1")
        producer.send(topic, json.dumps(_segment(fact)).encode()).get(ACKNOWLEDGED_WITHIN_S)

    play(stack, ana, write)


def _segment(fact: dict[str, Any]) -> dict[str, Any]:
    """The same fact as Segment's libraries would tell it."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    names, data = fact["identifiers"], fact.get("data", {})
    call: dict[str, Any] = {
        "messageId": fact["id"],
        "originalTimestamp": now,
        "sentAt": now,
        "anonymousId": names.get("cookie"),
        "context": {
            "library": {"name": "analytics.js", "version": "4.1.0"},
            "externalIds": [
                {"id": names[kind], "type": kind, "collection": "users", "encoding": "none"}
                for kind in ("loyalty", "braze")
                if kind in names
            ],
        },
    }
    if fact["type"] == "identity.linked":
        call["context"]["device"] = {"id": names["device"]}
        return call | {"type": "identify", "userId": names["email"], "traits": {}}
    if fact["type"] == "cart.item_added":
        product = {"product_id": "boots-41", "sku": "boots-41", "price": 89.0, "quantity": 1}
        properties = {"cart_id": data["cart"], "currency": "GBP", **product}
        return call | {"type": "track", "event": "Product Added", "properties": properties}
    properties = {"order_id": data["order"], "revenue": 89.0, "currency": "GBP", "store": "leeds-2"}
    products = [{"sku": "boots-41", "price": 89.0, "quantity": 1}]
    return call | {
        "type": "track",
        "event": "Order Completed",
        "properties": properties | {"products": products},
    }


def test_a_topic_of_another_name(stack, producer, ana):
    """Receipts stay in the topic that the tills have had for years: a line in a file binds it."""

    def write(channel: str, fact: dict[str, Any]) -> None:
        topic = RECEIPTS if channel == "store" else stack.topic(f"channel.{channel}.v1")
        key = b"till-7" if channel == "store" else None
        producer.send(topic, json.dumps(fact).encode(), key=key).get(ACKNOWLEDGED_WITHIN_S)

    play(stack, ana, write)
    bought = stack.wait_for("customer.state-changed.v1", _has("cart.bought", f"cart-{ana}"))

    assert bought["cause"][0]["topic"] == RECEIPTS


def test_batches_of_every_compression(stack, ana):
    """gzip, snappy, lz4 and zstd, as Python's and as C's library write them, are all read."""
    codecs = ("gzip", "snappy", "lz4", "zstd")
    topic = stack.topic("channel.store.v1")
    orders = {f"{codec}-{library}-{n}" for codec in codecs for library in "pc" for n in range(20)}

    def receipt(order: str) -> bytes:
        data = {"order": order, "value": 89.0, "currency": "GBP", "items": BOOTS}
        who = {"loyalty": f"L-{ana}-{order}"}
        return json.dumps(_fact(f"pos-{order}", "order.completed", who, data)).encode()

    for codec in codecs:
        with kafka.KafkaProducer(
            bootstrap_servers=stack.bootstrap, compression_type=codec, linger_ms=200
        ) as python:
            for n in range(20):
                python.send(topic, receipt(f"{codec}-p-{n}"))
        c = confluent_kafka.Producer(
            {"bootstrap.servers": stack.bootstrap, "compression.type": codec, "linger.ms": 200}
        )
        for n in range(20):
            c.produce(topic, receipt(f"{codec}-c-{n}"))
        assert c.flush(ACKNOWLEDGED_WITHIN_S) == 0
    missing = set(orders)

    def last(value: dict[str, Any]) -> bool:
        missing.difference_update(
            transition["key"]
            for transition in value["transitions"]
            if transition["name"] == "order.added"
        )
        return not missing

    stack.wait_for("customer.state-changed.v1", last)


def test_what_comes_out_is_read_by_stock_clients(stack, producer, ana):
    """The console consumer, librdkafka and the SDK of CloudEvents read the outputs as they are."""

    def write(channel: str, fact: dict[str, Any]) -> None:
        topic = stack.topic(f"channel.{channel}.v1")
        producer.send(topic, json.dumps(fact).encode()).get(ACKNOWLEDGED_WITHIN_S)

    play(stack, ana, write)
    topic = stack.topic("suppressions.email.v1")
    with ThreadPoolExecutor() as together:
        by_java = together.submit(_console_consumer, stack.bootstrap, topic)
        by_c = _all_by_confluent(stack, topic)
    events = [from_binary(message, JSONFormat()) for message in by_c]
    (mine,) = [event for event in events if event.get_data()["instance"] == f"cart-{ana}"]

    assert mine.get_type() == "adaptive-stream.suppression.suppress.v1"
    assert mine.get_id() == mine.get_data()["id"]
    assert mine.get_subject() == mine.get_data()["customer"]
    assert [value for value in by_java.result() if value["instance"] == f"cart-{ana}"] == [
        mine.get_data()
    ]


def _console_consumer(bootstrap: str, topic: str) -> list[dict[str, Any]]:
    command = kafka_command(
        *("org.apache.kafka.tools.consumer.ConsoleConsumer", "--bootstrap-server", bootstrap),
        *("--topic", topic, "--from-beginning", "--timeout-ms", "5000"),
        jvm=("-Xmx128m", "-XX:TieredStopAtLevel=1"),
    )
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    return [json.loads(line) for line in said.stdout.splitlines()]


def _all_by_confluent(stack: Stack, topic: str) -> Iterator[Any]:
    """Every record of the topic as the SDK wants it: headers, key, value."""
    left = len(stack.records("suppressions.email.v1"))
    consumer = confluent_kafka.Consumer(
        {
            "bootstrap.servers": stack.bootstrap,
            "group.id": f"{topic}.reader",
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([topic])
    try:
        while left:
            message = consumer.poll(ACKNOWLEDGED_WITHIN_S)
            assert message is not None, "it read less than there is"
            assert message.error() is None
            left -= 1
            yield KafkaMessage(dict(message.headers()), message.key(), message.value())
    finally:
        consumer.close()
