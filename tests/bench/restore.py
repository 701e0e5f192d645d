"""A worker on an empty disk reads its customers back from the changelog; then it starts again.

Stock Faust does the same with fewer customers of the same size, since it takes so long; rates are
compared. `restart_s` is what an operator sees: from the command until all three stages are ready.
"""

import re
from collections.abc import Callable, Iterator

from tests.bench import kafka, preload, worker
from tests.bench.figures import Figure
from tests.bench.lab import Lab, wait_for

CUSTOMERS = (1_000_000, 50_000)
OF_FAUST = (50_000, 8_000)
FAUST_ID = "stock-faust-restore"
FAUST_WITHIN_S = 300.0


def measure(quick: bool, say: Callable[[str], None]) -> Iterator[Figure]:
    """Ours, restarted, then stock Faust."""
    with Lab(say) as lab:
        worker.apply(lab)
        count = CUSTOMERS[quick]
        size = preload.preload(lab, count)
        say(f"restoring {count} customers")
        ours = worker.Worker(lab)
        try:
            started_s = ours.start()
            restored_s = ours.metric("step", "recovery_seconds")
            ours.stop()
            say("starting again")
            restart_s = ours.start()
            again_s = ours.metric("step", "recovery_seconds")
        finally:
            ours.stop()
        faust_per_s = _stock_faust(lab, OF_FAUST[quick], size // count)
    per_s = count / restored_s
    yield Figure(
        "restore_vs_stock_faust",
        per_s / faust_per_s,
        {
            "customers": count,
            "bytes_each": size // count,
            "ours_per_s": round(per_s),
            "stock_faust_per_s": round(faust_per_s),
            "ready_after_s": round(started_s, 1),
        },
    )
    detail = {"customers": count, "of_it_taking_over_s": round(again_s, 2)}
    yield Figure("restart_s", restart_s, detail)


def _stock_faust(lab: Lab, count: int, size: int) -> float:
    """Customers per second."""
    lab.say(f"stock Faust restores {count} customers")
    changelog = f"{FAUST_ID}-customers-changelog"
    kafka.create(lab.bootstrap, [f"{FAUST_ID}.facts", changelog])
    value = b'"' + b"x" * (size - 2) + b'"'
    kafka.write(
        lab.bootstrap, (kafka.ToWrite(changelog, b"c-%016d" % n, value) for n in range(count))
    )
    data_dir = str(lab.directory / "stock-faust")
    job = lab.python("stock_faust_restore.py", FAUST_ID, data_dir)

    def restored() -> re.Match[str] | None:
        job.sample()
        return re.search(r"restored ([0-9.]+)", job.log.read_text())

    wait_for(lambda: restored() is not None, "stock Faust's recovery", FAUST_WITHIN_S)
    found = restored()
    assert found is not None
    lab.stop(job)
    return count / float(found[1])
