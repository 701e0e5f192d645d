"""python -m tests.bench.million [COUNT]: two years of history, whole, beside live facts.

Takes two hours; `make bench` (`history`) loads 40 seconds of it. The history comes in parts, with a
minute of live facts alone before each: they make their own people's states grow as well, and that
must not be taken for a price of the history. Prints the live latency of each stretch; at the end,
what all of it says of the goal.
"""

import os
import sys
import time
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

from adaptive_stream.broker.properties import JVM_FOR_HOURS
from tests.bench import history, latency, later, worker
from tests.bench.figures import progress
from tests.bench.lab import Lab
from tests.bench.probe import percentile, probe

PARTS = 8
WARM_S, STRETCH_S = 20, 60
FIRST_RUN, RUNS_APART = 700, 10  # Each stretch has people of its own to judge by.
# Two hours of live facts are not about the same few thousand people; 5,000 have a history, too.
LIVE_CUSTOMERS, LIVE_ONE_IN = 200_000, 4
AT_MOST = 2.0
PACE = ("--per-second", "160")


def main() -> int:
    """0: within twice the latency alone, nothing old begun, later decisions informed."""
    facts = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    runs = count(FIRST_RUN, RUNS_APART)
    with Lab(progress, JVM_FOR_HOURS) as lab:
        worker.apply(lab)
        whole = lab.directory / "history.ndjson"
        history.write_history(whole, facts, int(time.time() * 1000))
        with worker.Worker(lab):
            _stretch(lab, "warm", next(runs), WARM_S)
            first = alone = _stretch(lab, "alone", next(runs), STRETCH_S)
            beside: list[float] = []
            for part in _parts(whole, -(-facts // PARTS)):
                alone = alone + _stretch(lab, "alone", next(runs), STRETCH_S)
                sending = lab.start("send", history.command(lab.bootstrap, part, PACE))
                while not sending.done():
                    found = _stretch(lab, "beside", next(runs), STRETCH_S)
                    if not sending.done():  # Else some of it was alone.
                        beside += found
                worker.wait_until_done(lab)
            _stretch(lab, "after", next(runs), STRETCH_S)
            history.check_nothing_old_began(lab)
            later.check_decisions_know(lab, whole, LIVE_ONE_IN)
    first_ms, alone_ms, beside_ms = (percentile(sorted(e), 0.99) for e in (first, alone, beside))
    print(
        f"{facts} facts: p99 {beside_ms:.1f} ms beside, {alone_ms:.1f} alone: "
        f"{beside_ms / alone_ms:.2f} times as long (goal {AT_MOST}); "
        f"{beside_ms / first_ms:.2f} times the first minute"
    )
    return int(beside_ms / alone_ms > AT_MOST)


def _parts(whole: Path, lines_each: int) -> Iterator[Path]:
    with whole.open("rb") as lines:
        for number in range(PARTS):
            part = whole.with_suffix(f".{number}.ndjson")
            part.write_bytes(b"".join(islice(lines, lines_each)))
            yield part


def _stretch(lab: Lab, name: str, run: int, seconds: int) -> list[float]:
    """Live facts for so long. -> the latencies in ms, sorted"""
    records = latency.records_of(
        history.PER_S * seconds, history.EVERY, f"{run}", LIVE_CUSTOMERS, LIVE_ONE_IN
    )
    latency.seed_carts(lab, [id for *_, id in records if id])
    seen = probe(lab.bootstrap, records, history.PER_S, latency.OUT, latency.cause_of)
    found = seen.latencies_ms()
    p50, p99, worst = percentile(found, 0.5), percentile(found, 0.99), found[-1]
    sys.stderr.write("\n")
    clock = time.strftime("%H:%M")
    print(
        f"{clock} {name:6} p50 {p50:6.1f} ms, p99 {p99:6.1f} ms, most {worst:6.1f} ms", flush=True
    )
    return found


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # Threads of clients that have been closed would be waited for.
