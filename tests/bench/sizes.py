"""What so many customers take on disk, in Kafka, in memory and in a restore, and what a fact costs
then: the figures that deploy/sizing.py is checked against.

    python -m tests.bench.sizes 10000 50000 200000 > deploy/sizes.json
"""

import json
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tests.bench import mix, preload, worker
from tests.bench.figures import machine, progress
from tests.bench.lab import Lab

FACTS = 10_000
IDLE_S = 5.0  # The clock costs a worker something whatever comes; so much is looked at.


def run(customers: int, say: Callable[[str], None]) -> dict[str, Any]:
    """One size, on a broker of its own."""
    with Lab(say) as lab:
        worker.apply(lab)
        state_bytes = preload.preload(lab, customers)
        logs = ("customer.changelog.v1", "identity.changelog.v1")
        changelog_bytes = _bytes(lab.directory / "broker", (f"{name}-*/*.log" for name in logs))
        say(f"restoring {customers} customers")
        ours = worker.Worker(lab)
        with ours:
            restored = ours.stage_process("step").cpu_times()
            restore_s = ours.metric("step", "recovery_seconds")
        store_bytes = _bytes(lab.directory / "worker", ("*/*/*.sst",))  # Written at its stop.
        with ours:
            idle = ours.sample()
            time.sleep(IDLE_S)
            began = ours.sample()
            say(f"{FACTS} facts about {customers} customers")
            worker.feed(lab, mix.facts(FACTS, customers, int(time.time() * 1000)))
            worker.wait_until_done(lab)
            ended = ours.sample()
        idle_share = (began.cpu_s - idle.cpu_s) / (began.at_s - idle.at_s)
        cpu_s = ended.cpu_s - began.cpu_s - idle_share * (ended.at_s - began.at_s)
        return {
            "customers": customers,
            "state_bytes": state_bytes,
            "changelog_bytes": changelog_bytes,
            "store_bytes": store_bytes,
            "memory_bytes": ended.rss_bytes,
            "restore_s": round(restore_s, 2),
            "restore_cpu_s": round(restored.user + restored.system, 2),
            "facts": FACTS,
            "facts_cpu_s": round(cpu_s, 2),
        }


def _bytes(directory: Path, patterns: Iterable[str]) -> int:
    return sum(file.stat().st_size for pattern in patterns for file in directory.rglob(pattern))


def main() -> None:
    """Prints what was measured at each of the sizes named."""
    found = [run(int(word), progress) for word in sys.argv[1:]]
    progress("")
    print(json.dumps({**machine(), "sizes": found}, indent=1))


if __name__ == "__main__":
    main()
