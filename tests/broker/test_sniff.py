"""Somebody with a topic and no idea what is in it is told, and gets the channel file for it."""

import json
from collections.abc import Callable, Iterator

import pytest
from kafka import KafkaAdminClient, KafkaProducer

from adaptive_stream.broker import Broker
from adaptive_stream.cli.main import main

pytestmark = pytest.mark.broker

Run = Callable[..., tuple[int, str]]
TRACK = {
    "type": "track",
    "event": "Product Added",
    "messageId": "m-1",
    "userId": "u-7",
    "anonymousId": "ck-a",
    "timestamp": "2026-03-03T10:00:00Z",
    "properties": {"product_id": "boots-41", "price": 89.0, "quantity": 1},
}


@pytest.fixture
def run(broker: Broker, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `sniff WORDS`: (exit code, all that it said)."""
    monkeypatch.setenv("ADAPTIVE_STREAM_BOOTSTRAP", broker.bootstrap)

    def run_(*words: str) -> tuple[int, str]:
        code = main(["sniff", *words])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run_


@pytest.fixture
def topic(broker: Broker, topic_prefix: str) -> str:
    """Somebody else's topic, in three partitions."""
    name = f"{topic_prefix}web.segment"
    with KafkaAdminClient(bootstrap_servers=broker.bootstrap) as admin:
        cut = {"num_partitions": 3, "replication_factor": 1}
        admin.create_topics({name: cut}, wait_for_metadata=True)
    return name


@pytest.fixture
def write(broker: Broker, topic: str) -> Iterator[Callable[[object], None]]:
    """Writes a value into the topic."""
    with KafkaProducer(bootstrap_servers=broker.bootstrap) as producer:

        def write_(value: object) -> None:
            producer.send(topic, value if isinstance(value, bytes) else json.dumps(value).encode())
            producer.flush()

        yield write_


def test_a_topic_is_told_and_gets_its_file(run: Run, topic: str, write: Callable) -> None:
    """An engineer learns in one command what Segment writes, and what to put where."""
    for number in range(30):
        write({**TRACK, "messageId": f"m-{number}"})
    write(b"{ broken")

    code, said = run(topic)

    assert code == 0
    assert f"{topic}: 31 records, 0 of them with a key\n" in said
    assert "written as: segment 30, not_json 1\n" in said
    assert "reports: cart.item_added 30\n" in said
    assert "refused: 1 (3.2%)\n" in said
    assert "1  its value is not JSON" in said
    assert said.endswith(
        "topics/channels/web.yaml:\nchannel: web\nread:\n"
        "  - {topic: channel.web.v1, format: auto}\n"
        f"  - {{topic: {topic}, format: segment}}\n"
        "endpoints: [cookie]\n"
    )


def test_a_script_gets_the_same_as_json(run: Run, topic: str, write: Callable) -> None:
    """What a person reads a pipeline can check: names of facts and the share that is refused."""
    write(TRACK)
    write({"what": "is this?"})

    code, said = run(topic, "--json", "--channel", "kiosk")

    told = json.loads(said)
    assert code == 0
    assert told["facts"] == {"cart.item_added": 1}
    assert told["refused_share"] == 0.5
    assert told["file"] == (
        f"channel: kiosk\nread:\n  - {{topic: {topic}, format: auto}}\nendpoints: []\n"
    )


def test_at_most_a_thousand_of_the_newest_are_read(run: Run, topic: str, broker: Broker) -> None:
    """A topic of a billion records is sniffed in a moment."""
    with KafkaProducer(bootstrap_servers=broker.bootstrap) as producer:
        for number in range(1_500):
            producer.send(topic, json.dumps({**TRACK, "messageId": f"m-{number}"}).encode())

    assert json.loads(run(topic, "--json")[1])["records"] == 1_000


def test_an_empty_topic_is_no_fault(run: Run, topic: str) -> None:
    """Somebody who is too early is told so."""
    code, said = run(topic)

    assert code == 0
    assert said.startswith(f"{topic} has no records yet\n")


def test_a_topic_that_is_not_there_is_not_found(run: Run, topic: str) -> None:
    """A mistyped name is answered with the one that was meant."""
    code, said = run(topic + "s")

    assert code == 3
    assert f"did you mean {topic}?" in said
