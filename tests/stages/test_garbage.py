"""The worker looks for no garbage, since a look stops a stage for a second: it may make none."""

import gc

from tests.bench import mix
from tests.bench.stages import Run
from tests.stages.stage_world import CATALOG, T0_MS

FACTS, CUSTOMERS = 1_500, 150


def test_what_comes_again_and_again_leaves_nothing_behind() -> None:
    """A worker that runs for months takes as much memory as on its first day: what its stages drop
    is gone at once, with no cycle for a collector to find."""
    run = Run(CATALOG, T0_MS, {})
    for _, key, value in mix.registrations(CUSTOMERS, T0_MS):
        run.channel("channel.web.v1", [(key, value, ())])
    _feed(run, seed=1)  # What is made but once is made here.
    gc.collect()
    gc.disable()
    try:
        _feed(run, seed=2)
        assert gc.collect() == 0
    finally:
        gc.enable()


def _feed(run: Run, seed: int) -> None:
    facts = list(mix.facts(FACTS, CUSTOMERS, T0_MS, seed=seed))
    for at in range(0, FACTS, 50):
        for channel in mix.CHANNELS:
            batch = [(key, value, ()) for to, key, value in facts[at : at + 50] if to == channel]
            if batch:
                run.channel(f"channel.{channel}.v1", batch)
