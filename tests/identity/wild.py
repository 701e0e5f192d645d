"""Lives in which guards fire: tablets of many people, cashiers' cards, strangers, partings at once.

What comes of them depends on the order in which it is known, so no oracle predicts it; the
invariants hold all the same, and no customer gets more than one person can have.
"""

import random
from dataclasses import replace
from itertools import count

from adaptive_stream.engine.fact import Fact
from adaptive_stream.engine.guard import DAY_MS, IdentityPolicy, over_limit
from adaptive_stream.engine.identifier import route
from tests.identity.people import PRODUCERS, T0_MS, business
from tests.identity.rest import judge, must
from tests.identity.rules import RULES
from tests.identity.world import World

POLICY = IdentityPolicy(
    limits={"account": 1, "loyalty": 2, "email": 2, "phone": 2, "device": 2, "cookie": 2},
    links_per_day=3,
    pace={"loyalty": 3},
)
NAMES = (
    *("account:a", "account:b", "loyalty:till", "loyalty:b", "email:a", "email:b", "email:c"),
    *("email:d", "phone:a", "device:tablet", "device:b", "cookie:a", "cookie:b", "cookie:c"),
)
NAMING = ("identity.linked", "identity.linked", "identity.linked", "identity.unlinked")


def wild(world: World) -> None:
    """Plays one such life. Raises Broken."""
    world.rules = replace(RULES, identity=POLICY)
    chance, number = world.chance, count()
    names = chance.sample(NAMES, chance.randrange(3, 9))
    facts: list[Fact] = []
    insists = forgets = False
    for _ in range(chance.choice((1, 2, 3))):
        told = [_fact(chance, names, next(number)) for _ in range(chance.randrange(4, 18))]
        insists |= any(fact.type == "customer.merge" for fact in told)
        facts += told
        if forgets and chance.random() < 0.5:  # They come back on the day they would be forgotten.
            world.now_ms += chance.choice((29, 30, 31)) * DAY_MS
            world.chances.tick = 0.3
        for fact in told:
            world.write(fact, chance.choice(PRODUCERS))
            if chance.random() < 0.2:
                world.run()
        at_ms = world.now_ms + chance.choice((3_600_000, DAY_MS, 31 * DAY_MS))
        forgets |= at_ms > world.now_ms + DAY_MS
        world.rest(at_ms)
        judge(world, facts, forgets=forgets, routed=False)
        if not insists:
            _judge_limits(world)


def _judge_limits(world: World) -> None:
    for customer in world.customers().values():
        names = [i for i in customer.identifiers() if not POLICY.is_weak(i.partition(":")[0])]
        must(not over_limit(names, POLICY), f"more than one person has: {names}")


def _fact(chance: random.Random, names: list[str], number: int) -> Fact:
    luck = chance.random()
    if luck < 0.35:
        return business(chance, (chance.choice(names),), number)
    pair = route(chance.sample(names, 2))
    if luck < 0.55:
        return business(chance, pair, number)
    if luck < 0.85:
        return Fact(f"f-{number}", chance.choice(NAMING), T0_MS, "web", "app", pair)
    type_ = "customer.unmerge" if luck < 0.97 else "customer.merge"
    return Fact(f"f-{number}", type_, T0_MS, "web", "desk", pair)
