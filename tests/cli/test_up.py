"""`up`, `down` and `broker`, as an operator runs them: other processes, a real Kafka."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kafka import KafkaAdminClient

from adaptive_stream import shipped_rules_dir
from adaptive_stream.broker import Broker
from adaptive_stream.broker.ports import free_port, is_free, kafka_answers

pytestmark = [pytest.mark.broker, pytest.mark.slow(20)]

ENDS_WITHIN_S = 30


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "adaptive_stream", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + ENDS_WITHIN_S
    while not holds():
        assert time.monotonic() < deadline, f"not within {ENDS_WITHIN_S} s"
        time.sleep(0.05)


def processes(data_dir: Path) -> list[str]:
    """The command lines that name the directory and are not our own."""
    told = subprocess.run(["ps", "-eo", "pid=,args="], capture_output=True, text=True, check=True)
    lines = [line.split(maxsplit=1) for line in told.stdout.splitlines()]
    return [args for pid, args in lines if str(data_dir) in args and int(pid) != os.getpid()]


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """An empty data directory; what runs on it is stopped at the end."""
    yield tmp_path / "data"
    run("down", "--data-dir", str(tmp_path / "data"))


def test_up_and_down(data_dir: Path) -> None:
    """`up` returns when all is ready, a second one changes nothing, and says so of other rules;
    `down` leaves only data."""
    port, web_port = free_port(), free_port(3)
    words = ("--port", str(port), "--web-port", str(web_port), "--data-dir", str(data_dir))
    up = run("up", *words, "--json")
    assert up.returncode == 0, up.stderr
    told = json.loads(up.stdout)
    in_force = told.pop("rules")
    assert told.pop("rules_of_dir")
    assert told == {
        "bootstrap": f"127.0.0.1:{port}",
        "data_dir": str(data_dir),
        "web_ports": {"admit": web_port, "resolve": web_port + 1, "step": web_port + 2},
    }
    with KafkaAdminClient(bootstrap_servers=f"127.0.0.1:{port}") as admin:
        assert "suppressions.email.v1" in admin.list_topics()
    key = data_dir / "tenant.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    was = key.read_text(), sorted(processes(data_dir))

    others = Path(shutil.copytree(shipped_rules_dir(), data_dir.with_name("others")))
    (others / "journeys" / "win-back.yaml").unlink()
    again = run("up", *words, "--rules-dir", str(others))
    assert again.returncode == 0, again.stderr
    assert f"127.0.0.1:{port}" in again.stdout
    assert f"rules          {in_force}, NOT the files of {others}\n" in again.stdout
    publish = f"adaptive-stream journeys publish {others} --bootstrap 127.0.0.1:{port}"
    assert f"\n  {publish}\n" in again.stdout
    assert (key.read_text(), sorted(processes(data_dir))) == was

    down = run("down", "--data-dir", str(data_dir), "--json")
    assert json.loads(down.stdout)["stopped"] == ["the worker", "Apache Kafka"]
    assert processes(data_dir) == []
    assert is_free(port)
    assert run("down", "--data-dir", str(data_dir)).stdout.startswith("nothing was running on ")


def test_up_that_cannot_finish_leaves_nothing(data_dir: Path, broker: Broker) -> None:
    """When a port of the worker is taken, `up` says so and takes back what it had started."""
    words = ("--port", str(free_port()), "--web-port", str(broker.port))
    up = run("up", *words, "--data-dir", str(data_dir))
    assert up.returncode == 3
    assert up.stderr.startswith(
        f"adaptive-stream up: port {broker.port} is in use: choose others with --web-port\n"
    )
    assert processes(data_dir) == []


def test_a_fault_in_the_rules_starts_nothing(data_dir: Path, tmp_path: Path) -> None:
    """A journey that cannot be read is named before any process is started."""
    (tmp_path / "rules" / "journeys").mkdir(parents=True)
    (tmp_path / "rules" / "journeys" / "odd.yaml").write_text("jurney: odd\n")
    up = run("up", "--data-dir", str(data_dir), "--rules-dir", str(tmp_path / "rules"))
    assert up.returncode == 2
    assert "odd.yaml:1: " in up.stderr
    assert not data_dir.exists()


def test_the_broker_alone(data_dir: Path) -> None:
    """`broker start`, `status` and `stop` say where it runs, in words and in JSON."""
    port = free_port()
    where = ("--data-dir", str(data_dir))
    assert run("broker", "status", *where).returncode == 3
    start = run("broker", "start", "--port", str(port), *where)
    assert start.stdout == f"Apache Kafka answers at 127.0.0.1:{port}\n"
    status = json.loads(run("broker", "status", "--json", *where).stdout)
    assert (status["running"], status["bootstrap"]) == (True, f"127.0.0.1:{port}")

    second = run("broker", "start", "--port", str(free_port()), *where)
    assert second.returncode == 2
    assert "a broker already runs on " in second.stderr
    assert "\nhint: use that one" in second.stderr

    stop = run("broker", "stop", *where)
    assert stop.stdout == f"Apache Kafka has stopped; its data stays ({data_dir})\n"
    assert not kafka_answers(port)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_broker_in_the_foreground(data_dir: Path, sign: signal.Signals) -> None:
    """`broker start --foreground` ends with Ctrl-C, or as a service manager ends it: code 0."""
    words = ("broker", "start", "--foreground", "--port", "0", "--data-dir", str(data_dir))
    command = [sys.executable, "-m", "adaptive_stream", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Apache Kafka answers at ")
        process.send_signal(sign)
        assert process.wait(ENDS_WITHIN_S) == 0
    until(lambda: processes(data_dir) == [])
