"""What every partition must know: prices, stocks, spots, sources, each told once and looked up."""

from itertools import permutations

from msgspec.structs import replace

from adaptive_stream.engine.admit import Draft, make_fact
from adaptive_stream.engine.context import NOTHING, Context
from adaptive_stream.engine.fact import Fact
from adaptive_stream.engine.notice import (
    BROADCASTS_MAX,
    Notice,
    decode_notice,
    encode_notice,
    newer,
    note,
    subjects,
)
from adaptive_stream.engine.refusal import Refusal
from tests.engine.world import DAY, HOUR, MINUTE, TEN, World, fact

ANA, CARD = "email:ana@example.com", "loyalty:L-204"
GTIN = "gtin:4006381333931"


def described(at_ms: int = TEN, **said: object) -> Fact:
    said = {"item": "boots-41", "codes": ["boots-41", GTIN], "category": "boots"} | said
    return fact("product.described", at_ms, channel="backoffice", **said)


def context(*facts: Fact) -> Context:
    """All that these facts tell a partition."""
    rows: dict[str, Notice] = {}
    for one in facts:
        for subject in subjects(one):
            rows[subject] = note(rows.get(subject), one, one.at_ms) or rows[subject]
    return Context(rows.get)


def test_a_fact_about_several_codes_is_kept_under_each() -> None:
    """Whoever names an item by any of its codes finds what is said of it."""
    known = context(
        described(),
        fact("product.price_changed", TEN + HOUR, item=GTIN, price=7900),
        fact("product.out_of_stock", TEN + HOUR, item="boots-41"),
    )

    for code in ("boots-41", GTIN):
        assert known.same(code) == "boots-41"
        assert (known.price(code) or (0,))[0] == 7900
        newest = known.newest(code, "product.in_stock", "product.out_of_stock")
        assert newest is not None
        assert newest.type == "product.out_of_stock"


def test_a_description_names_the_code_that_stands_for_the_item() -> None:
    """The shop's own number before the bar code, each spelled as everywhere."""
    said = {"gtin": "4006381333931", "sku": "boots-41", "category": "boots"}
    made = make_fact(Draft("d-1", "product.described", TEN, data=said), "backoffice", TEN)

    assert not isinstance(made, Refusal)
    assert made[0].data["codes"] == ["boots-41", GTIN]
    assert made[0].data["item"] == "boots-41"


def test_what_says_nothing_new_is_told_to_nobody() -> None:
    """The same again, or an older word, changes no row, and costs no notice."""
    price = fact("product.price_changed", TEN, item="boots-41", price=7900)
    older = fact("product.price_changed", TEN - HOUR, item="boots-41", price=8900)
    row = note(None, price, TEN)

    assert row is not None
    assert note(row, price, TEN + DAY) is None
    assert note(row, older, TEN + DAY) is None


def test_a_row_does_not_depend_on_the_order_of_its_facts() -> None:
    """Prices, stocks, spots and heartbeats in any order end in one row."""
    facts = [
        fact("product.price_changed", TEN, item="boots-41", price=7900),
        fact("product.price_changed", TEN, item="boots-41", price=6900),
        fact("product.in_stock", TEN + HOUR, item="boots-41"),
        fact("broadcast.aired", TEN, about=["boots-41"], campaign="winter", offer="b-25"),
        fact("broadcast.aired", TEN + 1, about=["boots-41"], campaign="winter", offer="b-30"),
    ]
    rows = [context(*order).look("item/boots-41") for order in permutations(facts)]
    ends = {encode_notice(replace(row, rev=0)) for row in rows if row is not None}

    assert len(ends) == 1


def test_of_two_notices_the_newer_is_kept_whichever_comes_first() -> None:
    """A repeat, or one that was overtaken, changes nothing in a partition."""
    first, second = encode_notice(Notice(1)), encode_notice(Notice(2))

    assert newer(second, first)
    assert newer(first, None)
    assert not newer(first, second)
    assert not newer(second, second)
    assert decode_notice(second).rev == 2


def test_of_an_item_so_many_spots_are_remembered() -> None:
    """A campaign an hour for a month costs the oldest of them."""
    spots = [
        fact("broadcast.aired", TEN + n * HOUR, about=["boots-41"], campaign=f"c-{n}", offer="b-1")
        for n in range(3 * BROADCASTS_MAX)
    ]
    known = context(*spots)

    told = [said.data["campaign"] for said in known.broadcasts(["boots-41"], "", TEN + 90 * DAY)]
    assert len(told) == BROADCASTS_MAX
    assert f"c-{3 * BROADCASTS_MAX - 1}" in told


def test_a_spot_is_over_and_is_elsewhere() -> None:
    """It counts from when it is aired until its offer ends, where it can be seen."""
    spot = fact("broadcast.aired", TEN, about=["boots-41"], campaign="w", offer="b-25",
                region="yorkshire", valid_until_ms=TEN + DAY)  # fmt: skip
    known = context(spot)

    def seen(region: str, now_ms: int) -> int:
        return len(list(known.broadcasts(["boots-41"], region, now_ms)))

    assert [seen("yorkshire", at) for at in (TEN - 1, TEN, TEN + DAY)] == [0, 1, 0]
    assert seen("wales", TEN) == 0


def test_a_notice_visits_nobody() -> None:
    """Thousands have the boots in their cart; a price costs one row."""
    world = World()
    for number in range(3):
        who = f"email:p{number}@example.com"
        world.tell("cart.item_added", TEN, who, items=["boots-41"], cart=f"cart-{number}")
    steps = len(world.log)

    world.tell("product.price_changed", TEN + MINUTE, channel="backoffice", item="boots-41",
               price=7900)  # fmt: skip

    assert len(world.log) == steps


def test_a_cart_is_bought_under_another_code_whenever_the_description_comes() -> None:
    """Described before or after the purchase, the reminder stops as soon as she is looked at."""
    for late in (False, True):
        world = World()
        world.tell("identity.linked", TEN - DAY, ANA, CARD)
        if not late:
            world.take(described(TEN - HOUR), TEN - HOUR)
        world.tell("cart.item_added", TEN, ANA, items=["boots-41"], cart="cart-9")
        world.wait(TEN + 40 * MINUTE)
        world.tell("order.completed", TEN + 41 * MINUTE, CARD, channel="store", order="R-1",
                   items=[GTIN])  # fmt: skip
        if late:
            world.take(described(TEN + 42 * MINUTE), TEN + 42 * MINUTE)

        world.wait(TEN + 3 * DAY)

        assert world.told()[-1][:2] == ("suppress", "bought_these_items")
        assert world.state(ANA)["carts"]["cart-9"]["settled"] == ["boots-41"]


def test_codes_that_nothing_joins_are_unknown_items() -> None:
    """The till speaks in bar codes and the cart does not: she may have bought it, so it waits."""
    world = World()
    world.tell("identity.linked", TEN - DAY, ANA, CARD)
    world.tell("cart.item_added", TEN, ANA, items=["boots-41"], cart="cart-9")
    world.wait(TEN + 40 * MINUTE)

    world.tell("order.completed", TEN + 41 * MINUTE, CARD, channel="store", order="R-1",
               items=[GTIN])  # fmt: skip

    assert world.told()[-1][0] == "hold"
    world.wait(TEN + 3 * DAY)
    assert world.told()[-1][:2] == ("suppress", "bought_unknown_items")


def test_a_clock_that_is_years_ahead_has_not_the_last_word() -> None:
    """A price of 2030 is one of now; a spot that is told ahead counts when it is aired."""
    wrong = fact("product.price_changed", TEN + 1500 * DAY, item="boots-41", price=1)
    row = note(None, wrong, TEN)
    right = fact("product.price_changed", TEN + HOUR, item="boots-41", price=7900)
    later = note(row, right, TEN + HOUR)
    spot = fact("broadcast.aired", TEN + DAY, about=["boots-41"], campaign="w", offer="b-25")
    known = context(spot)

    assert later is not None
    assert later.said["product.price_changed"].data["price"] == 7900
    assert list(known.broadcasts(["boots-41"], "", TEN)) == []
    assert len(list(known.broadcasts(["boots-41"], "", TEN + DAY))) == 1


def test_nothing_is_known_where_no_notice_came() -> None:
    """A deployment without a catalogue pays for none."""
    assert not NOTHING
    assert NOTHING.same("boots-41") == "boots-41"
    assert NOTHING.price("boots-41") is None
