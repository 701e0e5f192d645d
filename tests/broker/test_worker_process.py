"""The worker as processes: what an operator sees of it when it runs, stops, and meets junk."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest
from confluent_kafka import Producer
from kafka import KafkaAdminClient, TopicPartition
from kafka.structs import OffsetAndMetadata
from prometheus_client.parser import text_string_to_metric_families

from adaptive_stream.broker import Broker
from tests.broker.facts import facts, send, wait_until_settled
from tests.broker.killing import stage_pid
from tests.broker.stack import Stack
from tests.tools import tool

STOP_WITHIN_S = 5.0
pytestmark = [pytest.mark.broker, pytest.mark.slow(50)]


def _ask(stack: Stack, stage: int, path: str) -> str:
    url = f"http://127.0.0.1:{stack.worker.web_port + stage}{path}"
    with urllib.request.urlopen(url, timeout=5) as answer:
        return str(answer.read().decode())


def test_a_worker_says_how_it_is_and_little_else(
    broker: Broker, tmp_path: Path, topic_prefix: str
) -> None:
    """Metrics hold to Prometheus's rules; a healthy worker logs nothing; it stops in time."""
    options = ("--clock", "log")
    with Stack(broker.bootstrap, tmp_path, topic_prefix, profile="story", options=options) as stack:
        send(stack, facts(500, 50))
        wait_until_settled(stack, 60)
        for stage in range(3):
            assert _ask(stack, stage, "/livez") == "ok\n"
            assert _ask(stack, stage, "/readyz") == "ok\n"
            _assert_well_named(_ask(stack, stage, "/metrics"))
        assert 'outcome="accepted"' in _ask(stack, 0, "/metrics")
        assert 'transitions_total{name="order.added"' in _ask(stack, 2, "/metrics")

        log = stack.worker.log_path.read_text()
        pids = [stage_pid(stack.worker, stage) for stage in ("admit", "resolve", "step")]
        began = time.monotonic()
        stack.worker.stop()
        assert time.monotonic() - began <= STOP_WITHIN_S
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    assert log == ""
    assert stack.worker.log_path.read_text() == ""


def test_a_healthy_start_says_what_a_stage_owns_and_no_more(
    broker: Broker, tmp_path: Path, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks for every line gets three, none of them from Faust or a Kafka client."""
    monkeypatch.setenv("ADAPTIVE_STREAM_LOG_FORMAT", "json")
    monkeypatch.setenv("ADAPTIVE_STREAM_LOG_LEVEL", "info")
    with Stack(broker.bootstrap, tmp_path, topic_prefix) as stack:
        said = [json.loads(line) for line in stack.worker.log_path.read_text().splitlines()]
    assert {each["stage"] for each in said} == {"admit", "resolve", "step"}
    assert {each["logger"] for each in said} == {"adaptive_stream.worker.keeper"}
    assert all(re.match(r"owns \d+ partitions after", each["message"]) for each in said)


def _assert_well_named(text: str) -> None:
    """As Prometheus's own tool sees it, and nothing in it beside ours and the process itself."""
    promtool = [tool("promtool"), "check", "metrics"]
    checked = subprocess.run(promtool, input=text, text=True, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    families = list(text_string_to_metric_families(text))
    assert families
    assert all(each.name.startswith(("adaptive_stream_", "process_")) for each in families)


def test_junk_between_the_stages_is_kept_and_stops_nothing(
    broker: Broker, tmp_path: Path, topic_prefix: str
) -> None:
    """What the engine cannot take stands in the dead letters as it came; the rest goes on."""
    options = ("--clock", "log")
    with Stack(broker.bootstrap, tmp_path, topic_prefix, profile="story", options=options) as stack:
        producer = Producer({"bootstrap.servers": stack.bootstrap})
        headers = [("k", b"fact"), ("src", b"x@1/0/1/0"), ("cause", b"x/0/1"), ("log_ms", b"1")]
        for topic in ("identity.facts.v1", "customer.facts.v1"):
            producer.produce(stack.topic(topic), b"{junk", b"somebody", headers=headers)
            producer.produce(stack.topic(topic), b"no headers", b"somebody")
        producer.flush(30)
        send(stack, facts(300, 30))
        wait_until_settled(stack, 60)

        for topic in ("identity.facts.v1", "customer.facts.v1"):
            letters = stack.records(f"{topic}.dlq")
            assert {letter.value for letter in letters} == {b"{junk", b"no headers"}
        assert len({record.key for record in stack.records("customer.state.v1")}) >= 28
        assert 'parked_total{stage="step",type=' in _ask(stack, 2, "/metrics")
        assert "somebody" not in stack.worker.log_path.read_text()


def test_a_supervisor_that_is_killed_leaves_nothing_behind(
    broker: Broker, tmp_path: Path, topic_prefix: str
) -> None:
    """After kill -9 of the supervisor no stage goes on by itself."""
    options = ("--clock", "log")
    with Stack(broker.bootstrap, tmp_path, topic_prefix, profile="story", options=options) as stack:
        pids = [stage_pid(stack.worker, stage) for stage in ("admit", "resolve", "step")]
        os.kill(stack.worker.pid, signal.SIGKILL)
        until = time.monotonic() + STOP_WITHIN_S + 2
        while any(Path(f"/proc/{pid}").exists() for pid in pids):
            assert time.monotonic() < until, "a stage lives on"
            time.sleep(0.05)


@pytest.mark.parametrize(
    ("bootstrap", "says"),
    [("", "the cluster has no topic"), ("127.0.0.1:1", "no Kafka answers at 127.0.0.1:1")],
)
def test_a_worker_that_cannot_start_says_what_to_do(
    broker: Broker, tmp_path: Path, topic_prefix: str, bootstrap: str, says: str
) -> None:
    """Missing topics or no Kafka at all: one sentence, one hint, exit code 2, no crash loop."""
    command = [sys.executable, "-m", "adaptive_stream", "worker", "--data-dir", str(tmp_path)]
    command += ["--bootstrap", bootstrap or broker.bootstrap, "--prefix", topic_prefix]
    environ = os.environ | {"ADAPTIVE_STREAM_TENANT_KEY": "0123456789abcdef"}
    ended = subprocess.run(
        [*command, "--web-port", "0"],
        env=environ, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 2
    assert says in ended.stderr
    assert "hint: " in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_stage_that_is_stopped_while_it_starts_just_ends(tmp_path: Path) -> None:
    """As the others are when one stage refuses; here Kafka takes a connection and says nothing."""
    command = [sys.executable, "-m", "adaptive_stream", "worker", "--stage", "admit"]
    command += ["--data-dir", str(tmp_path), "--web-port", "0"]
    environ = os.environ | {"ADAPTIVE_STREAM_TENANT_KEY": "0123456789abcdef"}
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        starting = subprocess.Popen(
            [*command, "--bootstrap", f"127.0.0.1:{silent.getsockname()[1]}"],
            env=environ, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        with closing(silent.accept()[0]):
            starting.send_signal(signal.SIGTERM)
            _, said = starting.communicate(timeout=60)
    assert (starting.returncode, said) == (0, "")


def test_a_worker_with_another_tenant_key_does_not_start(
    broker: Broker, tmp_path: Path, topic_prefix: str
) -> None:
    """Before a fact is hashed under a wrong key, every stage refuses and says what to do."""
    options = ("--clock", "log")
    with Stack(broker.bootstrap, tmp_path, topic_prefix, profile="story", options=options) as stack:
        send(stack, facts(50, 10))
        wait_until_settled(stack, 60)
        stack.worker.stop()
        admitted = len(stack.records("identity.facts.v1"))
        send(stack, facts(50, 10, seed=2))
        environ = os.environ | {"ADAPTIVE_STREAM_TENANT_KEY": "not the key of these topics"}
        command = [sys.executable, "-m", "adaptive_stream", "worker", "--clock", "log"]
        command += ["--bootstrap", stack.bootstrap, "--prefix", topic_prefix, "--web-port", "0"]
        for stage in ("admit", "resolve", "step"):
            ended = subprocess.run(
                [*command, "--stage", stage, "--data-dir", str(tmp_path / "another host")],
                env=environ, capture_output=True, text=True, timeout=60, check=False,
            )  # fmt: skip
            assert ended.returncode == 2
            assert "made under another ADAPTIVE_STREAM_TENANT_KEY" in ended.stderr
            assert "hint: start with that key, or on new topics" in ended.stderr
            assert "not the key" not in ended.stderr
        assert len(stack.records("identity.facts.v1")) == admitted


def test_a_channel_that_lost_its_end_is_not_gone_on_with(
    broker: Broker, tmp_path: Path, topic_prefix: str
) -> None:
    """Offsets that begin again would be dropped as repeats: admit refuses, and says so."""
    options = ("--clock", "log")
    with Stack(broker.bootstrap, tmp_path, topic_prefix, profile="story", options=options) as stack:
        send(stack, facts(200, 30))
        wait_until_settled(stack, 60)
        stack.worker.stop()
        beyond = {
            TopicPartition(stack.topic("channel.web.v1"), 0): OffsetAndMetadata(10**6, "", -1)
        }
        with closing(KafkaAdminClient(bootstrap_servers=stack.bootstrap)) as admin:
            admin.alter_group_offsets(f"{topic_prefix}adaptive-stream-admit", beyond)
        stack.worker.start()
        until = time.monotonic() + 30
        while stack.worker.status() is not None:
            assert time.monotonic() < until, "it started"
            time.sleep(0.1)
        log = stack.worker.log_path.read_text()
    assert "made anew" in log
    assert "incarnation" in log
