"""Nobody's state outgrows a record: robots, warehouses and years of shopping stay small."""

import pytest

from adaptive_stream.engine.customer import encode_customer
from adaptive_stream.engine.keep import PART_OF, STATE_BYTES_MAX
from tests.engine.world import DAY, MINUTE, SECOND, TEN, Line, World

ROBOT, OTHER = "cookie:robot", "cookie:other"
RECORD_BYTES_MAX = 256 * 1024


def size(world: World, identifier: str = ROBOT) -> int:
    return len(encode_customer(world.customer(identifier)))


def test_a_robot_that_views_five_thousand_products_stays_small() -> None:
    """Of what was only seen, the newest things are enough."""
    world = World()
    for number in range(5_000):
        at_ms = TEN + number * SECOND
        world.tell("product.viewed", at_ms, ROBOT, item=f"sku-{number}", id=f"v-{number}")

    assert size(world) < 2_000
    assert world.news() == []


@pytest.mark.parametrize(
    ("type_", "key"),
    [
        ("order.completed", "order"),
        ("cart.item_added", "cart"),
        ("message.scheduled", "message"),
        ("contract.renewal_due", "contract"),
        ("case.opened", "case"),
    ],
)
def test_many_things_stay_below_what_a_record_can_hold(type_: str, key: str) -> None:
    """And so does what we remember to have told of them."""
    world = World()
    world.tick(TEN - 300 * DAY)
    items = [Line("x" * 90 + str(number), 1, 100) for number in range(50)]
    for number in range(150):
        at_ms = TEN + number * MINUTE
        facts = items if type_.startswith(("order.", "cart.")) else ()
        world.tell(type_, at_ms, ROBOT, items=facts, id=f"f-{number}", **{key: f"k-{number}"})
        assert size(world) <= RECORD_BYTES_MAX

    told = world.customer(ROBOT).told
    for part in (told.carts, told.orders, told.contracts, told.cases):
        assert len(part) < 150
    assert len(world.customer(ROBOT).instances()) < 150
    assert f"dropped:{PART_OF[type_]}" in world.faults


def test_one_cart_that_is_touched_all_day_keeps_its_newest_facts() -> None:
    """Whatever came first is what goes first."""
    world = World()
    for number in range(300):
        at_ms = TEN + number * SECOND
        world.tell("cart.item_added", at_ms, ROBOT, cart="c", items=[f"sku-{number}"])

    remaining = world.state(ROBOT)["carts"]["c"]["remaining"]
    assert len(remaining) == 200
    assert remaining[-1] == "sku-299"


def test_what_was_dropped_for_its_size_is_told_to_nobody() -> None:
    """An order that we forget was not reversed."""
    world = World()
    items = [Line("x" * 90 + str(number), 1, 100) for number in range(100)]
    for number in range(60):
        world.tell("order.completed", TEN + number, ROBOT, items=items, order=f"R-{number}")

    assert "dropped:orders" in world.faults
    assert "order.reversed" not in world.news()


def test_two_large_customers_who_become_one_are_cut_to_size() -> None:
    """A merge makes nobody larger than a record can hold."""
    world = World()
    items = [Line("x" * 90 + str(number), 1, 100) for number in range(100)]
    for who in (ROBOT, OTHER):
        for number in range(12):
            world.tell("order.completed", TEN + number, who, items=items, order=f"R-{who}-{number}")
    before = size(world) + size(world, OTHER)
    world.tell("identity.linked", TEN + MINUTE, ROBOT, OTHER)

    assert before > STATE_BYTES_MAX
    assert size(world) <= STATE_BYTES_MAX
    assert world.state(ROBOT)["orders"]["count"] > 0


def test_a_kiosk_that_everybody_uses_does_not_grow_for_ever() -> None:
    """The weakest identifiers are left out, never her card."""
    world = World()
    world.tell("store.visited", TEN, "loyalty:L-1")
    for number in range(300):
        at_ms = TEN + number * MINUTE
        world.tell("identity.linked", at_ms, "loyalty:L-1", f"cookie:{number:03}")

    identifiers = world.customer("loyalty:L-1").identifiers()
    assert len(identifiers) == 51  # Fifty cookies, and the card.
    assert "loyalty:L-1" in identifiers


def test_a_device_that_meets_everybody_makes_nobody_one() -> None:
    """A device in a shop names whoever was first there; it joins no two card holders."""
    world = World()
    for number in range(230):
        at_ms = TEN + number * MINUTE
        world.tell("store.visited", at_ms, f"loyalty:{number:03}")
        world.tell("identity.linked", at_ms, f"loyalty:{number:03}", "device:kiosk")

    assert len(world.roots()) == 230
    assert "link_refused:shared" in world.faults


def test_an_orderly_customer_is_measured_by_nobody() -> None:
    """What can be at most is a sum; the state is encoded for it only when the sum is too high."""
    world = World()
    world.tell("cart.item_added", TEN, ROBOT, cart="c", items=["boots-41"])

    assert size(world) < world.customer(ROBOT).bytes_at_most < 3_000
