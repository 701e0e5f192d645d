"""Our worker as the benchmarks run it, and waiting until it has done everything."""

import time
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import psutil

from adaptive_stream.catalog import load_catalog
from adaptive_stream.catalog.apply import apply_topics
from adaptive_stream.cli.running_worker import STAGES, RunningWorker
from adaptive_stream.engine.customer import decode_customer
from tests.bench import kafka, mix
from tests.bench.lab import ROOT, TENANT_KEY, Lab, Sample, sample

TOPICS_DIR = ROOT / "topics"
RULES_DIR = ROOT / "adaptive_stream" / "rules"
# What `peers/ours.py` needs beside what it reads and the job's output.
ONE_STAGE = (
    *("identity.facts.v1", "customer.facts.v1"),
    *("customer.changelog.v1", "identity.changelog.v1"),
)
READY_WITHIN_S = 300.0  # A takeover of two million customers is part of it.
DRAINED_WITHIN_S = 900.0
LOOK_S = 0.1


def apply(lab: Lab, rules_dir: Path = RULES_DIR) -> None:
    """Makes the topics."""
    apply_topics(lab.bootstrap, load_catalog(TOPICS_DIR, rules_dir))


class Worker:
    """Three stages in `lab`. A second start under the same name finds the stores of the first."""

    def __init__(
        self,
        lab: Lab,
        name: str = "worker",
        rules_dir: Path = RULES_DIR,
        options: Iterable[str] = (),
    ) -> None:
        words = ("--topics-dir", str(TOPICS_DIR), "--rules-dir", str(rules_dir), *options)
        self._running = RunningWorker(
            lab.bootstrap,
            lab.directory / name,
            tenant_key=TENANT_KEY,
            options=words,
        )

    def start(self) -> float:
        """-> seconds until every stage was ready."""
        began = time.monotonic()
        self._running.start()
        self._running.wait_until_ready(READY_WITHIN_S)
        return time.monotonic() - began

    def stop(self) -> None:
        """An orderly end."""
        self._running.stop()

    def __enter__(self) -> "Worker":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def sample(self) -> Sample:
        """What its three processes have used."""
        return sample(self._running.pid)

    def stage_process(self, stage: str) -> psutil.Process:
        """The process of a stage."""
        for process in psutil.Process(self._running.pid).children():
            if process.cmdline()[-1] == stage:
                return process
        raise RuntimeError(f"there is no process of {stage}")

    def metric(self, stage: str, name: str) -> float:
        """The sum of a metric of a stage over its labels."""
        port = self._running.ports[STAGES.index(stage)]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        named = (line for line in lines if line.startswith(f"adaptive_stream_{name}"))
        return sum(float(line.rsplit(" ", 1)[1]) for line in named)


def feed(lab: Lab, facts: Iterable[Any]) -> int:
    """Writes facts to their channels; returns their number."""
    return kafka.write(
        lab.bootstrap,
        (kafka.ToWrite(f"channel.{channel}.v1", key, value) for channel, key, value in facts),
    )


def wait_until_done(lab: Lab) -> None:
    """Until all that was fed, and all that came of it, is checkpointed. Ticks come meanwhile: a
    stage is done when it has what was there once the stage before it was done."""
    lag = kafka.Lag(lab.bootstrap)
    channels = [f"channel.{channel}.v1" for channel in mix.CHANNELS]
    until = time.monotonic() + DRAINED_WITHIN_S
    # Links go from resolve to resolve, merges from step to step and back: each once more.
    for stage, topics in (
        ("admit", channels),
        *2 * [("resolve", ["identity.facts.v1"]), ("step", ["customer.facts.v1"])],
    ):
        ends = lag.ends(*topics)
        while behind := lag.behind(f"adaptive-stream-{stage}", ends):
            lab.say(f"{stage} has {behind} records to go")
            if time.monotonic() > until:
                raise TimeoutError(f"{stage} still has {behind} records to go")
            time.sleep(LOOK_S)
    lag.close()


class _Change(msgspec.Struct):
    customer: str
    state_seq: int


def check_outputs(lab: Lab) -> dict[str, Any]:
    """What came out, after judging it: every customer's state_seq without a gap, nothing refused.

    Repeats are dropped by id, as a consumer does. Raises AssertionError.
    """
    change = msgspec.json.Decoder(_Change)
    seqs: dict[str, set[int]] = {}
    reader = kafka.Reader(lab.bootstrap, "customer.state-changed.v1")
    for each in reader.everything():
        found = change.decode(each.value)
        seqs.setdefault(found.customer, set()).add(found.state_seq)
    reader.close()
    gaps = [who for who, found in seqs.items() if max(found) - min(found) + 1 != len(found)]
    if gaps:
        raise AssertionError(f"{len(gaps)} customers have a gap in state_seq: {gaps[0]}")
    counts = {}
    for topic in ("customer.facts.v1.dlq", "channel.web.v1.dlq", "suppressions.email.v1"):
        reader = kafka.Reader(lab.bootstrap, topic)
        counts[topic] = reader.ends()
        reader.close()
    if counts["customer.facts.v1.dlq"] or counts["channel.web.v1.dlq"]:
        raise AssertionError(f"facts were refused: {counts}")
    changes = sum(map(len, seqs.values()))
    return {"state_changes": changes, "email_suppressions": counts["suppressions.email.v1"]}


def state_sizes(lab: Lab) -> list[int]:
    """Bytes of each customer's last state in the changelog, sorted; without those merged away."""
    reader = kafka.Reader(lab.bootstrap, "customer.changelog.v1")
    last = {each.key: each.value for each in reader.everything() if each.value}
    reader.close()
    states = [value for key, value in last.items() if not key.startswith(b"#")]
    return sorted(len(value) for value in states if not decode_customer(value).merged_into)
