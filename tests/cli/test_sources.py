"""Who is silent, who waits for them, what is on its way to her: asked of a real Kafka."""

import json
import time
import uuid

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic

from adaptive_stream.cli.exits import Exit
from adaptive_stream.cli.main import main
from adaptive_stream.engine.fact import Fact
from adaptive_stream.engine.notice import encode_notice, note

pytestmark = pytest.mark.broker

HOUR_MS = 3_600_000
STATE = {
    "customer": "c-0a11",
    "state_seq": 1,
    "identifiers": [{"type": "email", "value": "ana@example.com"}],
    "messages": {
        "m-2": {
            "sender": "lob", "handle": "psc_77", "about": ["boots-41"],
            "due": "2026-03-06T09:00:00Z", "revocable_until": "2026-03-04T12:00:00Z",
            "status": "scheduled", "channel": "directmail", "reported": "2026-03-01T09:00:00Z",
        },
        "m-1": {"sender": "meta", "standing": True, "status": "scheduled", "channel": "ads"},
        "m-0": {"status": "sent", "channel": "email"},
    },
    "outbox": ["m-1", "m-2"],
    "journeys": [{"journey": "abandoned-cart", "instance": "cart-9", "waits_for": "store/leeds-2"}],
}  # fmt: skip


def beat(source: str, until_ms: int, **said: object) -> bytes:
    """The row of a source after its first word."""
    data = {"until_ms": until_ms, **said}
    row = note(
        None, Fact("b-1", "channel.complete", until_ms, "store", source, data=data), until_ms
    )
    assert row is not None
    return encode_notice(row)


@pytest.fixture(scope="module")
def prefix(broker) -> str:
    """Topics as a worker leaves them: two shops, one of them silent for five hours."""
    prefix = f"t{uuid.uuid4().hex[:10]}."
    topics = {"context.v1": 1, "customer.state.v1": 2, "channel.store.v1": 1}
    with KafkaAdminClient(bootstrap_servers=broker.bootstrap) as admin:
        made = [NewTopic(prefix + name, n, 1) for name, n in topics.items()]
        admin.create_topics(made, wait_for_metadata=True)
    now_ms = int(time.time() * 1000)
    with KafkaProducer(bootstrap_servers=broker.bootstrap) as producer:
        rows = {"leeds-2": beat("leeds-2", now_ms - 5 * HOUR_MS), "york-1": beat("york-1", now_ms)}
        for source, row in rows.items():
            producer.send(f"{prefix}context.v1", row, f"source/store/{source}".encode())
        producer.send(f"{prefix}context.v1", beat("x", 1), b"item/boots-41")
        state = json.dumps(STATE, separators=(",", ":")).encode()
        producer.send(f"{prefix}customer.state.v1", state, b"c-0a11")
        producer.flush()
    return prefix


def asked(broker, prefix: str, *words: str) -> int:
    return main([*words, "--bootstrap", broker.bootstrap, "--prefix", prefix])


def test_the_board_shows_the_silent_first(broker, prefix, capsys) -> None:
    """How long each is silent, and how many messages wait for it."""
    assert asked(broker, prefix, "sources") == Exit.OK

    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split() == ["source", "silent", "for", "contacts", "waiting", "complete", "until"]
    assert first.split()[:3] == ["store/leeds-2", "5h", "1"]
    assert second.split()[:3] == ["store/york-1", "0m", "0"]


def test_programs_ask_for_the_silent_only(broker, prefix, capsys) -> None:
    """One object a line."""
    assert asked(broker, prefix, "sources", "--silent", "1h", "--json") == Exit.OK

    (told,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (told["source"], told["contacts_waiting"]) == ("store/leeds-2", 1)
    assert told["silent_for"].startswith("PT5H")


def test_a_source_is_retired_by_a_fact(broker, prefix, capsys) -> None:
    """With who and why, on its own channel; one that nobody knows is refused."""
    unknown = asked(broker, prefix, "sources", "retire", "store/leeds-9", "--because", "closed")
    assert unknown == Exit.NOT_FOUND
    assert "`adaptive-stream sources` lists them" in capsys.readouterr().err

    done = asked(broker, prefix, "sources", "retire", "store/leeds-2", "--because", "closed")

    assert done == Exit.OK
    place = TopicPartition(f"{prefix}channel.store.v1", 0)
    with KafkaConsumer(bootstrap_servers=broker.bootstrap, group_id=None) as consumer:
        consumer.assign([place])
        consumer.seek_to_beginning(place)
        (record,) = consumer.poll(timeout_ms=10_000)[place]
    fact = json.loads(record.value)
    assert (fact["type"], fact["source"], fact["data"]["retired"]) == (
        "channel.complete", "leeds-2", True,
    )  # fmt: skip


def test_the_board_of_senders_shows_who_reported_when(broker, prefix, capsys) -> None:
    """Those without a word stand below; one object a line for programs."""
    assert asked(broker, prefix, "senders") == Exit.OK
    head, first, *others = capsys.readouterr().out.splitlines()
    assert head.split()[:3] == ["sender", "stops", "by"]
    assert first.split()[:2] == ["lob", "recall"]
    assert first.endswith("1  2026-03-01T09:00:00Z")
    assert [line.split()[0] for line in others] == ["braze", "mailchimp", "meta", "sendgrid"]

    assert asked(broker, prefix, "senders", "--silent", "--json") == Exit.OK
    assert capsys.readouterr().out == ""  # Of lob no silence is news.


def test_an_outbox_is_listed_by_what_is_due_first(broker, prefix, capsys) -> None:
    """What is planned by any tool, with its handle and until when it can be stopped."""
    assert asked(broker, prefix, "customer", "outbox", "email:ana@example.com") == Exit.OK

    first, second = capsys.readouterr().out.splitlines()
    assert first.split()[:3] == ["standing", "ads", "m-1"]
    assert second.split()[:3] == ["2026-03-06T09:00:00Z", "directmail", "m-2"]
    assert "handle psc_77" in second
    assert "until 2026-03-04T12:00:00Z" in second
