"""`demo`: story S01 on a real Kafka in real time, with every minute of it shortened.

Nothing is staged: the shipped topics, journeys and worker run as they do in production; only the
minutes in a copy of the rule files are shorter. What the mail would have been without the receipt
is computed by the same engine from the same story.
"""

import argparse
import json
import re
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kafka import KafkaProducer

from adaptive_stream.broker import Broker, BrokerError
from adaptive_stream.catalog import Catalog, load_catalog
from adaptive_stream.catalog.apply import apply_topics
from adaptive_stream.cli.exits import Exit, Refused
from adaptive_stream.cli.reader import Reader, prepare_client
from adaptive_stream.cli.running_worker import RunningWorker, WorkerError
from adaptive_stream.engine.reason import sentence
from adaptive_stream.stories import engine_world, grammar
from adaptive_stream.stories.calendar import Calendar
from adaptive_stream.stories.records import Written, written
from adaptive_stream.stories.story import Row, Story
from adaptive_stream.stories.world import world

SHRINK = 600  # A minute of the story lasts a tenth of a second.
MINUTE = re.compile(r"\b([1-9][0-9]*)m\b")
STORY = Path(__file__).with_name("demo.story")
OUT_WITHIN_S = 20
OUTPUTS = (
    *("customer.state-changed.v1", "suppressions.email.v1", "suppressions.push.v1"),
    "opportunities.v1",
)


@dataclass(frozen=True, slots=True)
class Seen:
    """A record of an output topic, and when this process could read it (monotonic seconds)."""

    topic: str
    value: dict[str, Any]
    at_s: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No options of its own: it starts all that it needs, and stops it."""
    parser.description = "Play story S01 on a real Kafka that is started for it."


def run(args: argparse.Namespace) -> int:
    """0 only if the mail and the push were stopped and the care kit was offered."""
    story = grammar.load(STORY)
    directory = Path(tempfile.mkdtemp(prefix="adaptive-stream-demo-"))
    try:
        return _in(directory, story, args)
    except (BrokerError, WorkerError) as error:
        raise Refused(str(error), code=Exit.NOT_FOUND) from error
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _in(directory: Path, story: Story, args: argparse.Namespace) -> int:
    rules_dir = _shortened(args.rules_dir, directory / "rules")
    catalog = load_catalog(args.topics_dir, rules_dir)
    _say(args, "starting Apache Kafka …")
    with Broker(directory / "broker") as broker:
        apply_topics(broker.bootstrap, catalog, "laptop")
        _say(
            args,
            f"Kafka answers at {broker.bootstrap}, the topics are there; starting the worker …",
        )
        worker = RunningWorker(
            broker.bootstrap,
            directory / "worker",
            tenant_key=secrets.token_hex(16),
            options=("--topics-dir", str(args.topics_dir), "--rules-dir", str(rules_dir)),
        )
        with worker:
            _say(args, "admit, resolve and step are ready. A minute lasts a tenth of a second.\n")
            stage = _Stage(broker.bootstrap, story, catalog, args)
            came = stage.play()
    if not args.json:
        _counterfactual(story, load_catalog(args.topics_dir, args.rules_dir))
    return Exit.OK if came else Exit.FAULTS


def _say(args: argparse.Namespace, text: str) -> None:
    if not args.json:
        print(text, flush=True)


def _shortened(rules_dir: Path, copy: Path) -> Path:
    """The same rules, with minutes of a tenth of a second."""
    shutil.copytree(rules_dir, copy)
    for path in copy.rglob("*.yaml"):
        text = MINUTE.sub(lambda m: f"{max(1, int(m[1]) * 60 // SHRINK)}s", path.read_text())
        path.write_text(text)
    return copy


class _Stage:
    """The story on one cluster: writes its rows at their times, and prints what comes."""

    def __init__(
        self, bootstrap: str, story: Story, catalog: Catalog, args: argparse.Namespace
    ) -> None:
        prepare_client(bootstrap)
        self._bootstrap, self._story, self._args = bootstrap, story, args
        self._rules = catalog.rules
        self._producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=0)
        self._arrived = threading.Condition()
        self._seen: list[Seen] = []
        self._ready = threading.Event()
        self._over = threading.Event()
        self._purchase_s = 0.0
        self._start_s = 0.0
        self._unit_ms = self._zero_ms = 0

    def play(self) -> bool:
        """Whether all that the story promises came out."""
        reader = threading.Thread(target=self._read, daemon=True)
        reader.start()
        self._ready.wait(OUT_WITHIN_S)
        try:
            for record in world(self._story):
                self._write(record)
            rows = [row for row in self._story.rows if row.verb in ("in", "out")]
            self._zero_ms = rows[0].at_ms
            self._start_s = time.time()
            missing = [row for row in rows if not self._do(row)]
            return not missing
        finally:
            self._over.set()
            self._producer.close()
            reader.join(OUT_WITHIN_S)

    def _do(self, row: Row) -> bool:
        if row.verb == "out":
            return self._expect(row)
        time.sleep(
            max(0.0, self._start_s + (row.at_ms - self._zero_ms) / 1000 / SHRINK - time.time())
        )
        self._print(row.at_ms, row.subject, _told(row))
        self._write(written(row))
        self._purchase_s = time.monotonic()
        return True

    def _write(self, record: Written) -> None:
        """As a source writes it, now. Returns when Kafka has acknowledged it."""
        message = json.loads(record.value) | {"time": _now()}
        value = json.dumps(message).encode()
        self._producer.send(f"channel.{record.channel}.v1", value).get(OUT_WITHIN_S)

    def _expect(self, row: Row) -> bool:
        """Wait for the record that the row promises, and show it."""
        until = time.monotonic() + OUT_WITHIN_S
        with self._arrived:
            while (seen := self._find(row)) is None:
                left_s = until - time.monotonic()
                if left_s <= 0:
                    self._print(row.at_ms, row.subject, f"MISSING: {row.text}")
                    return False
                self._arrived.wait(left_s)
        if self._args.json:
            print(json.dumps({"topic": seen.topic, "ms": self._took_ms(seen), **seen.value}))
        else:
            self._show(row, seen)
        return True

    def _find(self, row: Row) -> Seen | None:
        for seen in self._seen:
            action = seen.value.get("action")
            names = [transition["name"] for transition in seen.value.get("transitions", ())]
            if _topic(row) == seen.topic and (action == row.action or row.action in names):
                return seen
        return None

    def _took_ms(self, seen: Seen) -> int:
        return round((seen.at_s - self._purchase_s) * 1000)

    def _show(self, row: Row, seen: Seen) -> None:
        value = seen.value
        if "transitions" in value:
            names = ", ".join(transition["name"] for transition in value["transitions"])
            self._print(row.at_ms, "state", f"{names}  ({value['id']})")
            return
        took = f"+{self._took_ms(seen)} ms"
        to = ", ".join(f"{r['type']}:{r['value']}" for r in value["recipients"])
        if value["action"] == "suppress":
            why = sentence(value["because"], self._rules)
            steps = ", ".join(value["steps"])
            text = f"SUPPRESS {steps} of {value['journey']}: {why}  -> {to}"
            self._print(None, took, f"{value['channel']:5}  {text}")
        else:
            channels = " or ".join(value["channels"])
            self._print(None, took, f"OFFER {value['offer']} instead, by {channels}")

    def _print(self, at_ms: int | None, who: str, text: str) -> None:
        if self._args.json:
            return
        clock = "" if at_ms is None else _clock(self._story.calendar, at_ms)
        print(f"{clock:8}  {who:>7}  {text}", flush=True)

    def _read(self) -> None:
        with Reader(self._bootstrap) as reader:
            partitions = [p for topic in OUTPUTS for p in reader.partitions(topic)]
            start = reader.beginning(partitions)
            self._ready.set()
            for batch in reader.read(start, None):
                at_s = time.monotonic()
                with self._arrived:
                    self._seen += [Seen(r.topic, json.loads(r.value), at_s) for r in batch]
                    self._arrived.notify_all()
                if self._over.is_set():
                    return


def _told(row: Row) -> str:
    items = ", ".join(f"{item.sku} {item.price or ''}".strip() for item in row.items)
    who = ", ".join(row.identifiers)
    about = str(row.fields.get("order") or row.fields.get("cart") or "")
    return f"{row.action} {about}: {items}  ({who})"


def _topic(row: Row) -> str:
    short = {"state": "customer.state-changed.v1", "opportunities": "opportunities.v1"}
    return short.get(row.subject, f"{row.subject}.v1")


def _clock(calendar: Calendar, at_ms: int) -> str:
    seconds = (at_ms - calendar.start_ms) // 1000
    return f"{seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _now() -> str:
    at_ms = time.time_ns() // 1_000_000
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at_ms / 1000)) + f".{at_ms % 1000:03d}Z"


def _counterfactual(story: Story, catalog: Catalog) -> None:
    """What would have been sent, had the till said nothing."""
    rows = [row for row in story.rows if row.verb == "in" and row.subject != "store"]
    last = replace(rows[-1], verb="not", at_ms=rows[-1].at_ms + 14 * 86_400_000)
    without = replace(story, rows=(*rows, last))
    print("\nWithout the receipt she would have been sent:", flush=True)
    for line in _would_be_sent(without, catalog):
        print(f"  {line}")


def _would_be_sent(story: Story, catalog: Catalog) -> Iterator[str]:
    journeys = {journey.name: journey for journey in catalog.rules.journeys}
    reading = engine_world.reading_of(catalog.channels)
    for output in engine_world.play(story, catalog.rules, reading):
        value = output.value or {}
        if output.topic == "opportunities" and value.get("kind") == "step":
            steps = {step.name: step for step in journeys[str(value["journey"])].steps}
            step = steps[str(value["step"])]
            day = (output.known_ms - story.calendar.start_ms) // 86_400_000
            clock = _clock(story.calendar, output.known_ms)[:5]
            about = ", ".join(str(item) for item in value["about"])  # type: ignore[attr-defined]
            yield f"day {day} {clock}  {step.by[0]:5}  {step.send}, about {about}"
