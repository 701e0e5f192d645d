"""Strangers are forgotten, and nothing that they do meanwhile is lost."""

import random

from adaptive_stream.engine.fact import Fact
from adaptive_stream.engine.guard import DAY_MS
from adaptive_stream.engine.identifier import route
from adaptive_stream.engine.parcel import JOININGS_MAX
from tests.identity.people import T0_MS
from tests.identity.rest import judge
from tests.identity.rules import RULES
from tests.identity.world import Chances, World

COOKIE = "cookie:x"
REFUSED = (("identity.linked", "email:b"), ("customer.unmerge", "email:a"))


def fact(number: int, type_: str, *names: str, **data: object) -> Fact:
    return Fact(f"f-{number}", type_, T0_MS, "web", "", route(names), data=data)


def world_with(*facts: Fact, seed: int = 0, tick: float = 0.0) -> World:
    world = World(RULES, random.Random(seed), Chances(tick=tick), T0_MS)
    tell(world, *facts)
    world.rest(T0_MS + 3_600_000)
    return world


def tell(world: World, *facts: Fact) -> None:
    for one in facts:
        world.write(one, "web")


def test_a_stranger_is_forgotten_after_a_month_and_leaves_nothing() -> None:
    """No row, no state, no redirect, and a tombstone for whoever kept her."""
    world = world_with(
        fact(1, "cart.emptied", COOKIE, cart="c"),
        fact(2, "cart.emptied", "device:y", cart="c"),
        fact(3, "identity.linked", COOKIE, "device:y"),
    )
    world.rest(T0_MS + 32 * DAY_MS)

    assert not world.rows()
    assert not world.customers()
    assert world.faults.count("forgotten:anonymous_expired") == 1


def test_who_comes_back_at_that_moment_is_who_she_was() -> None:
    """Her row has passed on a fact that her customer has not seen yet: it does not forget."""
    for seed in range(100):
        world = world_with(fact(1, "cart.emptied", COOKIE, cart="c"), seed=seed)
        (before,) = world.customers()
        world.now_ms = T0_MS + 32 * DAY_MS
        world.chances.tick = 0.5
        second = fact(2, "cart.emptied", COOKIE, cart="c")
        tell(world, fact(3, "profile.changed", "email:z", region="york"), second)
        world.rest(world.now_ms)

        (customer,) = [c for c in world.customers().values() if COOKIE in c.identifiers()]
        facts = [kept.id for m in customer.members.values() for kept in m.parts["carts"]["c"]]
        assert "f-2" in facts, f"seed {seed}"
        assert facts == (["f-1", "f-2"] if customer.id == before else ["f-2"]), f"seed {seed}"


def test_a_link_that_was_refused_once_is_asked_again_after_a_month() -> None:
    """A tablet that was shared in December may be hers in February."""
    world = world_with(fact(1, "identity.linked", "email:a", "device:tab"))
    for number, who in enumerate(REFUSED):
        tell(world, fact(2 + number, *who, "device:tab"))
        world.run()
    assert not any(
        {"email:b", "device:tab"} <= set(c.identifiers()) for c in world.customers().values()
    )
    for day in (5, 25, 35):  # She looks around on it, so that it is not forgotten as a stranger.
        world.rest(T0_MS + day * DAY_MS)
        tell(world, fact(100 + day, "page.viewed", "device:tab"))
        tell(world, fact(200 + day, "identity.linked", "email:b", "device:tab"))
        world.run()
    world.rest(T0_MS + 36 * DAY_MS)

    assert any(
        {"email:b", "device:tab"} <= set(c.identifiers()) for c in world.customers().values()
    )


def test_who_has_many_cookies_keeps_the_newest() -> None:
    """What joins her is bounded, whatever a browser does; her mail address stays hers."""
    links = [fact(n, "identity.linked", "email:a", f"cookie:{n}") for n in range(120)]
    world = world_with(*links)
    judge(world, links)
    (ana,) = [c for c in world.customers().values() if "email:a" in c.identifiers()]

    assert len(ana.identifiers()) == 51
    assert len(ana.joinings) == 50 <= JOININGS_MAX
