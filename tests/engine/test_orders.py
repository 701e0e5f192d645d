"""What she paid for, however often and under whatever number it was reported."""

from tests.engine.world import DAY, HOUR, MINUTE, TEN, World

ANA = "email:ana@example.com"


def orders(world: World) -> dict:
    return world.state(ANA)["orders"]


def buy(world: World, at_ms: int, *items: str, order: str = "R-77", **said: object) -> None:
    said = {"channel": "store", "log_ms": TEN + DAY, "order": order} | said
    world.tell("order.completed", at_ms, ANA, items=items, **said)  # type: ignore[arg-type]


def status(world: World, order: str = "R-77") -> str:
    return orders(world)["items"][order]["status"]


def test_one_receipt_five_times_is_one_order() -> None:
    """Under its own number, a placeholder that it replaced, and other message ids."""
    world = World()
    buy(world, TEN, "boots-41", order="OFFLINE-17", id="a")
    buy(world, TEN, "boots-41", order="OFFLINE-17", id="a")
    buy(world, TEN, "boots-41", replaces="OFFLINE-17", id="b")
    buy(world, TEN, "boots-41", id="file-55")
    buy(world, TEN, "boots-41")

    assert (orders(world)["count"], orders(world)["value"]) == (1, 89.0)
    assert list(orders(world)["items"]) == ["R-77"]
    assert world.news().count("order.added") == 1


def test_the_replacement_may_come_first() -> None:
    """The till's second report overtakes the first: it is one order all the same."""
    world = World()
    buy(world, TEN, "boots-41", replaces="OFFLINE-17")
    buy(world, TEN, "boots-41", order="OFFLINE-17")

    assert list(orders(world)["items"]) == ["R-77"]
    assert world.news().count("order.added") == 1


def test_two_numbers_that_replace_each_other_are_one_order() -> None:
    """Nonsense from two tills is no second purchase."""
    world = World()
    buy(world, TEN, "boots-41", order="A", replaces="B")
    buy(world, TEN, "boots-41", order="B", replaces="A")

    assert orders(world)["count"] == 1


def test_the_report_that_says_what_was_in_it_counts() -> None:
    """The till said how much, the nightly file says what."""
    world = World()
    buy(world, TEN, value=8900)
    buy(world, TEN + MINUTE, "boots-41")

    assert [line["item"] for line in orders(world)["items"]["R-77"]["lines"]] == ["boots-41"]
    assert orders(world)["value"] == 89.0


def test_a_void_takes_the_order_back() -> None:
    """The purchase never was."""
    world = World()
    buy(world, TEN, "boots-41")
    world.tell("order.voided", TEN + MINUTE, ANA, channel="store", order="R-77")

    assert orders(world)["items"] == {}
    assert [name for name in world.news() if name.startswith("order.")] == [
        "order.added",
        "order.reversed",
    ]


def test_a_void_that_overtakes_its_order_voids_it() -> None:
    """Nobody is told of a purchase that never was."""
    world = World()
    world.tell("order.voided", TEN + MINUTE, ANA, channel="store", order="R-77")
    buy(world, TEN, "boots-41")

    assert orders(world)["items"] == {}
    assert "order.added" not in world.news()


def test_a_refund_or_a_cancellation_leaves_the_order_paid() -> None:
    """She had it and brought it back: history moves on, it is not rewritten."""
    for type_, now in (("order.refunded", "refunded"), ("order.cancelled", "cancelled")):
        world = World()
        buy(world, TEN, "boots-41")
        world.tell(type_, TEN + HOUR, ANA, channel="backoffice", order="R-77")

        assert status(world) == now
        assert orders(world)["count"] == 1
        assert "order.reversed" in world.news()


def test_a_delivery_says_nothing_new() -> None:
    """She has what she paid for."""
    world = World()
    buy(world, TEN, "boots-41")
    said = world.news()
    world.tell("order.delivered", TEN + HOUR, ANA, channel="backoffice", order="R-77")

    assert status(world) == "delivered"
    assert world.news() == said


def test_an_order_that_was_placed_is_not_paid() -> None:
    """It counts for nothing until the money is there."""
    world = World()
    world.tell("order.placed", TEN, ANA, order="R-77", items=["boots-41"])

    assert (status(world), orders(world)["count"]) == ("placed", 0)


def test_a_payment_that_failed_may_be_tried_again() -> None:
    """What counts is whether it failed after the last try."""
    world = World()
    world.tell("order.placed", TEN, ANA, order="R-77", items=["boots-41"])
    world.tell("order.payment_failed", TEN + MINUTE, ANA, order="R-77")
    assert status(world) == "failed"

    world.tell("order.placed", TEN + 2 * MINUTE, ANA, order="R-77", items=["boots-41"])
    assert status(world) == "placed"

    world.tell("order.payment_failed", TEN + 3 * MINUTE, ANA, order="R-77")
    world.tell("order.completed", TEN + 4 * MINUTE, ANA, order="R-77", items=["boots-41"])
    assert (status(world), orders(world)["count"]) == ("completed", 1)


def test_a_chargeback_and_a_second_payment_end_in_a_paid_order() -> None:
    """Paid, failed, paid again: the last word counts, whichever report had the lines."""
    world = World()
    buy(world, TEN, "boots-41")
    world.tell("order.payment_failed", TEN + HOUR, ANA, order="R-77")
    assert orders(world)["count"] == 0

    buy(world, TEN + 2 * HOUR, "boots-41")
    assert orders(world)["count"] == 1


def test_a_refund_of_an_order_that_nobody_reported_is_remembered() -> None:
    """The order comes in the nightly file, and is known to be refunded at once."""
    world = World()
    world.tell("order.refunded", TEN + HOUR, ANA, channel="store", order="R-77")
    assert orders(world)["items"] == {}

    buy(world, TEN, "boots-41")
    assert status(world) == "refunded"


def test_a_source_takes_a_fact_back_before_or_after_it_came() -> None:
    """The order of the two does not matter."""
    for retraction_first in (False, True):
        world = World()
        facts = [
            lambda world=world: buy(world, TEN, "boots-41", id="pos-1"),
            lambda world=world: world.tell("fact.retracted", TEN + MINUTE, ANA, fact="pos-1"),
        ]
        for tell in reversed(facts) if retraction_first else facts:
            tell()

        assert orders(world)["items"] == {}


def test_after_90_days_the_lines_go_and_the_total_stays() -> None:
    """History informs, item by item only for as long as somebody could match it."""
    world = World()
    buy(world, TEN, "boots-41")
    world.wait(TEN + 95 * DAY)
    world.tell("profile.changed", TEN + 95 * DAY, ANA, home_store="leeds-2")

    assert orders(world)["items"]["R-77"]["lines"] == []
    assert orders(world)["value"] == 89.0


def test_one_id_with_two_contents_is_one_fact_whichever_came_first() -> None:
    """A source that used an id twice cannot make her state depend on the order of arrival."""
    states = []
    for channels in (("store", "web"), ("web", "store")):
        world = World()
        for channel in channels:
            buy(world, TEN, "boots-41", id="1001", channel=channel)
        states.append(orders(world))

    assert states[0] == states[1]
