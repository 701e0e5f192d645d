"""What is left of a cart, runs that may not come again, and steps that somebody else sends."""

from dataclasses import replace

from msgspec import structs

from adaptive_stream.engine.decision import Opportunity, Suppression
from adaptive_stream.engine.journey import Step
from adaptive_stream.engine.span import Span
from tests.engine.test_journeys import ANA, abandoned, buy, only, steps
from tests.engine.world import DAY, HOUR, MINUTE, TEN, World, fact, shipped_rules

BOUGHT = TEN + 41 * MINUTE


def entered(world: World, journey: str = "abandoned-cart") -> list[tuple]:
    return [
        (one.fields["instance"], one.at_ms)
        for one in world.transitions()
        if one.name == "journey.entered" and one.fields["journey"] == journey
    ]


def part_bought(*items: str) -> World:
    """Boots, belt and jacket left in the cart, these of them bought."""
    world = abandoned("boots-41", "belt-7", "jacket-3")
    buy(world, BOUGHT, *items)
    return world


def test_what_is_left_of_a_cart_is_another_run_after_a_day() -> None:
    """About the rest alone; the run before stays stopped."""
    world = part_bought("boots-41")
    world.wait(BOUGHT + 2 * DAY)

    assert entered(world)[1:] == [("cart-9.2", BOUGHT + DAY)]
    offer = next(one for one in world.of(Opportunity) if one.instance == "cart-9.2")
    assert (offer.step, offer.about) == ("remind", ("belt-7", "jacket-3"))
    assert offer.not_before_ms == BOUGHT + DAY + 30 * MINUTE


def test_a_rest_that_is_bought_within_the_day_has_no_run() -> None:
    """Whatever is reported of it, and however late."""
    world = part_bought("boots-41")
    buy(world, BOUGHT + HOUR, "belt-7", "jacket-3", order="R-78")
    world.wait(BOUGHT + 5 * DAY)

    assert len(entered(world)) == 1


def test_a_rest_of_which_a_part_is_bought_has_a_third_run() -> None:
    """The second run stops for it, and never for what was bought before it began."""
    world = part_bought("boots-41")
    world.wait(BOUGHT + DAY + 10 * MINUTE)
    buy(world, BOUGHT + DAY + 20 * MINUTE, "belt-7", order="R-78")
    world.wait(BOUGHT + 3 * DAY)

    assert [name for name, _ in entered(world)] == ["cart-9", "cart-9.2", "cart-9.3"]
    stopped = [one for one in world.of(Suppression) if one.action == "suppress"]
    assert {(one.instance, one.because) for one in stopped} == {
        ("cart-9", "bought_part"),
        ("cart-9.2", "bought_part"),
    }


def test_a_run_for_the_rest_ends_with_the_receipt_that_made_it() -> None:
    """The till voids it: the whole cart is left again, and its first run goes on."""
    world = part_bought("boots-41")
    world.wait(BOUGHT + DAY + 10 * MINUTE)
    world.tell("order.voided", BOUGHT + DAY + 20 * MINUTE, ANA, order="R-77")

    runs = {one["instance"]: one["status"] for one in world.state(ANA)["journeys"]}
    assert runs["cart-9.2"] == "stopped"
    assert runs["cart-9"] == "live"


def test_two_runs_never_share_a_name_whatever_her_carts_are_called() -> None:
    """A cart that is called as another's second run would be has a run of its own."""
    world = part_bought("boots-41")
    world.wait(BOUGHT + DAY + 10 * MINUTE)
    world.tell("cart.item_added", BOUGHT + 2 * DAY, ANA, cart="cart-9.2", items=["jacket-3"])
    world.wait(BOUGHT + 2 * DAY + HOUR)

    names = [name for name, _ in entered(world)]
    assert len(names) == len(set(names)) == 3
    ids = [(one.id, one.action) for one in world.of(Suppression)]
    assert len(ids) == len(set(ids))


def test_a_journey_that_comes_once_or_seldom_comes_no_sooner() -> None:
    """The same cart, left again after its run has ended."""
    for changed, runs in (
        ({}, 2),
        ({"once": True}, 1),
        ({"again_after": Span(days=30)}, 1),
    ):
        world = abandoned(rules=only("abandoned-cart", ends=Span(days=5), **changed))
        world.wait(TEN + 6 * DAY)
        world.tell("cart.item_added", TEN + 7 * DAY, ANA, cart="cart-9", items=["belt-7"])
        world.wait(TEN + 7 * DAY + HOUR)

        assert len(entered(world)) == runs


def test_of_several_channels_the_first_on_which_she_may_be_reached_is_taken() -> None:
    """Her own word counts, and so does a consent that is missing; with none left nothing is due."""
    step = Step("tell", Span(), "tell", ("email", "push"), Span(ms=12 * HOUR))
    rules = only("abandoned-cart", steps=(step,))
    agreed = {"purpose": "marketing"}
    for facts, channels in (
        ([], []),
        ([("consent.given", {"channel": "email"})], [("email",)]),
        ([("consent.given", {"channel": "push"})], [("push",)]),
        (
            [
                ("consent.given", {"channel": "email"}),
                ("consent.given", {"channel": "push"}),
                ("preference.stated", {"channel": "email", "allow": "never"}),
            ],
            [("push",)],
        ),
    ):
        world = World(rules)
        world.tell("identity.linked", TEN, ANA, "device:ph-a")
        for type_, said in facts:
            whom = "device:ph-a" if said["channel"] == "push" else ANA
            one = fact(type_, TEN, whom, id=f"{type_}-{said['channel']}")
            world.take(structs.replace(one, data=agreed | said), TEN)
        world.tell("cart.item_added", TEN, ANA, cart="cart-9", items=["boots-41"])
        world.wait(TEN + HOUR)

        due = [one.channels for one in world.of(Opportunity) if one.kind == "step"]
        assert due == channels


def test_a_journey_that_another_tool_runs_is_stopped_and_never_offered() -> None:
    """The tool counts the steps itself; it hears what it must not send any more."""
    world = abandoned(rules=only("abandoned-cart", run_by="braze"))
    world.wait(TEN + 2 * HOUR)
    assert steps(world) == {}

    buy(world, TEN + 3 * HOUR, "boots-41")
    assert world.told() == [("suppress", "bought_these_items", ("remind", "discount"))]


def test_of_what_is_due_at_once_on_a_channel_the_worthier_is_offered() -> None:
    """The other one waits for the same time tomorrow; what is not of that channel does not."""
    rules = shipped_rules()
    cart = rules.by_name["abandoned-cart"]
    now = replace(cart, steps=(Step("tell", Span(), "tell", ("email",), Span(ms=12 * HOUR)),))
    weak, strong = replace(now, name="weak", worth=1.0), replace(now, name="strong", worth=9.0)
    push = replace(now.steps[0], by=("push",))
    beside = replace(now, name="beside", worth=0.5, steps=(push,))
    world = World(replace(rules, journeys=(weak, beside, strong)))
    world.tell("cart.item_added", TEN, ANA, cart="cart-9", items=["boots-41"])
    world.wait(TEN + 2 * DAY)

    left = TEN + 30 * MINUTE
    assert steps(world, "strong") == steps(world, "beside") == {"tell": left}
    assert steps(world, "weak") == {"tell": left + DAY}
