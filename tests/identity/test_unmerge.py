"""What a merge did can be undone, exactly.

Exactly means: her members, every fact that they keep, consent, what each journey is at and why,
since when, and when its next step is due. It does not mean: numbers that only count up
(`state_seq`, `rev`, epochs), when the log knew of something, which offers were made meanwhile, and
runs that are over: what was said to a customer cannot be unsaid.
"""

import random

import pytest

from adaptive_stream.engine import instance as run
from adaptive_stream.engine.clock import Clock
from adaptive_stream.engine.condition import About, holds
from adaptive_stream.engine.context import Given
from adaptive_stream.engine.customer import Customer
from adaptive_stream.engine.fact import Fact
from adaptive_stream.engine.fold import fold
from tests.identity.people import HOUR_MS, PRODUCERS, T0_MS, business, request
from tests.identity.rules import RULES
from tests.identity.world import Chances, World

RUNS = 300
ANA = ("email:ana", "device:ana")
BEN = ("loyalty:ben", "phone:ben")
HOMES = {"cart": "cart_by_id", "contract": "contract_by_number", "order": "order_by_number"}


def facts_of(chance: random.Random, first: int, count: int) -> list[Fact]:
    """Deeds of both, under their own names."""
    return [
        business(chance, (chance.choice(chance.choice((ANA, BEN))),), first + number)
        for number in range(count)
    ]


def play(seed: int, rounds: list[list[Fact]], *, merged: bool) -> World:
    """The same lives, as two, or as one between the second and the third round."""
    world = World(RULES, random.Random(seed), Chances(tick=0.02), T0_MS)
    link = Fact("link", "identity.linked", T0_MS, "desk", "", (ANA[0], BEN[0])[::-1])
    linked = [link] if merged else []
    part = [request("customer.unmerge", (ANA[0], BEN[0]), "1")] if merged else []
    own = [Fact(f"own-{who[0]}", "identity.linked", T0_MS, "desk", "", who) for who in (ANA, BEN)]
    together = (own, rounds[0], linked, rounds[1], part, rounds[2])
    for number, facts in enumerate(together):
        for fact in facts:
            world.write(fact, world.chance.choice(PRODUCERS))
            if number % 2 == 1 and world.chance.random() < 0.3:
                world.run()
        world.rest(T0_MS + HOUR_MS * (number + 1))
    return world


def seen(world: World) -> dict[str, object]:
    """Each of the two, as exactly as the docstring above has it."""
    return {
        ",".join(customer.identifiers()): one(customer, world.now_ms)
        for customer in world.customers().values()
        if customer.identifiers()
    }


def one(customer: Customer, now_ms: int) -> dict[str, object]:
    """One customer."""
    now_ms = now_ms // HOUR_MS * HOUR_MS
    clock = Clock(now_ms=now_ms, known={"web": now_ms, "store": now_ms})
    view = fold(customer, Given(clock), RULES.policy)
    runs = {}
    for _, instance in customer.instances():
        journey = RULES.by_name[instance.journey]
        entity = None
        if journey.for_each != "customer":
            entity = getattr(view, HOMES[journey.for_each]).get(instance.key)
        about = About(journey.for_each, instance.key, entity)
        if instance.status in ("live", "held") and holds(journey.when, about, view, now_ms):
            due = run.due_ms(journey, instance, view.zone)
            key = "" if journey.for_each == "customer" else instance.key
            runs[instance.journey, key] = (
                (instance.status, instance.because, instance.until_ms),
                (instance.begun_ms, instance.ends_ms, due and (due[0].name, due[1])),
            )
    kept = sorted(
        (h, part, key, fact.id, fact.at_ms, fact.lines, sorted(fact.data.items()))
        for member in customer.members.values()
        for h in member.identifiers
        for part, by_key in member.parts.items()
        for key, facts in by_key.items()
        for fact in facts
    )
    return {"kept": kept, "runs": runs, "consent": view.consent, "orders": view.orders and [
        (order.id, order.status, order.paid) for order in view.orders
    ]}  # fmt: skip


@pytest.mark.parametrize("between", [0, 4])
def test_two_who_were_one_for_a_while_are_as_if_they_had_not_been(between: int) -> None:
    """With and without facts while they were one."""
    for seed in range(RUNS):
        chance = random.Random(seed)
        rounds = [facts_of(chance, 100 * n, count) for n, count in enumerate((7, between, 2))]
        apart, parted = (seen(play(seed, rounds, merged=merged)) for merged in (False, True))
        assert parted == apart, f"seed {seed}"
