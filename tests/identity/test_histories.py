"""Identity is right under every order, repeat and crash (see histories.py)."""

import pytest

from tests.identity.histories import history

PARTS = 20
RUNS = 5_000


@pytest.mark.parametrize("part", range(PARTS))
def test_customers_are_who_they_are_in_whatever_order_it_became_known(part: int) -> None:
    """Customers, states and suppressions at rest are those of an oracle that knows no order."""
    for seed in range(part * RUNS // PARTS, (part + 1) * RUNS // PARTS):
        history(seed)
