"""The pure half of the door: times, lines and data, whatever form a producer gives them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptive_stream.engine.admit import IDENTIFIERS_MAX, Draft, make_fact
from adaptive_stream.engine.event_time import event_time, read_time
from adaptive_stream.engine.fact import FACT_TYPES, WITHOUT_CUSTOMER, Line
from adaptive_stream.engine.fact_data import KEYS, card_number, luhn
from adaptive_stream.engine.refusal import Flaw, Refusal

NOW_MS = 1_772_534_467_000  # 2026-03-03T10:41:07Z


def fact(data, fact_type="order.completed", **fields):
    """The fact of a draft with these data, and its flaws."""
    draft = Draft("f-1", fact_type, identifiers={"loyalty": "L-204"}, data=data, **fields)
    made = make_fact(draft, "store", NOW_MS)
    assert not isinstance(made, Refusal), made
    return made[0], set(made[1])


@pytest.mark.parametrize(
    "time",
    [
        "2026-03-03T10:41:07Z",
        "2026-03-03T10:41:07.000Z",
        "2026-03-03t10:41:07z",
        "2026-03-03T11:41:07+01:00",
        "2026-03-03 10:41:07",
        "2026-03-03 10:41:07 UTC",
        "20260303T104107Z",
        "20260303104107",
        "1772534467",
        "1772534467000",
        1_772_534_467,
        1_772_534_467.0,
        1_772_534_467_000,
        1_772_534_467_000_000,
        1_772_534_467_000_000_000,
    ],
)
def test_a_moment_in_every_spelling(time):
    """However a producer writes a moment, it is that moment."""
    assert read_time(time) == NOW_MS


def test_times_with_a_zone_of_their_shop():
    """A time without a zone is the shop's, winter and summer; one with a zone is its own."""
    assert read_time("2026-03-03T11:41:07", "Europe/Berlin") == NOW_MS
    assert read_time("2026-07-03T12:00:00", "Europe/Berlin") == read_time("2026-07-03T10:00:00Z")
    assert read_time("2026-03-03T10:41:07Z", "Europe/Berlin") == NOW_MS


@pytest.mark.parametrize("sent_at", [None, "lately", "2026-03-03T10:41:08Z"])
def test_a_clock_that_is_right_is_left_alone(sent_at):
    """Two seconds between sending and receipt are the network's, not the clock's."""
    when = event_time("2026-03-03T10:41:06Z", sent_at, None, NOW_MS, "UTC")

    assert (when.at_ms, when.source, when.claimed_ms) == (NOW_MS - 1_000, "event", None)


@given(st.integers(-(10**9), 10**9), st.integers(0, 10**8))
def test_a_wrong_clock_is_put_right(wrong_ms, ago_ms):
    """By however much a device's clock is wrong, its facts stand where they happened."""
    own_ms, sent_ms = NOW_MS + wrong_ms - ago_ms, NOW_MS + wrong_ms

    when = event_time(own_ms, sent_ms, None, NOW_MS, "UTC")

    assert when.at_ms is not None
    assert abs(when.at_ms - (NOW_MS - ago_ms)) <= 2_000


def test_nothing_happens_after_it_was_sent():
    """A device whose clock was set between the fact and the sending is taken at the receipt."""
    when = event_time(NOW_MS + 9_000_000, NOW_MS + 5_000_000, None, NOW_MS, "UTC")

    assert (when.at_ms, when.source) == (NOW_MS, "corrected")


def test_the_future_is_kept_and_counted():
    """A time in the future is cut later, to the log time; here it is only counted."""
    when = event_time("2026-04-01T00:00:00Z", None, None, NOW_MS, "UTC")

    assert when.at_ms == read_time("2026-04-01T00:00:00Z")
    assert when.flaws == (Flaw.TIME_IN_FUTURE,)


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        ({"items": [{"sku": "boots-41"}]}, (Line("boots-41"),)),
        ({"items": ["boots-41", "socks-2"]}, (Line("boots-41"), Line("socks-2"))),
        ({"items": "boots-41"}, (Line("boots-41"),)),
        ({"item": "boots-41", "quantity": "2", "price": "89,00"}, (Line("boots-41", 2, 8900),)),
        ({"item": {"sku": "boots-41", "price": 89}}, (Line("boots-41", 1, 8900),)),
        ({"products": [{"product_id": 41}]}, (Line("41"),)),
        ({"items": [{"gtin": "4006381333931"}]}, (Line("gtin:4006381333931"),)),
        ({"items": [{"ean": 4006381333931}]}, (Line("gtin:4006381333931"),)),
        ({"items": [{"upc": "036000291452"}]}, (Line("gtin:0036000291452"),)),
        ({"items": ["GTIN:04006381333931"]}, (Line("gtin:4006381333931"),)),
        ({"items": [{"sku": "null", "gtin": "4006381333931"}]}, (Line("gtin:4006381333931"),)),
        ({"items": [{"sku": "boots-41", "gtin": "4006381333931"}]}, (Line("boots-41"),)),
        ({"items": []}, ()),
        ({}, ()),
    ],
)
def test_lines_in_every_shape(data, lines):
    """An item is the same item whether it stands in a list, alone, as text or as bar code."""
    made, flaws = fact(data)

    assert (made.lines, flaws) == (lines, set())


def test_what_comes_back_at_the_till_was_not_bought():
    """Boots exchanged for a size: the pair handed back is no purchase, the other one is."""
    exchange = {"items": [{"sku": "boots-41", "quantity": -1}, {"sku": "boots-44", "quantity": 1}]}

    assert fact(exchange)[0].lines == (Line("boots-44"),)
    assert fact(exchange, "order.refunded")[0].lines == (Line("boots-41"), Line("boots-44"))


@pytest.mark.parametrize(
    ("currency", "price", "units"), [("JPY", 890, 890), ("KWD", 1.234, 1234), ("gbp", 89, 8900)]
)
def test_money_in_its_own_units(currency, price, units):
    """Yen have no pence and dinars have a thousand fils."""
    made, flaws = fact(
        {"currency": currency, "value": price, "items": [{"sku": "a", "price": price}]}
    )

    assert (made.lines[0].price, made.data["value"], flaws) == (units, units, set())


def test_data_under_its_own_names():
    """Times become milliseconds, yes becomes true, lists lists; what nobody asked for is gone."""
    made, flaws = fact(
        {
            "message": 501,
            "about": "boots-41, socks-2",
            "due": "2026-03-03T10:41:07Z",
            "standing": "yes",
            "days": ["saturday"],
            "zone": "Europe/London",
            "reason": "null",
            "shoe_size": 41,
        },
        "message.scheduled",
    )

    assert flaws == set()
    assert made.data == {
        "message": "501",
        "about": ["boots-41", "socks-2"],
        "due_ms": NOW_MS,
        "standing": True,
        "days": ["saturday"],
        "zone": "Europe/London",
    }


def test_two_long_order_numbers_stay_two():
    """A number that is cut for length keeps a hash of what was cut."""
    one, flaws = fact({"order": "R" * 300 + "1"})
    other, _ = fact({"order": "R" * 300 + "2"})

    assert flaws == {Flaw.DATA_CUT}
    assert one.data["order"] != other.data["order"]
    assert len(str(one.data["order"])) == 200


def test_the_strongest_of_many_names_are_kept():
    """A record with a thousand cookies still goes to the card that is among the first."""
    names = {"cookie": [f"ck-{n}" for n in range(40)], "loyalty": "L-204"}

    made = make_fact(Draft("f-1", "app.opened", identifiers=names), "app", NOW_MS)

    assert not isinstance(made, Refusal)
    assert made[0].identifiers[0] == "loyalty:L-204"
    assert len(made[0].identifiers) == IDENTIFIERS_MAX
    assert made[1] == (Flaw.DATA_CUT,)


@pytest.mark.parametrize("fact_type", sorted(FACT_TYPES))
def test_every_fact_is_admitted(fact_type):
    """All 57 facts come in with the least that says who, what and when."""
    data = {"sku": "boots-41", "fact": "pos-1"}
    made, flaws = fact(data, fact_type)

    assert flaws == set()
    assert made.type == fact_type
    assert made.identifiers == (() if fact_type in WITHOUT_CUSTOMER else ("loyalty:L-204",))


def test_card_numbers():
    """A card's number is told from a bar code, a phone and a moment."""
    for number in (
        "4111111111111111",
        "4111 1111 1111 1111",
        378282246310005,
        "6011-0009-9013-9424",
    ):
        assert card_number(number)
    for number in ("4111111111111112", 1772534467000, "447700900123", "", None, -5, 10**40, True):
        assert not card_number(number)
    assert luhn(b"79927398713")


def test_the_table_of_keys_is_the_documented_one():
    """formats/README.md names every key that a producer may write."""
    text = (Path(__file__).parents[2] / "adaptive_stream" / "formats" / "README.md").read_text()

    assert [name for name in KEYS if f"`{name}`" not in text] == []
