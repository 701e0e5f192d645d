"""Memory and speed as the customers become many: the caches are the same, the store is larger."""

import time
from collections.abc import Callable, Iterator
from typing import Any

from tests.bench import mix, preload, worker
from tests.bench.figures import Figure
from tests.bench.lab import Lab

CUSTOMERS = ((100_000, 500_000, 2_000_000), (10_000, 50_000))
FACTS = (60_000, 5_000)
# The facts are about so many of them, spread over all: a customer of whom nothing was heard in this
# run is more work than one who comes again, and that is not what is asked here.
VISITORS = (50_000, 5_000)


def measure(quick: bool, say: Callable[[str], None]) -> Iterator[Figure]:
    """Each size on a broker of its own."""
    found = {count: _run(count, FACTS[quick], VISITORS[quick], say) for count in CUSTOMERS[quick]}
    first, last = min(found), max(found)
    detail = {f"mb_at_{count}": each["rss_mb"] for count, each in found.items()}
    yield Figure("memory_growth_mb", found[last]["rss_mb"] - found[first]["rss_mb"], detail)
    detail = {f"at_{count}": each["per_cpu_s"] for count, each in found.items()}
    yield Figure(
        f"speed at {last:,} customers of that at {first:,}",
        found[last]["per_cpu_s"] / found[first]["per_cpu_s"],
        {"unit": "times", **detail},
    )


def _run(count: int, facts: int, visitors: int, say: Callable[[str], None]) -> dict[str, Any]:
    with Lab(say) as lab:
        worker.apply(lab)
        preload.preload(lab, count)
        say(f"restoring {count} customers")
        with worker.Worker(lab) as ours:
            now_ms = int(time.time() * 1000)
            fed = list(mix.facts(facts, visitors, now_ms, every=count // visitors))
            began = ours.sample()
            say(f"{facts} facts about {count} customers")
            worker.feed(lab, fed)
            worker.wait_until_done(lab)
            ended = ours.sample()
        cpu_s = ended.cpu_s - began.cpu_s
        return {"rss_mb": ended.rss_bytes >> 20, "per_cpu_s": round(facts / cpu_s)}
