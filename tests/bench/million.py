"""python -m tests.bench.million [COUNT]: two years of history, whole, beside live facts.

Takes two hours; `make bench` (`history`) loads 40 seconds of it. Prints the live latency
for each stretch of two minutes, before, beside and after; at the end, what all of it says of the
goal.
"""

import os
import sys
import time
from itertools import count

from tests.bench import history, latency, later, worker
from tests.bench.figures import progress
from tests.bench.lab import Lab
from tests.bench.probe import percentile, probe

STRETCH_S = 120
WARM_S = 20
FIRST_RUN, RUNS_APART = 700, 10  # Each stretch has people of its own.
AT_MOST = 2.0
PACE = ("--per-second", "150")


def main() -> int:
    """0: within twice the latency alone, nothing old begun, later decisions informed."""
    facts = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    runs = count(FIRST_RUN, RUNS_APART)
    with Lab(progress) as lab:
        worker.apply(lab)
        file = lab.directory / "history.ndjson"
        history.write_history(file, facts, int(time.time() * 1000))
        with worker.Worker(lab):
            _stretch(lab, "warm", next(runs), WARM_S)
            alone = sorted(_stretch(lab, "alone", next(runs)) + _stretch(lab, "alone", next(runs)))
            sending = lab.start("send", history.command(lab.bootstrap, file, PACE))
            began_s = time.monotonic()
            beside: list[float] = []
            while not sending.done():
                beside += _stretch(lab, "beside", next(runs))
            minutes = (time.monotonic() - began_s) / 60
            worker.wait_until_done(lab)
            _stretch(lab, "after", next(runs))
            history.check_nothing_old_began(lab)
            later.check_decisions_know(lab, file)
    times = percentile(sorted(beside), 0.99) / percentile(alone, 0.99)
    print(f"{facts} facts in {minutes:.0f} min: p99 {times:.2f} times as long (goal {AT_MOST})")
    return int(times > AT_MOST)


def _stretch(lab: Lab, name: str, run: int, seconds: int = STRETCH_S) -> list[float]:
    """Live facts for so long. -> the latencies in ms, sorted"""
    records = latency.records_of(history.PER_S * seconds, history.EVERY, f"{run}")
    latency.seed_carts(lab, [id for *_, id in records if id])
    seen = probe(lab.bootstrap, records, history.PER_S, latency.OUT, latency.cause_of)
    found = seen.latencies_ms()
    p50, p99, worst = percentile(found, 0.5), percentile(found, 0.99), found[-1]
    sys.stderr.write("\n")
    print(f"{name:6} p50 {p50:6.1f} ms, p99 {p99:6.1f} ms, most {worst:6.1f} ms", flush=True)
    return found


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # Threads of clients that have been closed would be waited for.
