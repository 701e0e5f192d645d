"""Random histories through the real engine against the oracle. `make chaos` runs many.

python -m tests.identity.histories --runs 200000      SEED=7 repeats that one, and tells it
"""

import argparse
import os
import random
import sys
import time

from adaptive_stream.engine.fact import Fact
from tests.identity.oracle import Families, expected
from tests.identity.people import HOUR_MS, PRODUCERS, T0_MS, Lives, lives, more, request
from tests.identity.rest import compare, judge
from tests.identity.rules import RULES
from tests.identity.wild import wild
from tests.identity.world import Broken, Chances, World

PART = 1_000


def history(seed: int, *, wildly: bool = False) -> None:
    """One history, from its seed. Raises Broken with the seed when something is not as it must.
    `wildly`: one in which guards fire, whatever the seed would have chosen."""
    chance = random.Random(seed)
    world = World(RULES, chance, _chances(chance), T0_MS)
    try:
        if chance.random() < 0.3 or wildly:
            wild(world)
        else:
            _tame(world)
    except Exception as error:
        raise Broken(f"SEED={seed}: {type(error).__name__}: {error}") from error


def _tame(world: World) -> None:
    """A life whose end is known beforehand."""
    chance = world.chance
    told = lives(chance)
    families = Families()
    facts: list[Fact] = []
    cut: set[frozenset[str]] = set()
    for number in range(chance.choice((1, 1, 2, 3, 4))):
        at_ms = T0_MS + HOUR_MS * (2 + number)
        if number:
            told.rounds.append(_next_round(chance, told, families, cut, number))
        for fact in told.rounds[-1]:
            families.hear(fact)
        facts += told.rounds[-1]
        _play(world, told.rounds[-1], at_ms)
        judge(world, facts)
        compare(world, expected(families, facts), at_ms)


def _chances(chance: random.Random) -> Chances:
    calm = chance.random() < 0.5
    return Chances(
        crash=0.0 if calm else 0.03,
        checkpoint=0.1,
        repeat=0.0 if calm else 0.1,
        tick=chance.choice((0.0, 0.05)),
    )


def _play(world: World, facts: list[Fact], at_ms: int) -> None:
    for fact in facts:
        world.write(fact, world.chance.choice(PRODUCERS))
        if world.chance.random() < 0.1:
            world.run()
    world.rest(at_ms)


def _next_round(
    chance: random.Random,
    told: Lives,
    families: Families,
    cut: set[frozenset[str]],
    number: int,
) -> list[Fact]:
    """A parting or a request to join after all, and then what they do."""
    if families.apart and chance.random() < 0.3:
        pair = chance.choice(sorted(map(sorted, families.apart)))
        return [request("customer.merge", (pair[0], pair[1]), str(number))]
    bridges = sorted(
        tuple(sorted(pair)) for pair in families.links if families.is_bridge(*sorted(pair))
    )
    if bridges and chance.random() < 0.6:
        one, other = chance.choice(bridges)
        cut.add(families.family(one))
        return [request("customer.unmerge", (one, other), str(number))]
    return families.settled(more(chance, told), cut)


def main() -> int:
    """Runs histories in parts; 1 at the first that is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5_000)
    seed = os.environ.get("SEED")
    if seed is not None:
        history(int(seed))
        print(f"SEED={seed} holds")
        return 0
    first = random.SystemRandom().randrange(1 << 32)
    runs = parser.parse_args().runs
    print(f"{runs} histories from SEED={first}", flush=True)
    began = time.monotonic()
    for done in range(runs):
        try:
            history(first + done)
        except Broken as broken:
            print(broken, file=sys.stderr)
            return 1
        if (done + 1) % PART == 0:
            rate = (done + 1) / (time.monotonic() - began)
            print(f"{done + 1} of {runs} hold, {rate:.0f} a second", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
