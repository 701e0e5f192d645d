"""Amounts: what a producer writes is what a customer paid, to the penny."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptive_stream.engine.money import major_units, minor_units


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [
        (89.0, "GBP", 8900),
        (89, "GBP", 8900),
        ("89.00", "GBP", 8900),
        (0.1 + 0.2, "GBP", 30),
        (1.1, "", 110),
        (19.99, "EUR", 1999),
        (-89.0, "GBP", -8900),
        (890, "JPY", 890),
        (1.234, "KWD", 1234),
        ("£1,234.50", "GBP", 123450),
        ("1.234,50 €", "EUR", 123450),
        ("89,00", "EUR", 8900),
        ("GBP 89", "GBP", 8900),
    ],
)
def test_readable(amount, currency, units):
    """An amount means the same as number or text, in any currency, without a float's error."""
    assert minor_units(amount, currency) == units


@pytest.mark.parametrize(
    "amount",
    ["eighty-nine", "", "1,234", "8.9.0", "٨٩", None, True, [], {}, float("nan"), float("inf")]
    + [10**30, 1e300, "9" * 31, "9" * 500, "0x10", "1e5"],
)
def test_unreadable(amount):
    """What cannot be read is unknown; it is never a wrong number."""
    assert minor_units(amount, "GBP") is None


@given(st.integers(-(10**12), 10**12), st.sampled_from(["GBP", "JPY", "KWD"]))
def test_every_amount_survives_the_way_out_and_in(units, currency):
    """A price that we publish and a producer sends back is the same price."""
    assert minor_units(major_units(units, currency), currency) == units
    assert minor_units(repr(major_units(units, currency)), currency) == units


@given(st.floats(-1e9, 1e9))
def test_floats_are_read_as_they_are_written(amount):
    """A float counts as the shortest decimal that it stands for."""
    assert minor_units(amount) == int((Decimal(repr(amount)) * 100).to_integral_value())
