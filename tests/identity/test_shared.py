"""What a thousand people hold in turn makes no two of them one."""

import random

import pytest

from adaptive_stream.engine.decision import StateChanged
from adaptive_stream.engine.fact import Fact, Line
from adaptive_stream.engine.identifier import route
from tests.identity.people import PRODUCERS, T0_MS
from tests.identity.rest import judge
from tests.identity.rules import RULES
from tests.identity.world import Chances, World

PEOPLE = 1_000
SEEDS = range(4)


def play(facts: list[Fact], seed: int, *, all_kept: bool = True) -> World:
    """All facts, a few or all of them under way at once. `all_kept`: none was one too many."""
    chance = random.Random(seed)
    world = World(RULES, chance, Chances(tick=0.01, crash=0.001, repeat=0.01), T0_MS)
    at_once = (1, 10, 200, len(facts))[seed % 4]
    for number, fact in enumerate(facts):
        world.write(fact, chance.choice(PRODUCERS))
        if number % at_once == 0:
            world.run()
    world.rest(world.now_ms + 3_600_000)
    if all_kept:
        judge(world, facts, routed=False)
    return world


def told(world: World, name: str) -> list[dict]:
    """The fields of all transitions of this name."""
    return [
        dict(transition.fields)
        for said in world.decisions
        if isinstance(said, StateChanged)
        for transition in said.transitions
        if transition.name == name
    ]


def people(world: World, kind: str) -> list[list[str]]:
    """The identifiers of every customer who has one of this type."""
    return sorted(
        customer.identifiers()
        for customer in world.customers().values()
        if any(i.startswith(f"{kind}:") for i in customer.identifiers())
    )


def logins(count: int) -> list[Fact]:
    """So many people log in on one tablet."""
    return [
        Fact(f"f-{n}", "identity.linked", T0_MS, "app", "", route((f"email:p{n}", "device:tab")))
        for n in range(count)
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_tablet_on_which_a_thousand_people_log_in_joins_none_of_them(seed: int) -> None:
    """1,000 customers, one report, no merge."""
    world = play(logins(PEOPLE), seed)

    assert len(people(world, "email")) == PEOPLE
    contested = told(world, "identity.contested")
    assert [one["identifier"] for one in contested] == ["device:tab"]
    assert contested[0]["reason"] == "shared"
    assert not told(world, "customer.merged")


def test_a_tablet_of_a_few_joins_none_of_them_however_they_come() -> None:
    """Not even before a customer has heard of her own address."""
    for seed in range(300):
        world = play(logins(5), 4 * seed + 3)
        assert len(people(world, "email")) == 5, f"seed {seed}"


def receipts(*, mailed: bool) -> list[Fact]:
    """A receipt for each shopper, with the cashier's card, and her address if she wants it so."""
    return [
        Fact(
            f"f-{n}",
            "order.completed",
            T0_MS,
            "store",
            "till-1",
            route(("loyalty:till", f"email:p{n}") if mailed else ("loyalty:till",)),
            lines=(Line("socks", 1, 900),),
            data={"order": f"o-{n}"},
        )
        for n in range(PEOPLE)
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_cashiers_card_on_a_thousand_receipts_joins_no_shoppers(seed: int) -> None:
    """1,000 customers and the cashier, one report; what was joined before it is parted again."""
    world = play(receipts(mailed=True), seed)

    assert all(len(names) == 1 for names in people(world, "email"))
    assert len(people(world, "email")) == PEOPLE
    assert people(world, "loyalty") == [["loyalty:till"]]
    contested = told(world, "identity.contested")
    assert [one["identifier"] for one in contested] == ["loyalty:till"]
    assert contested[0]["reason"] == "pace"


@pytest.mark.parametrize("seed", SEEDS)
def test_a_card_alone_on_a_thousand_receipts_is_nobodys_after_ten(seed: int) -> None:
    """Its later receipts stay, and speak for nobody."""
    world = play(receipts(mailed=False), seed, all_kept=False)

    contested = told(world, "identity.contested")
    assert [one["identifier"] for one in contested] == ["loyalty:till"]
    (card,) = [c for c in world.customers().values() if "loyalty:till" in c.identifiers()]
    kept = sum(len(member.parts.get("orders", {})) for member in card.members.values())
    assert kept == 10
    assert not told(world, "customer.merged")
