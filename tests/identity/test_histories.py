"""Identity is right under every order, repeat and crash (see histories.py)."""

import pytest

from adaptive_stream.engine.fact import Fact
from tests.identity.histories import history
from tests.identity.oracle import Families
from tests.identity.people import T0_MS, request

PARTS = 20
RUNS = 5_000


@pytest.mark.parametrize("part", range(PARTS))
def test_customers_are_who_they_are_in_whatever_order_it_became_known(part: int) -> None:
    """Customers, states and suppressions at rest are those of an oracle that knows no order."""
    for seed in range(part * RUNS // PARTS, (part + 1) * RUNS // PARTS):
        history(seed)


@pytest.mark.parametrize("seed", [1033500743, 1175300863])
def test_an_address_that_leaves_by_any_way_is_taken_out_of_what_was_said(seed: int) -> None:
    """Lives in which only an address went, after a stop had named it."""
    history(seed)


def test_the_oracle_is_asked_only_what_has_one_answer() -> None:
    """Of two links that make one of people who are apart, the quicker holds: a round has one of
    them. A link that is refused in every order may be told, and so may one that joins nobody."""
    families = Families()
    for number, pair in enumerate((("email:a", "device:a"), ("loyalty:a", "device:a"))):
        families.hear(_linked(number, *pair))
    families.hear(request("customer.unmerge", ("email:a", "device:a"), "1"))
    one, other = _linked(3, "email:a", "cookie:a"), _linked(4, "loyalty:a", "cookie:a")
    refused, again = _linked(5, "email:a", "loyalty:a"), _linked(6, "loyalty:a", "device:a")

    assert families.settled([one, refused, other, again], set()) == [one, refused, again]
    assert families.settled([other, refused, one, again], set()) == [other, refused, again]


def _linked(number: int, *names: str) -> Fact:
    return Fact(f"f-{number}", "identity.linked", T0_MS, "web", "app", names)
