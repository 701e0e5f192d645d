"""The three stages over identity: what is passed on, what is forgotten, what counts."""

import json
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from faust.types import TP

from adaptive_stream.catalog import load_catalog
from adaptive_stream.checkpoint import effects
from adaptive_stream.checkpoint import generators as steps
from adaptive_stream.checkpoint.effects import Entry, Input, Logged
from adaptive_stream.checkpoint.progress import Pending, Progress
from adaptive_stream.engine.clock import Clock, encode_clock
from adaptive_stream.engine.customer import decode_customer
from adaptive_stream.engine.guard import DAY_MS
from adaptive_stream.engine.message import Arrival
from adaptive_stream.metrics.listed import METRICS
from adaptive_stream.stages.admit import Admit
from adaptive_stream.stages.outcome import Row
from adaptive_stream.stages.records import TICK_KEY, Output, read
from adaptive_stream.stages.resolve import Resolve
from adaptive_stream.stages.step import Step
from adaptive_stream.stages.table import Table
from adaptive_stream.worker.store import Memory, Store

ROOT = Path(__file__).parents[2]
CATALOG = load_catalog(ROOT / "topics", ROOT / "adaptive_stream" / "rules")
NOW_MS = 1_772_534_467_000  # 2026-03-03T10:41:07Z
KEY = b"a key for tests that is long"
START = (0, b"")


class Record(NamedTuple):
    """As a consumer hands it over."""

    key: bytes | None
    value: bytes | None
    headers: Iterable[tuple[str, bytes]]
    offset: int
    timestamp: int


class Stages:
    """The three, with a partition each. `counts` sums what they counted."""

    def __init__(self) -> None:
        self.admit = Admit("", tuple(CATALOG.channels.values()), KEY, log_clock=True)
        self.resolve = Resolve("", 1, CATALOG.rules)
        self.step = Step("", 1, CATALOG.rules)
        self.tables = {"admit": Table(), "resolve": Table(), "step": Table()}
        self.counts: dict[tuple[str, ...], int] = {}
        self.outputs: list[Output] = []
        self._offsets = dict.fromkeys(("admit", "resolve", "step"), 0)

    def fact(self, channel: str, type_: str, at_ms: int = NOW_MS, **identifiers: object) -> None:
        """A record on a channel, and all that comes of it."""
        value = json.dumps({"type": type_, "identifiers": identifiers, "data": {}}).encode()
        self._work("admit", f"channel.{channel}.v1", None, value, (), at_ms)

    def tick(self, now_ms: int) -> None:
        clock = Clock(now_ms, dict.fromkeys(CATALOG.channels, now_ms))
        headers = (("k", b"tick"),)
        self._work("step", "customer.facts.v1", TICK_KEY, encode_clock(clock), headers, now_ms)

    def _work(
        self,
        name: str,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Any,
        at_ms: int,
    ) -> None:
        record = Record(key, value, headers, self._offsets[name], at_ms)
        self._offsets[name] += 1
        stage = {"admit": self.admit, "resolve": self.resolve, "step": self.step}[name]
        table = self.tables[name]
        outcome = stage.work(TP(topic, 0), [record], table)
        table.accept(outcome)
        for labels, count in outcome.counts.items():
            self.counts[labels] = self.counts.get(labels, 0) + count
        for output in outcome.outputs:
            following = {"identity.facts.v1": "resolve", "customer.facts.v1": "step"}
            if output.topic in following:
                self._work(
                    following[output.topic], output.topic, output.key, output.value,
                    list(output.headers), at_ms,
                )  # fmt: skip
            else:
                self.outputs.append(output)

    def count(self, *labels: str) -> int:
        return self.counts.get(labels, 0)


def test_the_type_of_a_fact_travels_beside_it() -> None:
    """Stage 2 knows a logout from a login without opening the fact."""
    table = Table()
    value = json.dumps(
        {"type": "identity.unlinked", "identifiers": {"email": "a@b.example", "device": "d-1"}}
    ).encode()
    admit = Stages().admit

    outcome = admit.work(TP("channel.app.v1", 0), [Record(None, value, (), 7, NOW_MS)], table)

    (output,) = outcome.outputs
    arrival, _ = read(Record(output.key, output.value, list(output.headers), 0, NOW_MS))
    assert (arrival.kind, arrival.type) == ("fact", "identity.unlinked")


def test_a_fact_of_a_device_that_was_logged_out_goes_by_its_next_name() -> None:
    """Whoever uses the tablet after her is somebody else, and what is done there is not hers."""
    stages = Stages()
    stages.fact("app", "identity.linked", email="ana@example.com", device="tab-1")
    stages.fact("app", "identity.unlinked", email="ana@example.com", device="tab-1")
    stages.fact("app", "app.opened", device="tab-1", cookie="ck-1")

    states = {
        frozenset(customer.identifiers())
        for row in stages.tables["step"].stored.values()
        for customer in [decode_customer(row.value or b"")]
    }
    assert states == {
        frozenset(("email:ana@example.com", "device:tab-1")),
        frozenset(("cookie:ck-1",)),
    }


def test_a_visitor_who_never_came_back_is_gone_everywhere() -> None:
    """After 30 days no row, no state and no public record of a stranger is kept."""
    stages = Stages()
    stages.fact("web", "product.viewed", cookie="ck-1")
    (customer,) = stages.tables["step"].stored
    assert len(stages.tables["resolve"].stored) == 1

    stages.tick(NOW_MS + 30 * DAY_MS - 1)
    assert list(stages.tables["step"].stored) == [customer]
    stages.tick(NOW_MS + 30 * DAY_MS)

    assert stages.tables["step"].stored == {}
    assert stages.tables["resolve"].stored == {}
    last = [one for one in stages.outputs if one.topic == "customer.state.v1"][-1]
    assert (last.key, last.value) == (customer, None)
    assert stages.count("customers_forgotten", "anonymous_expired") == 1
    stages.fact("web", "product.viewed", NOW_MS + 31 * DAY_MS, cookie="ck-1")
    assert customer not in stages.tables["step"].stored


def test_what_links_did_is_counted() -> None:
    """An operator sees merges, refused links and shared devices as they happen, by closed words."""
    stages = Stages()
    for person in ("ana", "ben"):
        stages.fact("web", "app.opened", email=f"{person}@example.com")
    stages.fact("store", "store.visited", loyalty="L-1")
    stages.fact("app", "identity.linked", email="ana@example.com", loyalty="L-1")
    assert stages.count("merges") == 1
    stages.fact("app", "identity.linked", email="ana@example.com", device="tab-1")
    stages.fact("app", "identity.linked", email="ben@example.com", device="tab-1")
    assert stages.count("links_refused", "shared") == 1
    assert stages.count("identifiers_contested", "device", "shared") == 1
    stages.fact("backoffice", "customer.unmerge", email="ana@example.com", loyalty="L-1")
    assert stages.count("unmerges") == 1

    listed = {metric.name: metric for metric in METRICS}
    for name, *labels in stages.counts:
        assert len(labels) == len(listed[name].labels), name


def test_a_robot_is_counted_once() -> None:
    """Whoever does more in a day than a person does is flagged, and one robot is one robot."""
    stages = Stages()
    for n in range(CATALOG.rules.identity.busy_facts_per_day + 5):
        stages.fact("web", "product.viewed", NOW_MS + n, cookie="bot")

    assert stages.count("customers_too_busy") == 1


def test_forgotten_rows_do_not_come_back_with_a_new_machine(tmp_path: Path) -> None:
    """A worker that takes the partition over from the changelog finds nobody who was forgotten."""
    log: list[Logged] = []
    memory = Memory(8 << 20, 8 << 20)

    def drive(work: Generator[effects.Effect, Any, Any], store: Store) -> Any:
        result = None
        while True:
            try:
                effect = work.send(result)
            except StopIteration as end:
                return end.value
            result = _performed(effect, store, log)

    first = Store(tmp_path / "first", memory)
    progress: Progress = drive(steps.recover(b"first"), first)
    kept, gone = Row(5, b"K"), Row(6, b"G")
    drive(steps.checkpoint(progress, Pending(rows={b"kept": kept, b"gone": gone})), first)
    drive(steps.checkpoint(progress, Pending(rows={b"gone": Row(0, None)})), first)
    assert first.rows([b"kept", b"gone"]) == {b"kept": kept}
    first.close()

    for store in (Store(tmp_path / "first", memory), Store(tmp_path / "second", memory)):
        drive(steps.recover(b"second"), store)
        assert store.rows([b"kept", b"gone"]) == {b"kept": kept}
        assert list(store.due(99, START)) == [(5, b"kept")]
        store.close()


def _performed(effect: effects.Effect, store: Store, log: list[Logged]) -> Any:
    match effect:
        case effects.ReadInput():
            return Input(None, 0, 0)
        case effects.ReadEnd():
            return 0
        case effects.ReadStore():
            return store.meta()
        case effects.Append(entries, epoch):
            base = len(log)
            log += [Logged(base + n, epoch, Entry(*entry)) for n, entry in enumerate(entries)]
            return base
        case effects.ReadLog(offset):
            return effects.Chunk(log[offset:], len(log))
        case effects.ReadClock():
            return 0.0
        case effects.ReadRows(keys):
            return store.rows(keys)
        case effects.AwaitOutputs():
            return []
        case effects.WriteStore(rows, meta):
            return store.write(rows, meta)
    return None


def test_an_arrival_without_a_type_is_read_as_before() -> None:
    """Records that were written before types travelled are still understood."""
    arrival, _ = read(Record(b"h", b"{}", [("k", b"fact"), ("src", b"t@1/0/1/0")], 0, NOW_MS))

    assert arrival == Arrival("fact", "h", b"{}", NOW_MS)
