"""Worlds in which everything goes wrong, and nothing comes of it."""

import pytest

from tests.simulation.simulate import commit
from tests.simulation.simulation import Setting, Simulation

pytestmark = pytest.mark.slow(45)

WORLDS = 500
EACH = 50


@pytest.mark.parametrize("first", range(0, WORLDS, EACH))
def test_no_fact_is_lost_or_counted_twice_whatever_befalls_the_workers(first: int) -> None:
    """Killed, frozen, replaced, late or cleaned away: each customer's state is what her facts say.

    What is printed repeats a failure: `make simulate SEED=n`.
    """
    print(f"SEED={first}..{first + EACH - 1} COMMIT={commit()}")
    for seed in range(first, first + EACH):
        print(f"SEED={seed}")
        Simulation(seed, Setting()).run()
