"""What every test may ask for: a real Kafka, and names that no other test uses."""

import fcntl
import signal
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from adaptive_stream.broker import Broker

# A shell that runs the tests in the background has its children ignore Ctrl-C, and their children:
# what a test is to stop by it would run for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = ("tests.pending",)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files come in the order of the seconds that `slow` says of them: the longest first."""
    about_s: dict[Path, float] = {}
    for item in items:
        for mark in item.iter_markers("slow"):
            about_s[item.path] = max(about_s.get(item.path, 0), *mark.args)
    items.sort(key=lambda item: -about_s.get(item.path, 0))


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Broker]:
    """One real Apache Kafka for the whole run; parallel test processes share it.

    The first process that asks starts it and stops it when no other uses it any more. It dies
    with that process, even by kill -9. Topics in it are everybody's: see `topic_prefix`.
    """
    base = tmp_path_factory.getbasetemp()
    shared = (base if worker_id == "master" else base.parent) / "broker"
    shared.mkdir(exist_ok=True)
    port_path = shared / "port"
    with (shared / "start.lock").open("w") as start, (shared / "users.lock").open("w") as users:
        fcntl.flock(start, fcntl.LOCK_EX)
        fcntl.flock(users, fcntl.LOCK_SH)
        if port_path.exists():
            fcntl.flock(start, fcntl.LOCK_UN)
            yield Broker(shared / "data", int(port_path.read_text()))
            return
        with Broker(shared / "data") as started:
            port_path.write_text(str(started.port))
            fcntl.flock(start, fcntl.LOCK_UN)
            yield started
            _wait_until_unused(start.fileno(), users.fileno())
            port_path.unlink()
        fcntl.flock(start, fcntl.LOCK_UN)


def _wait_until_unused(start_fd: int, users_fd: int) -> None:
    """Returns holding the start lock, at a moment when only this process uses the broker."""
    while True:
        fcntl.flock(start_fd, fcntl.LOCK_EX)
        try:
            fcntl.flock(users_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            fcntl.flock(start_fd, fcntl.LOCK_UN)
            time.sleep(0.1)


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[Broker]:
    """A real Apache Kafka that is empty and this test's alone (it costs two seconds)."""
    with Broker(tmp_path / "broker") as started:
        yield started


@pytest.fixture
def topic_prefix() -> str:
    """Begins the name of every topic and group that this test makes on the shared broker."""
    return f"t{uuid.uuid4().hex[:10]}."
