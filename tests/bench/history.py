"""From a live purchase to its suppression, alone and beside the loading of two years of history.

The history comes by `adaptive-stream send --behind-at-most`, which goes as fast as the worker keeps
up. None of it may begin a journey: what is told of it is judged afterwards.
"""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from adaptive_stream.catalog import load_catalog
from adaptive_stream.engine.journey import Rules
from tests.bench import kafka, latency, mix, worker
from tests.bench.figures import Figure, rounded
from tests.bench.lab import Lab, wait_for
from tests.bench.probe import percentile, probe

PER_S, EVERY = 200, 5  # Live facts; each fifth is a purchase that must lead to a suppression.
SECONDS = (40, 8)  # In full, in quick.
WARM_S = 8  # A young worker and a young broker are slow.
BEHIND_AT_MOST = 250
CUSTOMERS = 20_000
HISTORY_PER_S_MOST = 10_000  # So many lines a second are written beforehand.
DAY_MS = 86_400_000
TWO_YEARS_MS = 730 * DAY_MS
BEGUN_WITHIN_S = 60.0
TOPIC = "channel.web.v1"


def measure(quick: bool, say: Callable[[str], None]) -> Iterator[Figure]:
    """Alone, then beside, by the same worker."""
    seconds = SECONDS[quick]
    with Lab(say) as lab:
        worker.apply(lab)
        file = lab.directory / "history.ndjson"
        write_history(file, HISTORY_PER_S_MOST * seconds, int(time.time() * 1000))
        with worker.Worker(lab):
            spans_s = {"600": WARM_S, "610": seconds, "640": seconds}
            runs = {run: latency.records_of(PER_S * s, EVERY, run) for run, s in spans_s.items()}
            for records in runs.values():
                latency.seed_carts(lab, [id for *_, id in records if id])
            probe(lab.bootstrap, runs["600"], PER_S, latency.OUT, latency.cause_of)
            alone = probe(lab.bootstrap, runs["610"], PER_S, latency.OUT, latency.cause_of)
            say("two years of history beside")
            sending = lab.start("send", command(lab.bootstrap, file))
            before = _written(lab)
            wait_for(lambda: _written(lab) > before, "the first of the history", BEGUN_WITHIN_S)
            before, began_s = _written(lab), time.monotonic()
            beside = probe(lab.bootstrap, runs["640"], PER_S, latency.OUT, latency.cause_of)
            sending.sample()  # Raises if it ended, or was done too soon.
            live = sum(topic == TOPIC for topic, *_ in runs["640"])
            per_s = (_written(lab) - before - live) / (time.monotonic() - began_s)
            lab.stop(sending)
            worker.wait_until_done(lab)
            check_nothing_old_began(lab)
    p99_ms = [percentile(each.latencies_ms(), 0.99) for each in (alone, beside)]
    detail = {
        "alone": f"{rounded(p99_ms[0])} ms",
        "beside": f"{rounded(p99_ms[1])} ms",
        "history_per_s": rounded(per_s),
        "minutes_for_a_million": rounded(1e6 / max(per_s, 1) / 60),
    }
    yield Figure("live_p99_beside_history", p99_ms[1] / p99_ms[0], detail)


def write_history(file: Path, count: int, now_ms: int) -> None:
    """Facts of the pipeline's mix, spread over two years up to yesterday, one a line, each
    customer's together and in order of time, as `deploy/operations.md` advises."""
    facts = mix.facts(count, CUSTOMERS, now_ms - DAY_MS, span_ms=TWO_YEARS_MS)
    by_customer = sorted(facts, key=lambda fact: int(fact[1]))
    file.write_bytes(b"".join(value + b"\n" for *_, value in by_customer))


def command(
    bootstrap: str, file: Path, pace: tuple[str, ...] = ("--behind-at-most", f"{BEHIND_AT_MOST}")
) -> list[str]:
    """As a person would type it."""
    words = ["send", "web", str(file), *pace]
    return [sys.executable, "-m", "adaptive_stream", *words, "--bootstrap", bootstrap]


def _written(lab: Lab) -> int:
    reader = kafka.Reader(lab.bootstrap, TOPIC)
    try:
        return reader.ends()
    finally:
        reader.close()


def check_nothing_old_began(lab: Lab) -> None:
    """Raises AssertionError if a run of a journey began by the history."""
    rules = load_catalog(worker.TOPICS_DIR, worker.RULES_DIR).rules
    reader = kafka.Reader(lab.bootstrap, "customer.state-changed.v1")
    old = begun_too_late((orjson.loads(each.value) for each in reader.everything()), rules)
    reader.close()
    if old:
        raise AssertionError(f"{len(old)} runs rest on history: {old[0]}")


def begun_too_late(changes: Iterable[dict[str, Any]], rules: Rules) -> list[str]:
    """Runs that began though their moment lies further back than their journey may look. Somebody
    whose 90 days without a purchase were over yesterday is missed today, whatever told of it."""
    return [
        transition["key"]
        for change in changes
        for transition in change["transitions"]
        if transition["name"] == "journey.entered"
        for began_ms in [_ms(transition.get("event_time", change["event_time"]))]
        for span in [rules.by_name[transition["journey"]].not_older_than]
        if span.after(began_ms, "UTC") < _ms(change["known_time"])
    ]


def _ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)
