"""The whole pipeline: admit, resolve and step with the shipped rules, per CPU second of the worker.

The facts are written while the worker runs, faster than it works, so that it is never without.
"""

import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

from tests.bench import mix, worker
from tests.bench.figures import Figure
from tests.bench.lab import Lab

FACTS, CUSTOMERS = (300_000, 15_000), (20_000, 1_000)  # In full, in quick: 15 facts a customer.


def measure(quick: bool, say: Callable[[str], None]) -> Iterator[Figure]:
    """One run."""
    with Lab(say) as lab:
        worker.apply(lab)
        with worker.Worker(lab) as ours:
            found = drained(lab, ours, FACTS[quick], CUSTOMERS[quick])
        sizes = worker.state_sizes(lab)
        detail = {
            **found,
            "state_p50_bytes": int(median(sizes)),
            "state_p99_bytes": sizes[len(sizes) * 99 // 100],
            "customers": len(sizes),
            **worker.check_outputs(lab),
        }
        yield Figure("pipeline_events_per_cpu_s", detail.pop("per_cpu_s"), detail)


def drained(lab: Lab, ours: worker.Worker, count: int, customers: int) -> dict[str, Any]:
    """Feeds `count` facts and waits: facts per second of wall time and of the worker's CPU."""
    lab.say(f"{customers} customers register")
    now_ms = int(time.time() * 1000)
    worker.feed(lab, mix.registrations(customers, now_ms))
    worker.wait_until_done(lab)
    facts = list(mix.facts(count, customers, now_ms))
    before = {name: _cpu_s(ours, name) for name in worker.STAGES}
    began = ours.sample()
    worker.feed(lab, facts)
    worker.wait_until_done(lab)
    ended = ours.sample()
    cpu_s = ended.cpu_s - began.cpu_s
    found = {
        "per_cpu_s": count / cpu_s,
        "facts": count,
        "per_s": round(count / (ended.at_s - began.at_s)),
        "rss_mb": ended.rss_bytes >> 20,
    }
    for name in worker.STAGES:
        found[f"{name}_us"] = round(1e6 * (_cpu_s(ours, name) - before[name]) / count, 1)
    return found


def _cpu_s(ours: worker.Worker, stage: str) -> float:
    times = ours.stage_process(stage).cpu_times()
    return float(times.user + times.system)
