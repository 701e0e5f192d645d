"""What lies in her cart, what of it she has bought, and whether she has left it."""

from adaptive_stream.engine.decision import Opportunity
from tests.engine.world import DAY, HOUR, MINUTE, TEN, Line, World

ANA = "email:ana@example.com"


def cart(world: World, name: str = "cart-9") -> dict:
    return world.state(ANA)["carts"][name]


def put_in(world: World, at_ms: int, *items: str | Line, name: str = "cart-9") -> None:
    world.tell("cart.item_added", at_ms, ANA, cart=name, items=items)


def buy(world: World, at_ms: int, *items: str | Line, order: str = "R-77", **said: object) -> None:
    world.tell("order.completed", at_ms, ANA, channel="store", order=order, items=items, **said)


def test_a_cart_is_abandoned_after_half_an_hour() -> None:
    """Untouched for 30 minutes, and not a minute sooner."""
    world = World()
    put_in(world, TEN, "boots-41")

    world.wait(TEN + 30 * MINUTE - 1)
    assert cart(world)["status"] == "open"

    world.wait(TEN + 30 * MINUTE)
    assert cart(world)["status"] == "abandoned"
    assert world.news() == ["cart.abandoned", "journey.entered"]


def test_a_cart_that_is_changed_waits_anew() -> None:
    """Another item begins the half hour again; the checkout is a reason to wait of its own."""
    world = World()
    put_in(world, TEN, "boots-41")
    put_in(world, TEN + 20 * MINUTE, "belt-7")
    world.tell("checkout.started", TEN + 25 * MINUTE, ANA, cart="cart-9")

    world.wait(TEN + 49 * MINUTE)
    assert cart(world)["status"] == "open"
    world.wait(TEN + 50 * MINUTE)
    assert cart(world)["status"] == "abandoned"


def test_a_checkout_of_a_cart_that_nobody_filled_is_no_cart() -> None:
    """A cart is something that was put into it."""
    world = World()
    world.tell("checkout.started", TEN, ANA, cart="cart-9")
    world.wait(TEN + DAY)

    assert world.state(ANA)["carts"] == {}
    assert world.news() == []


def test_quantities_add_up_and_come_off() -> None:
    """Two pairs less one is one pair; the last one off empties the cart."""
    world = World()
    put_in(world, TEN, Line("boots-41", 2, 8900))
    world.tell("cart.item_removed", TEN + MINUTE, ANA, cart="cart-9", items=["boots-41"])
    assert [(one["item"], one["quantity"]) for one in cart(world)["lines"]] == [("boots-41", 1)]
    assert cart(world)["value"] == 89.0

    world.tell("cart.item_removed", TEN + 2 * MINUTE, ANA, cart="cart-9", items=["boots-41"])
    assert cart(world)["status"] == "emptied"
    assert cart(world)["value"] == 0


def test_an_emptied_cart_can_be_filled_again() -> None:
    """What was in it before is no part of it."""
    world = World()
    put_in(world, TEN, "boots-41", "belt-7")
    world.tell("cart.emptied", TEN + MINUTE, ANA, cart="cart-9")
    put_in(world, TEN + 2 * MINUTE, "socks-2")

    assert cart(world)["status"] == "open"
    assert cart(world)["remaining"] == ["socks-2"]


def test_two_carts_without_a_name_are_one_cart() -> None:
    """A shop that has one cart for each visitor does not name it."""
    world = World()
    world.tell("cart.item_added", TEN, ANA, items=["boots-41"])
    world.tell("cart.item_added", TEN + MINUTE, ANA, items=["belt-7"])

    assert list(world.state(ANA)["carts"]) == ["cart"]


def test_what_she_bought_before_it_went_into_the_cart_settles_nothing() -> None:
    """She wants a second pair; only five minutes are a matter of clocks."""
    world = World()
    buy(world, TEN - 6 * MINUTE, "boots-41")
    put_in(world, TEN, "boots-41")
    assert cart(world)["settled"] == []

    buy(world, TEN - 5 * MINUTE, "boots-41", order="R-78")
    assert cart(world)["settled"] == ["boots-41"]


def test_what_she_took_out_and_bought_an_hour_later_leaves_the_cart_emptied() -> None:
    """A checkout that empties the cart has bought it; a removal is a change of mind."""
    world = World()
    put_in(world, TEN, "boots-41")
    world.tell("cart.emptied", TEN + 10 * MINUTE, ANA, cart="cart-9")
    assert cart(world)["status"] == "emptied"

    buy(world, TEN + 70 * MINUTE, "boots-41")
    assert cart(world)["status"] == "emptied"

    buy(world, TEN + 12 * MINUTE, "boots-41", order="W-1")
    assert cart(world)["status"] == "bought"


def test_an_order_without_lines_that_names_the_cart_settles_all_of_it() -> None:
    """The shop says which cart was paid for, if not what was in it."""
    world = World()
    put_in(world, TEN, "boots-41", "belt-7")
    buy(world, TEN + MINUTE, cart="cart-9")

    assert cart(world)["status"] == "bought"


def test_a_part_that_was_bought_leaves_the_rest() -> None:
    """Senders are told what remains."""
    world = World()
    put_in(world, TEN, "boots-41", "belt-7")
    world.wait(TEN + 40 * MINUTE)
    buy(world, TEN + 41 * MINUTE, "boots-41")

    (bought,) = [t for t in world.transitions() if t.name == "cart.part_bought"]
    assert bought.fields["remaining"] == ["belt-7"]
    assert cart(world)["value"] == 39.0


def test_what_goes_into_a_cart_after_all_of_it_was_bought_is_a_new_filling() -> None:
    """A shop with one cart for each visitor can lose her to a second cart, and find her again."""
    world = World()
    put_in(world, TEN, "boots-41")
    buy(world, TEN + MINUTE, "boots-41")
    assert cart(world)["status"] == "bought"

    put_in(world, TEN + 20 * DAY, "belt-7")
    assert cart(world)["status"] == "open"
    assert [one["item"] for one in cart(world)["lines"]] == ["belt-7"]

    world.wait(TEN + 20 * DAY + HOUR)
    assert cart(world)["status"] == "abandoned"
    assert world.offered()[-1] == ("offer", "remind", "cart_abandoned")


def test_a_new_filling_does_not_bring_back_the_mails_about_the_old_one() -> None:
    """She bought the boots after the reminder; what she put in then waits for its own reminder."""
    world = World()
    put_in(world, TEN, "boots-41")
    world.wait(TEN + HOUR)
    buy(world, TEN + HOUR, "boots-41")
    world.wait(TEN + 2 * DAY)
    put_in(world, TEN + 2 * DAY, "belt-7")
    world.wait(TEN + 2 * DAY + 29 * MINUTE)
    assert [action for action, *_ in world.told()] == ["suppress"]

    world.wait(TEN + 10 * DAY)
    due = [one for one in world.of(Opportunity) if one.journey == "abandoned-cart"]
    offers = [(one.step, one.about) for one in due if one.action == "offer"]
    assert offers == [
        ("remind", ("boots-41",)),
        ("remind", ("belt-7",)),
        ("discount", ("belt-7",)),
        ("nudge", ("belt-7",)),
    ]
    assert [action for action, *_ in world.told()] == ["suppress", "release"]


def test_the_same_shop_reports_the_same_item_once_more_under_the_same_id() -> None:
    """A repeat adds no second pair."""
    world = World()
    for _ in range(2):
        world.tell("cart.item_added", TEN, ANA, id="w-1", cart="cart-9", items=["boots-41"])

    assert cart(world)["lines"][0]["quantity"] == 1


def test_a_cart_of_last_quarter_is_forgotten_in_silence() -> None:
    """A cart that lay for 45 days is no plan of hers any more."""
    world = World()
    put_in(world, TEN, "boots-41")
    world.wait(TEN + 61 * DAY)
    said = len(world.news())
    world.tell("cart.emptied", TEN + 61 * DAY, ANA, cart="cart-8")

    assert world.state(ANA)["carts"] == {}
    assert len(world.news()) == said


def test_a_cart_in_use_for_a_hundred_days_does_not_remember_what_was_bought_long_ago() -> None:
    """Order lines are matched for 90 days; what they settled must not come back as left behind."""
    world = World()
    world.tell("cart.item_added", TEN, ANA, items=["boots-41"])
    buy(world, TEN + MINUTE, "boots-41")
    for day in range(10, 100, 10):
        world.wait(TEN + day * DAY)
        world.tell("cart.item_added", TEN + day * DAY, ANA, items=["socks-2"])

    assert cart(world, "cart")["remaining"] == ["socks-2"]
