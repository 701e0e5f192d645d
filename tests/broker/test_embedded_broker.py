"""The embedded broker, as an operator meets it: the real one, in a directory of its own."""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import NewTopic

from adaptive_stream.broker import Broker, BrokerError, kafka_command
from adaptive_stream.broker.ports import free_port, is_free, kafka_answers

pytestmark = [pytest.mark.broker, pytest.mark.slow(35)]

ENDS_WITHIN_S = 30
CALLER = """
import signal, sys
from pathlib import Path
from adaptive_stream.broker import Broker
with Broker(Path(sys.argv[1])) as broker:
    print(broker.status().child_pid, broker.status().pid, flush=True)
    signal.pause()
"""


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + ENDS_WITHIN_S
    while not holds():
        assert time.monotonic() < deadline, f"not within {ENDS_WITHIN_S} s"
        time.sleep(0.05)


def runs(pid: int) -> bool:
    """Whether the process is there; one that only waits for its parent to notice is not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return not Path("/proc/self").exists()  # It ended just now; or this is no Linux.
    return stat.rpartition(")")[2].split()[0] != "Z"


def write(bootstrap: str, topic: str, value: bytes) -> None:
    with KafkaAdminClient(bootstrap_servers=bootstrap) as admin:
        admin.create_topics([NewTopic(topic, 1, 1)], wait_for_metadata=True)
    with KafkaProducer(bootstrap_servers=bootstrap) as producer:
        producer.send(topic, value).get(timeout=ENDS_WITHIN_S)


def first_value(bootstrap: str, topic: str) -> bytes:
    with KafkaConsumer(
        topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest"
    ) as consumer:
        deadline = time.monotonic() + ENDS_WITHIN_S
        while time.monotonic() < deadline:
            for records in consumer.poll(timeout_ms=500).values():
                return bytes(records[0].value)
    raise AssertionError(f"no record in {topic}")


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a broker left, with one record in it; a test changes a copy."""
    data_dir = tmp_path_factory.mktemp("stopped") / "data"
    with Broker(data_dir) as broker:
        write(broker.bootstrap, "kept", b"boots")
    return data_dir


@pytest.fixture
def data_dir(stopped: Path, tmp_path: Path) -> Path:
    """A copy of what a broker left."""
    return Path(shutil.copytree(stopped, tmp_path / "data"))


@pytest.fixture
def caller(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int, int]]:
    """Another process that runs a broker: it, the broker's JVM and its supervisor."""
    process = subprocess.Popen(
        [sys.executable, "-c", CALLER, str(tmp_path / "data")], stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        java_pid, pid = map(int, process.stdout.readline().split())
        yield process, java_pid, pid
        process.kill()


def test_data_survives_a_restart(tmp_path: Path) -> None:
    """What a producer wrote before `down` is there after the next `up`, on the same port."""
    broker = Broker(tmp_path / "data", free_port())
    running = broker.start_detached()
    write(broker.bootstrap, "kept", b"boots")
    assert broker.stop()
    assert not runs(running.child_pid)
    assert not runs(running.pid)

    again = broker.start_detached()
    assert again.port == running.port
    assert first_value(broker.bootstrap, "kept") == b"boots"
    assert broker.stop()
    assert broker.status() is None
    assert not broker.stop()


def test_data_survives_a_kill(tmp_path: Path) -> None:
    """A machine that kills everything at once loses no fact that was acknowledged."""
    broker = Broker(tmp_path / "data")
    running = broker.start_detached()
    write(broker.bootstrap, "kept", b"boots")
    os.kill(running.pid, signal.SIGKILL)
    until(lambda: broker.status() is None)
    assert not runs(running.child_pid)

    with broker:
        assert first_value(broker.bootstrap, "kept") == b"boots"


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_broker_ends_with_its_caller(
    caller: tuple[subprocess.Popen[str], int, int], sign: signal.Signals
) -> None:
    """However the caller ends, kill -9 and Ctrl-C included, no java process stays behind."""
    process, java_pid, supervisor_pid = caller
    assert runs(java_pid)
    process.send_signal(sign)
    until(lambda: not runs(java_pid) and not runs(supervisor_pid))


def test_the_broker_ends_with_its_supervisor(
    caller: tuple[subprocess.Popen[str], int, int],
) -> None:
    """Even a kill -9 of the process in between leaves no java process."""
    _, java_pid, supervisor_pid = caller
    os.kill(supervisor_pid, signal.SIGKILL)
    until(lambda: not runs(java_pid))


def test_a_second_start_on_the_same_data(tmp_path: Path) -> None:
    """Two brokers never write one directory; the second is told where the first one runs."""
    with Broker(tmp_path / "data") as broker:
        with pytest.raises(BrokerError) as refused:
            Broker(tmp_path / "data").start_detached()
        assert kafka_answers(broker.port)
    assert refused.value.says.startswith(
        f"a broker already runs on {tmp_path / 'data'} at {broker.bootstrap} (process "
    )
    assert refused.value.hint == (
        "use that one, stop it with `adaptive-stream broker stop`, or choose another directory:"
        " --data-dir DIR"
    )


def test_a_port_that_is_taken(broker: Broker, tmp_path: Path) -> None:
    """An operator whose port is taken learns by what, and how to take another."""
    with pytest.raises(BrokerError) as refused:
        Broker(tmp_path / "data", broker.port).start_detached()
    assert refused.value.says == f"port {broker.port} on 127.0.0.1 is in use by a Kafka broker"
    assert refused.value.hint.startswith("stop it, or choose another port")
    assert Broker(tmp_path / "data").status() is None


def test_a_port_for_a_server_is_none_that_a_client_may_be_given() -> None:
    """Else one that was free is taken by a connection before the server listens."""
    given = []
    for _ in range(100):
        with socket.socket() as client:
            client.bind(("127.0.0.1", 0))
            given.append(client.getsockname()[1])
    chosen = [free_port(neighbours=3) for _ in range(100)]
    assert max(chosen) + 2 < min(given)
    assert all(is_free(port + number) for port in chosen for number in range(3))


def test_a_port_is_not_given_twice_to_one_who_listens_later() -> None:
    """A broker and its controller were given the same one, once in some thousand starts."""
    port = free_port()
    with pytest.raises(OSError, match="no port from"):
        free_port(among=range(port, port + 1), but=port)


def test_a_directory_that_cannot_hold_data(tmp_path: Path) -> None:
    """A file where the data directory should be is named, with the option that helps."""
    (tmp_path / "data").write_text("a file")
    with pytest.raises(BrokerError) as refused:
        Broker(tmp_path / "data").start_detached()
    assert refused.value.says == f"{tmp_path / 'data'} cannot hold a broker's data: File exists"
    assert refused.value.hint == "choose another directory: --data-dir DIR"


@pytest.mark.parametrize("damage", ["metadata", "identity", "identity is gone", "topics are gone"])
def test_damaged_data(data_dir: Path, damage: str) -> None:
    """A damaged directory is refused as it is: Kafka would start without the topics, and say so
    nowhere that an operator looks."""
    meta = data_dir / "kafka" / "meta.properties"
    log = next((data_dir / "kafka" / "__cluster_metadata-0").glob("*.log"))
    was = bytearray(log.read_bytes())
    was[200:210] = b"\xff" * 10
    means = {
        "metadata": (lambda: log.write_bytes(was), f"{log} cannot be read from byte "),
        "identity": (lambda: meta.write_text("junk"), f"{meta} does not name cluster.id, node.id"),
        "identity is gone": (meta.unlink, f"{meta} is missing"),
        "topics are gone": (lambda: log.write_bytes(b""), f"{log.parent} is empty, though there"),
    }
    do_damage, says = means[damage]
    do_damage()

    with pytest.raises(BrokerError) as refused:
        Broker(data_dir).start_detached()
    assert refused.value.says.startswith(f"the data of this broker is damaged: {says}")
    assert refused.value.hint == (
        f"`mv {data_dir} {data_dir}.damaged` starts with an empty one and keeps the old for a look"
    )


def test_a_torn_tail_is_no_damage(data_dir: Path) -> None:
    """Power lost in the middle of a write does not keep a broker from starting again."""
    log = next((data_dir / "kafka" / "__cluster_metadata-0").glob("*.log"))
    was = log.read_bytes()
    log.write_bytes(was + was[:70])  # A batch of which only the first bytes reached the disk.

    with Broker(data_dir) as broker:
        assert first_value(broker.bootstrap, "kept") == b"boots"


def test_kafka_that_ends_at_once_is_quoted(data_dir: Path) -> None:
    """When Kafka itself gives up, the operator reads its last words and where the rest is."""
    broker = Broker(data_dir)
    (data_dir / "kafka" / "__cluster_metadata-0" / "leader-epoch-checkpoint").write_text("junk")

    with pytest.raises(BrokerError) as refused:
        broker.start_detached()
    assert "Malformed line in checkpoint file" in refused.value.says
    assert str(broker.log_path) in refused.value.hint
    assert broker.status() is None


def test_no_network_on_the_first_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without jars and without a network, the operator learns what is missing and three ways on."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(BrokerError) as refused:
        Broker(tmp_path / "data").start_detached()
    assert refused.value.says.startswith("Apache Kafka 4.3.1 is not on this machine yet, and ")
    assert "could not be downloaded" in refused.value.says
    assert "44 MB from Maven Central" in refused.value.hint
    assert str(tmp_path / "cache") in refused.value.hint
    assert not list((tmp_path / "cache").rglob("*.jar"))


def test_a_jar_that_is_not_the_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A jar that differs from the lock by one byte is never run."""
    from adaptive_stream.broker.jars import checked_jars

    cache = tmp_path / "adaptive-stream" / "kafka-4.3.1"
    cache.mkdir(parents=True)
    for jar in checked_jars():
        (cache / jar.name).symlink_to(jar)
    changed = cache / "slf4j-simple-1.7.36.jar"
    content = changed.read_bytes()
    changed.unlink()
    changed.write_bytes(content + b"\0")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    with pytest.raises(BrokerError) as refused:
        kafka_command("kafka.Kafka")
    assert refused.value.says.startswith(
        f"{changed} is not the jar that the lock names (sha256 is "
    )
    assert refused.value.hint == f"delete {cache} and start again; it is then downloaded afresh"


def test_nothing_holds_the_lock_of_a_broker_that_stopped(tmp_path: Path) -> None:
    """A directory is free the moment that `broker stop` has returned."""
    broker = Broker(tmp_path / "data")
    broker.start_detached()
    broker.stop()
    with (tmp_path / "data" / "broker.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_the_tools_of_kafka_itself(broker: Broker, topic_prefix: str) -> None:
    """Kafka's own command line producer comes along, for whoever trusts no other client."""
    topic = topic_prefix + "console"
    write(broker.bootstrap, topic, b"first")
    subprocess.run(
        kafka_command(
            "org.apache.kafka.tools.ConsoleProducer",
            *("--bootstrap-server", broker.bootstrap, "--topic", topic),
        ),
        input=b"by hand\n",
        check=True,
        timeout=ENDS_WITHIN_S,
    )
    with KafkaConsumer(
        topic, bootstrap_servers=broker.bootstrap, auto_offset_reset="earliest"
    ) as consumer:
        found: list[bytes] = []
        until(
            lambda: bool(
                found.extend(
                    record.value
                    for records in consumer.poll(timeout_ms=500).values()
                    for record in records
                )
                or len(found) == 2
            )
        )
    assert found == [b"first", b"by hand"]
