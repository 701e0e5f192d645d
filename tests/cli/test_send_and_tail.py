"""A person puts records into a topic and sees what is in one, without a client of her own."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import NewTopic

from adaptive_stream.broker import Broker
from adaptive_stream.cli.main import main
from adaptive_stream.cli.reader import Reader, partition_of

pytestmark = [pytest.mark.broker, pytest.mark.usefixtures("topic")]

WAIT_S = 20

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def topic(broker, topic_prefix) -> str:
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    name = f"{topic_prefix}channel.store.v1"
    admin.create_topics([NewTopic(name, 3, 1)], wait_for_metadata=True)
    admin.close()
    return name


@pytest.fixture
def run(broker, topic_prefix, capsys, monkeypatch) -> Run:
    """Runs one command on the test's topics: (exit code, stdout, stderr)."""
    monkeypatch.setenv("ADAPTIVE_STREAM_BOOTSTRAP", broker.bootstrap)
    monkeypatch.setenv("ADAPTIVE_STREAM_PREFIX", topic_prefix)

    def run_(*words: str) -> tuple[int, str, str]:
        code = main(words)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run_


@pytest.fixture
def receipts(tmp_path) -> str:
    path = tmp_path / "receipts.ndjson"
    lines = [
        json.dumps({"id": f"pos-{n}", "identifiers": {"loyalty": f"L-{n}"}, "value": n})
        for n in range(1, 31)
    ]
    path.write_text("\n".join(lines) + "\n\n")
    return str(path)


def test_lines_of_a_file_are_records_and_tail_shows_the_last_ten(run, receipts, topic):
    """A channel's short name will do, and what was sent can be looked at at once."""
    assert run("send", "store", receipts) == (0, f"30 records sent to {topic}\n", "")

    code, shown, _ = run("tail", "store")

    assert code == 0
    assert len(shown.splitlines()) == 10
    assert all("(no key)" in line and '"id": "pos-' in line for line in shown.splitlines())


def test_a_key_can_be_taken_from_the_record(run, receipts, broker, topic):
    """With --key the records of one card are in order, in the partition where Java puts them."""
    run("send", "store", receipts, "--key", "identifiers.loyalty")

    with Reader(broker.bootstrap) as reader:
        records = list(reader.read_all(topic))

    assert len(records) == 30
    for record in records:
        assert record.key == json.loads(record.value)["identifiers"]["loyalty"].encode()
        assert record.partition == partition_of(record.key, 3)


def test_a_filter_picks_records_by_what_they_say(run, receipts):
    """JMESPath on key, value, headers and position; with --json one envelope a line."""
    run("send", "store", receipts, "--key", "identifiers.loyalty")

    _, shown, _ = run(
        "tail", "store", "--from", "beginning", "--filter", "value.value > `28`", "--json"
    )
    envelopes = sorted(map(json.loads, shown.splitlines()), key=lambda one: one["value"]["value"])

    assert [one["key"] for one in envelopes] == ["L-29", "L-30"]
    assert list(envelopes[0]) == [
        "timestamp",
        "topic",
        "partition",
        "offset",
        "key",
        "headers",
        "value",
    ]


@pytest.mark.parametrize(
    ("since", "shown"), [("beginning", 30), ("-10m", 30), ("end", 0), ("2100-01-01", 0)]
)
def test_tail_begins_where_it_is_told(run, receipts, since, shown):
    """All of it, the last ten minutes, only what comes, or a moment in words of RFC 3339."""
    run("send", "store", receipts)

    assert len(run("tail", "store", "--from", since)[1].splitlines()) == shown
    assert len(run("tail", "store", "--from", since, "--count", "4")[1].splitlines()) == min(
        shown, 4
    )


def test_following_shows_what_comes_and_stops_at_the_count(broker, topic):
    """A developer leaves it running while he tries something in another window."""
    command = [sys.executable, "-m", "adaptive_stream", "tail", topic, "--follow", "--count", "2"]
    environment = {**os.environ, "ADAPTIVE_STREAM_BOOTSTRAP": broker.bootstrap}
    with (
        KafkaProducer(bootstrap_servers=broker.bootstrap) as producer,
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as tail,
    ):
        try:
            producer.send(topic, b'{"n": 1}').get(10)
            assert b'{"n": 1}' in line_of(tail)
            producer.send(topic, b'{"n": 2}').get(10)
            assert b'{"n": 2}' in line_of(tail)
            assert tail.wait(WAIT_S) == 0
        finally:
            tail.kill()


@pytest.mark.slow(30)
def test_who_stops_it_learns_how_to_go_on(tmp_path):
    """Within seconds, though a broker that has gone would be waited for two minutes."""
    with Broker(tmp_path / "data") as broker:
        admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
        admin.create_topics([NewTopic("receipts", 1, 1)], wait_for_metadata=True)
        admin.close()
        first, second = (
            subprocess.Popen(
                [sys.executable, "-m", "adaptive_stream", "send", "receipts"],
                env={**os.environ, "ADAPTIVE_STREAM_BOOTSTRAP": broker.bootstrap},
                stdin=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
            )
            for _ in range(2)
        )
        for process in (first, second):
            process.stdin.write(b'{"n": 1}\n')
        tail = ("tail", "receipts", "--follow", "--count", "2", "--from", "beginning")
        assert main([*tail, "--bootstrap", broker.bootstrap]) == 0
        hint = "go on from there: tail -n +2 FILE | adaptive-stream send TOPIC"
        assert stopped(first) == (130, ["stopped; sent: 1", f"hint: {hint}"])
    # More than fits into the pipe: it has begun to send them when all are written.
    second.stdin.write(b'{"n": 2}\n' * 20_000)
    hint = "send all of it again: what arrives twice is applied once"
    assert stopped(second) == (130, ["stopped; sent: 1", f"hint: {hint}"])


def stopped(process: subprocess.Popen[bytes]) -> tuple[int, list[str]]:
    """Its exit code and what it says when it is stopped by Ctrl-C."""
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=WAIT_S)
    return process.returncode, said.decode().splitlines()


def line_of(process: subprocess.Popen[bytes]) -> bytes:
    """The next line that it prints, within the time that a command may take."""
    assert select.select([process.stdout], [], [], WAIT_S)[0], "it printed nothing"
    return process.stdout.readline()


def test_bytes_that_are_no_text_are_shown_without_harm(run, broker, topic):
    """A stranger's record neither breaks the command nor drives the terminal."""
    with KafkaProducer(bootstrap_servers=broker.bootstrap) as producer:
        headers = [("h", b"\xff")]
        producer.send(topic, key=b"\xff\x00", value=b"\x1b[2J\xfe", headers=headers).get(10)
        producer.send(topic, key=b"k", value=None).get(10)

    _, shown, _ = run("tail", "store")
    _, envelopes, _ = run("tail", "store", "--json", "--filter", "key != 'k'")

    assert "\x1b" not in shown
    assert "(tombstone)" in shown
    assert json.loads(envelopes)["value"] == {"base64": "G1sySv4="}
    assert json.loads(envelopes)["headers"] == {"h": {"base64": "/w=="}}


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_every_compression_can_be_read(run, broker, topic, codec):
    """What a producer chose to save bytes is no hindrance to look at them."""
    with KafkaProducer(bootstrap_servers=broker.bootstrap, compression_type=codec) as producer:
        producer.send(topic, b'{"said": "' + b"again " * 500 + b'"}').get(10)

    assert "again again" in run("tail", "store")[1]


def test_a_line_that_is_no_record_is_named_and_says_where_to_go_on(run, tmp_path):
    """The sender learns the line, what is wrong with it, and what has been sent already."""
    path = tmp_path / "bad.ndjson"
    path.write_text('{"id": "pos-1"}\n[1, 2]\n{"id": "pos-3"}\n')

    code, _, said = run("send", "store", str(path))

    assert code == 2
    assert f"{path}:2: [1, 2] is no JSON object; sent: 1 before it" in said
    assert "hint: mend the line, then send from there: tail -n +2 FILE" in said


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("send", "nothing-of-the-kind"), 3, "there is no topic"),
        (("tail", "channel.stor.v1"), 3, "hint: did you mean"),
        (("tail", "store", "--filter", "a ="), 2, "is no JMESPath expression"),
        (("tail", "store", "--from", "yesterday"), 2, "is no moment"),
        (("tail", "store", "--count", "0"), 2, "asks for nothing"),
        (("send", "store", "/no/such/file"), 2, "cannot be read"),
        (("send", "store", "--key", "a ="), 2, "is no path"),
        (("tail", "store", "--bootstrap", "127.0.0.1:1"), 3, "no Kafka answers at 127.0.0.1:1"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence_with_a_hint(run, words, code, says):
    """No trace of the program: what is wrong, and what to do."""
    ended, out, said = run(*words)

    assert (ended, out) == (code, "")
    assert says in said
    assert "hint: " in said
