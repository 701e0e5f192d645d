"""One worker and two, each of three processes, with the same facts."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from tests.bench import mix, worker
from tests.bench.figures import Figure
from tests.bench.lab import Lab

FACTS, CUSTOMERS = (100_000, 5_000), (13_000, 700)


def measure(quick: bool, say: Callable[[str], None]) -> Iterator[Figure]:
    """On two cores, broker included, a second worker adds nothing: see that it costs little."""
    per_s = {}
    for workers in (1, 2):
        with Lab(say) as lab, ExitStack() as running:
            worker.apply(lab)
            for number in range(workers):
                running.enter_context(worker.Worker(lab, f"worker-{number}"))
            say(f"{workers} workers")
            per_s[workers] = _drain(lab, FACTS[quick], CUSTOMERS[quick])
    yield Figure(
        "two workers beside one",
        per_s[2] / per_s[1],
        {"unit": "times", "one_per_s": round(per_s[1]), "two_per_s": round(per_s[2])},
    )


def _drain(lab: Lab, count: int, customers: int) -> float:
    facts = list(mix.facts(count, customers, int(time.time() * 1000)))
    began = time.monotonic()
    worker.feed(lab, facts)
    worker.wait_until_done(lab)
    return count / (time.monotonic() - began)
