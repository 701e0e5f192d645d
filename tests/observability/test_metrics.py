"""What a process tells Prometheus: bounded, from 0 on, and true of what it did."""

import asyncio
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from adaptive_stream.checkpoint import effects as ask
from adaptive_stream.checkpoint.progress import Progress
from adaptive_stream.engine.clock import Clock
from adaptive_stream.metrics.collector import SERIES_AT_START_MAX, Metrics
from adaptive_stream.metrics.listed import METRICS, PREFIX
from adaptive_stream.metrics.recovery import SAY_EVERY_S, Recovery
from adaptive_stream.metrics.watch import Observed, Watch
from adaptive_stream.metrics.words import OTHER, STAGES, TRANSITIONS, own_words
from adaptive_stream.stages.outcome import NOTHING_SAID, Outcome
from adaptive_stream.stories import phrases
from tests.stages.stage_world import CATALOG, Record
from tests.tools import tool

OWN = own_words(CATALOG.channels, CATALOG.rules)
TP0 = ("customer.facts.v1", 0)


def _told(metrics: Metrics) -> dict[str, float]:
    """What /metrics would answer: series to value."""
    registry = CollectorRegistry()
    registry.register(metrics)
    lines = generate_latest(registry).decode().splitlines()
    series = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name.removeprefix(PREFIX): float(value) for name, _, value in series}


@pytest.mark.parametrize("stage", STAGES)
def test_a_process_that_has_done_nothing_is_in_order(stage: str) -> None:
    """Prometheus's own tool has nothing to say against any name, type or help."""
    registry = CollectorRegistry()
    registry.register(Metrics(stage, OWN))
    done = subprocess.run(
        [tool("promtool"), "check", "metrics"],
        input=generate_latest(registry), capture_output=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_a_counter_begins_at_0() -> None:
    """The first fact that is ever set aside is seen: an increase needs a value before it."""
    told = _told(Metrics("step", OWN))
    assert told['parked_total{stage="step",type="ValueError"}'] == 0
    assert told['strangers_total{stage="step"}'] == 0
    assert told['transitions_total{name="order.added",stage="step"}'] == 0
    assert told['suppression_seconds_count{stage="step"}'] == 0


def test_no_record_adds_a_series() -> None:
    """Whatever a producer or a bug makes up, Prometheus has no more to keep."""
    metrics = Metrics("step", OWN)
    before = len(_told(metrics))
    for n in range(100):
        metrics.add("parked", f"Exception{n}")
        metrics.add("journeys_not_started", f"journey-{n}", "too_old")
        metrics.add("suppressions", f"channel-{n}", "suppress", f"because-{n}")
    told = _told(metrics)
    assert len(told) <= before + 2
    assert told['parked_total{stage="step",type="other"}'] == 100
    assert told[
        'suppressions_total{action="suppress",because="other",channel="other",stage="step"}'
    ] == 100  # fmt: skip


def test_all_series_of_a_process_fit_on_a_few_pages() -> None:
    """A cluster of a hundred workers is no burden to Prometheus."""
    for stage in STAGES:
        assert len(_told(Metrics(stage, OWN))) < 20 * SERIES_AT_START_MAX


def test_a_stage_counts_what_is_its_own() -> None:
    """A name that is not listed for a stage is a bug, and shows in the first test of it."""
    with pytest.raises(KeyError):
        Metrics("admit", OWN).add("merges")


def test_the_words_of_labels_are_those_of_the_engine() -> None:
    """Each reason, transition and channel that the engine knows has a series of its own."""
    assert set(TRANSITIONS) == set(phrases.TRANSITIONS)
    assert set(OWN["channel"]) == set(CATALOG.channels)
    conditions = {use.condition.name for one in CATALOG.rules.journeys for use in one.uses()}
    assert conditions < set(OWN["because"])
    assert OTHER not in OWN["because"]
    assert all(label.values is None or label.values for each in METRICS for label in each.labels)


class Owned:
    """A partition as the shell owns it."""

    def __init__(self, committable: int, clock: Clock, due: tuple[int, ...] = ()) -> None:
        self.committable, self.clock, self.in_force = committable, clock, NOTHING_SAID
        self._due = due
        self.is_open = True

    def due(self, until_ms: int, after: tuple[int, bytes], count: int) -> list[tuple[int, bytes]]:
        found = [(at, b"c") for at in self._due if (at, b"c") > after and at <= until_ms]
        return found[:count]

    def store_figures(self) -> dict[str, int]:
        return {"store_sst_bytes": 10, "store_cache_bytes": 7}


def _now_ms() -> int:
    return int(time.time() * 1000)


def _watch(wall: bool = True) -> Watch:
    return Watch("step", OWN, wall=wall)


def _batch(watch: Watch, tp: tuple[str, int], came_ms: int, after: int) -> None:
    outcome = Outcome(clock=Clock(), next_offset=after, records=2)
    watch.batch(tp, [Record(after - 2, b"k", b"", (), came_ms)] * 2, outcome)


def test_a_sender_is_silent_once_it_has_said_nothing_for_longer_than_its_file_allows() -> None:
    """Beyond that the seconds are counted, from its newest report."""
    watch = Watch("admit", OWN, wall=True, silent_after_s={"sendgrid": 0.0, "braze": 7_200.0})
    watch.look_at(dict, lambda _: (0, None), lambda: True)
    outcome = Outcome(clock=Clock(), next_offset=1, records=1)
    outcome.count("sender_reports", "sendgrid")
    outcome.count("sender_reports", "nobody-knows-it")

    before = _told(watch.metrics)
    watch.batch(("web", 0), [Record(0, b"k", b"", (), _now_ms() + 60_000)], outcome)
    after = _told(watch.metrics)

    silent = 'sender_silent_seconds{{sender="{}",stage="admit"}}'
    assert before[silent.format("sendgrid")] > 0
    assert after[silent.format("sendgrid")] == after[silent.format("braze")] == 0
    assert after['sender_reports_total{sender="sendgrid",stage="admit"}'] == 1
    assert after['sender_reports_total{sender="other",stage="admit"}'] == 1


def test_lag_is_what_waits_and_how_long_the_first_of_it_has() -> None:
    """An operator sees a partition that does not get on, taken or not, with its number."""
    now_ms = _now_ms()
    watch = _watch()
    at_work, idle = Owned(10, Clock()), Owned(5, Clock())
    waits = {TP0: (20, now_ms - 3_000), ("customer.facts.v1", 1): (5, None)}
    partitions: dict[Any, Any] = {TP0: at_work, ("customer.facts.v1", 1): idle}
    watch.look_at(lambda: partitions, lambda tp: waits[tp], lambda: True)

    told = _told(watch.metrics)
    first = 'lag_seconds{partition="0",stage="step"}'
    assert told['lag_records{partition="0",stage="step"}'] == 10
    assert told[first] == pytest.approx(3, abs=1)
    assert told['lag_seconds{partition="1",stage="step"}'] == 0

    _batch(watch, TP0, now_ms - 60_000, after=12)  # Taken, and not durable.
    assert _told(watch.metrics)[first] == pytest.approx(60, abs=1)
    at_work.committable = 12
    assert _told(watch.metrics)[first] == pytest.approx(3, abs=1)


def test_the_time_is_that_of_the_partition_that_knows_least() -> None:
    """One partition that hears no tick is not hidden by the others."""
    now_ms = _now_ms()
    early = Clock(now_ms - 30_000, {"web": now_ms - 31_000, "store": now_ms - 90_000})
    late = Clock(now_ms - 1_000, {"web": now_ms - 2_000, "store": now_ms - 1_000})
    partitions: dict[Any, Any] = {
        TP0: Owned(0, early, due=(now_ms - 600_000, now_ms + 1)),
        ("customer.facts.v1", 1): Owned(0, late),
    }
    watch = _watch()
    watch.look_at(lambda: partitions, lambda _: (0, None), lambda: False)
    told = _told(watch.metrics)
    assert told['clock_age_seconds{stage="step"}'] == pytest.approx(30, abs=1)
    assert told['known_age_seconds{channel="store",stage="step"}'] == pytest.approx(90, abs=1)
    assert told['known_age_seconds{channel="web",stage="step"}'] == pytest.approx(31, abs=1)
    assert told['timers_overdue_seconds{stage="step"}'] == pytest.approx(600, abs=1)
    assert told['ready{stage="step"}'] == 0
    assert told['partitions{stage="step"}'] == 2
    assert told['store_sst_bytes{stage="step"}'] == 20
    assert told['store_cache_bytes{stage="step"}'] == 7  # One cache for all of them.


def test_a_partition_that_is_let_go_is_not_asked() -> None:
    """A look at the metrics amid a rebalance is answered."""
    partition = Owned(0, Clock())
    partition.is_open = False
    watch = _watch()
    watch.look_at(lambda: {TP0: partition}, lambda _: (9, 1), lambda: False)
    assert 'lag_records{partition="0",stage="step"}' not in _told(watch.metrics)


def test_ages_are_told_once_for_each_record_of_a_batch() -> None:
    """A share of facts is a share of facts, however batches were cut."""
    watch = _watch()
    _batch(watch, TP0, _now_ms() - 2_000, after=2)
    told = _told(watch.metrics)
    assert told['fact_age_seconds_count{stage="step"}'] == 2
    assert told['fact_age_seconds_bucket{le="1.0",stage="step"}'] == 0
    assert told['fact_age_seconds_bucket{le="5.0",stage="step"}'] == 2


def test_a_story_of_last_year_has_no_age() -> None:
    """What is played in log time does not spoil the figures of today."""
    watch = _watch(wall=False)
    _batch(watch, TP0, 1, after=2)
    asyncio.run(watch.suppressed(_suppressing(1), _acknowledged()))
    told = _told(watch.metrics)
    assert told['fact_age_seconds_count{stage="step"}'] == 0
    assert told['suppression_seconds_count{stage="step"}'] == 0
    assert told['records_total{stage="step"}'] == 2


def test_a_suppression_is_timed_from_log_time_to_acknowledgement() -> None:
    """The headline says how soon a sender could read it, not how soon it was concluded."""
    watch = _watch()
    asyncio.run(watch.suppressed(_suppressing(_now_ms() - 700), _acknowledged()))
    told = _told(watch.metrics)
    assert told['suppression_seconds_bucket{le="0.5",stage="step"}'] == 0
    assert told['suppression_seconds_bucket{le="2.5",stage="step"}'] == 1


def _suppressing(log_ms: int) -> Outcome:
    return Outcome(clock=Clock(), next_offset=1, suppressed=[log_ms])


async def _acknowledged() -> None:
    pass


class Performer:
    """A changelog with three records before the claim."""

    def __init__(self) -> None:
        self._chunks: Iterator[ask.Chunk] = iter(
            [ask.Chunk([ask.Logged(0, 0, ask.Entry(b"k", b"v"))] * 2, 2), ask.Chunk([], 4)]
        )

    async def perform(self, effect: ask.Effect) -> Any:
        match effect:
            case ask.Append():
                return 3
            case ask.ReadLog():
                return next(self._chunks)
        return None


def test_who_waits_for_a_rebuilt_state_is_told_how_long() -> None:
    """What is left, how fast it goes and until when: every few seconds, of all partitions."""
    other = ("customer.facts.v1", 1)
    recovery = Recovery({TP0: (0, 40_000), other: (500, 60_500)}, 100.0)
    assert recovery.plan() == "rebuilds 1 partitions from their changelogs: 100,000 records"
    assert recovery.read(TP0, 30_000, 100.0 + SAY_EVERY_S / 2) == ""
    said = recovery.read(TP0, 20_000, 100.0 + SAY_EVERY_S)
    assert said == "recovery: 80,000 records left of 100,000, 4,000 a second, 20 s to go"
    assert recovery.read(TP0, 0, 104.0 + SAY_EVERY_S) == ""
    said = recovery.read(other, 10_000, 100.0 + 2 * SAY_EVERY_S)
    assert said == "recovery: 10,000 records left of 100,000, 9,000 a second, 1 s to go"


def test_partitions_whose_stores_are_at_hand_are_taken_over_without_a_word() -> None:
    """An operator is told of what may take a while, not of every restart."""
    recovery = Recovery({TP0: (40_000, 40_010), ("customer.facts.v1", 1): (0, 0)}, 100.0)
    assert recovery.plan() == ""
    assert recovery.left == 10


def test_a_recovery_shows_what_is_left_of_it_and_a_checkpoint_where_its_time_went() -> None:
    """Whoever waits for a worker sees that it gets on; whoever waits for a broker sees that too."""

    async def run() -> None:
        watch = _watch()
        watch.look_at(dict, lambda _: (0, None), lambda: False)
        observed = Observed(watch, TP0, Performer())
        left = []
        watch.takes_over({TP0: (0, 3), ("customer.facts.v1", 1): (7, 7)})
        await observed.perform(ask.Append([], None))
        for _ in range(2):
            await observed.perform(ask.ReadLog(0))
            left.append(_told(watch.metrics)['recovery_left_records{stage="step"}'])
        assert left == [2, 0]
        observed.recovered()
        watch.taken_over(1.5)
        for effect in (ask.AwaitOutputs({}), ask.Append([], 3), ask.WriteStore({}, {})):
            await observed.perform(effect)
        progress = Progress(strangers=2)
        observed.durable(0.02, progress)
        told = _told(watch.metrics)
        assert told['recovered_records_total{stage="step"}'] == 2
        assert told['recovery_seconds{stage="step"}'] == 1.5
        assert told['rebalances_total{stage="step"}'] == 1
        assert told['checkpoint_seconds_count{stage="step"}'] == 1
        assert told['strangers_total{stage="step"}'] == 2
        assert progress.strangers == 0
        for step in ("outputs", "changelog", "store"):
            assert told[f'checkpoint_step_seconds_total{{stage="step",step="{step}"}}'] > 0
        assert told['checkpoint_step_seconds_total{stage="step",step="other"}'] == 0

    asyncio.run(run())
