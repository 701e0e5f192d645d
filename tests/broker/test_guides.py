"""Every command line of the guides in deploy/ that is ours or Kafka's own, run as it stands there.

kubectl and docker are not at hand; what their lines name is held against the manifests by
tests/deploy/test_operations.py.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from adaptive_stream import shipped_rules_dir
from adaptive_stream.broker import Broker
from adaptive_stream.broker.jars import kafka_command
from adaptive_stream.broker.ports import free_port
from adaptive_stream.cli.main import main
from tests.broker.stack import TENANT_KEY, Stack
from tests.deploy.manifests import ROOT

GUIDES = ("README.md", "operations.md", "runbook.md")
OURS = ("adaptive-stream ", "astream ")
KAFKAS = {
    "kafka-consumer-groups.sh": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    "kafka-broker-api-versions.sh": "org.apache.kafka.tools.BrokerApiVersionsCommand",
}
BLOCK = re.compile(r"^ *```\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
WITHIN_S = 60
pytestmark = [pytest.mark.broker, pytest.mark.slow(30)]

# What stands for a word of the reader's own. `{...}` is filled in when it is run.
FOR = {
    "IDENTIFIER": "email:ana@example.com",
    "TOPIC": "channel.web.v1",
    "RULES": "{rules}",
    "2026-03-03": "2020-01-01",
    "channel.<name>.v1": "channel.web.v1",
    "channel.<name>.v1.dlq": "channel.web.v1.dlq",
    "receipts.ndjson": "{receipts}",
    "127.0.0.1:29092": "{bootstrap}",
    "/var/lib/adaptive-stream": "{data}",
}
# Where the guide leaves out what a command needs.
MORE = {
    "journeys publish": ("{rules}",),
    "identity preview": ("{rules}",),
    "journeys backtest": ("{rules}",),
}
BESIDE = ("adaptive-stream worker",)  # Runs, with options, while the others do.
STOPPED = ("migrate apply", "worker")  # With no other worker beside.
RECEIPTS = (
    {"type": "cart.item_added", "data": {"cart": "cart-9"}},
    {"type": "order.completed", "data": {"order": "R-77", "value": 89.0}},
)


def commands() -> set[str]:
    """As they are written, without what a shell or a reader adds."""
    found = set()
    for guide in GUIDES:
        text = (ROOT / "deploy" / guide).read_text().replace("\\\n", " ")
        lines = [line.strip() for block in BLOCK.findall(text) for line in block.splitlines()]
        lines += re.findall(r"`([^`]+)`", BLOCK.sub("", text))
        for line in lines:
            words = " ".join(line.split("#")[0].removesuffix(" &").split())
            if words.startswith((*OURS, *KAFKAS)):
                found.add(words)
    return found


def arguments(line: str, names: dict[str, str]) -> list[str]:
    """The words of a command of ours, with the reader's own filled in."""
    words = shlex.split(line)[1:]
    told = [FOR.get(word, word) for word in words]
    for start, more in MORE.items():
        if " ".join(words) == start:
            told += more
    return [word.format(**names) for word in told]


def test_every_command_of_the_guides_runs(
    broker: Broker,
    tmp_path: Path,
    topic_prefix: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What an operator copies at night is no typing mistake and does what it says."""
    stack = Stack(broker.bootstrap, tmp_path / "stack", topic_prefix)
    names = {
        "rules": str(shipped_rules_dir()),
        "receipts": str(_receipts(tmp_path)),
        "bootstrap": broker.bootstrap,
        "data": str(tmp_path / "data"),
    }
    for name, value in (
        ("BOOTSTRAP", broker.bootstrap), ("PREFIX", topic_prefix), ("TENANT_KEY", TENANT_KEY),
        ("WEB_PORT", str(stack.worker.web_port)), ("DATA", str(tmp_path / "data")),
    ):  # fmt: skip
        monkeypatch.setenv(f"ADAPTIVE_STREAM_{name}", value)
    every = commands()
    ours = sorted(line for line in every if line.startswith(OURS) and line not in BESIDE)
    assert len(ours) >= 15
    # First of all what makes a customer to ask about.
    ours.sort(key=lambda line: " send " not in line)
    alone = [line for line in ours if line.partition(" ")[2].startswith(STOPPED)]
    with stack:
        for line in ours:
            if line not in alone:
                assert _answer(line, names, capsys) == 0, line
                if " send " in line:
                    stack.wait_for("customer.state.v1", lambda state: bool(state["orders"]))
    for line in alone:
        if " worker" in line:
            _starts_and_ends(arguments(line, names))
        else:
            assert _answer(line, names, capsys) == 0, line
    for line in sorted(line for line in every if line.startswith(tuple(KAFKAS))):
        _run_kafkas(line, broker, topic_prefix)
    with stack.worker:  # What was reset is read again, and changes nothing.
        assert stack.worker.status() is not None


def _receipts(directory: Path) -> Path:
    path = directory / "receipts.ndjson"
    now_ms = int(time.time() * 1000)
    who = {"identifiers": {"email": "ana@example.com"}, "time": now_ms}
    lines = [
        {"id": f"r-{n}", **receipt, **who,
         "data": {**receipt["data"], "currency": "GBP",
                  "items": [{"sku": "boots-41", "quantity": 1, "price": 89.0}]}}
        for n, receipt in enumerate(RECEIPTS)
    ]  # fmt: skip
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def _answer(line: str, names: dict[str, str], capsys: pytest.CaptureFixture[str]) -> int:
    words = arguments(line, names)
    code = main(words)
    said = capsys.readouterr()
    if code:
        print(f"{words} ended with {code}:\n{said.out[-2000:]}\n{said.err[-2000:]}")
    return code


def _starts_and_ends(words: list[str]) -> None:
    """A worker, or one of its stages: ready, and an orderly end."""
    port = free_port(3)
    stage = words[words.index("--stage") + 1] if "--stage" in words else "admit"
    own = port + ("admit", "resolve", "step").index(stage)
    command = [sys.executable, "-m", "adaptive_stream", *words, "--web-port", str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=os.environ) as process:
        try:
            until = time.monotonic() + WITHIN_S
            while not _is_ready(own):
                assert process.poll() is None, f"{words} ended"
                assert time.monotonic() < until, f"{words} is not ready"
                time.sleep(0.1)
        finally:
            process.terminate()
        assert process.wait(WITHIN_S) == 0


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _run_kafkas(line: str, broker: Broker, prefix: str) -> None:
    tool, *words = shlex.split(line)
    told = list(_of_cluster(words, broker, prefix))
    if "--bootstrap-server" not in told:
        told += ["--bootstrap-server", broker.bootstrap]
    command = kafka_command(KAFKAS[tool], *told)
    ended = subprocess.run(command, capture_output=True, text=True, timeout=WITHIN_S, check=False)
    assert ended.returncode == 0, ended.stderr
    if "--execute" in told:
        assert prefix + "adaptive-stream-admit" in ended.stdout
        assert re.search(r"channel\.web\.v1\s+0\s+0\b", ended.stdout), ended.stdout


def _of_cluster(words: list[str], broker: Broker, prefix: str) -> Iterator[str]:
    named = ""
    for word in words:
        yield {
            "--bootstrap-server": broker.bootstrap, "--group": prefix + word,
            "--topic": prefix + word,
        }.get(named, word)  # fmt: skip
        named = word
