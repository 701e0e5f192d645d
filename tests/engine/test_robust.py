"""Whatever producers write, and wherever it is worked on: nothing stops, the bytes are the same."""

import os
import random
import subprocess
import sys
from hashlib import sha256

import pytest

from adaptive_stream.engine.admit import Draft, make_fact
from adaptive_stream.engine.fact import FACT_TYPES, WITHOUT_CUSTOMER
from adaptive_stream.engine.fact_data import KEYS
from adaptive_stream.engine.refusal import Refusal
from tests.engine.test_properties import END, assert_what_consumers_rely_on, encoded, live, seeded
from tests.engine.world import DAY, HOUR, ROOT, TEN, World

VALUES = (
    "", "a", "cart-9", "a|b|c", "x" * 500, "null", "Europe/London", "America/New_York", "Nowhere",
    "required", "complaint", "marketing", "email", "ana@example.com", "2026-03-03T10:00:00Z",
    "1990-01-01", "2099-12-31T23:59:59Z", 0, -1, 1, 89.0, 10**15, -(10**9), 1e300, True, False,
    None, [], ["boots-41"], [{"sku": "boots-41", "quantity": -2, "price": "89,00"}],
    [{"sku": "boots-41"}] * 300, {"a": {"b": []}}, "\u2028", "💥",
)  # fmt: skip
TIMES = ("2026-03-03T10:00:00Z", "1990-01-02", "2099-12-31T23:59:59Z", TEN, "yesterday", None)
WHO = ("email", "loyalty", "cookie", "device", "phone", "nickname")


def hostile(chance: random.Random) -> Draft:
    """A record that is a fact and little else."""
    names = [*KEYS, "items", "products", "item", "sku", "price", "quantity"]
    return Draft(
        id=chance.choice(("1", "2", str(chance.random()))),
        type=chance.choice(sorted(FACT_TYPES - WITHOUT_CUSTOMER)),
        time=chance.choice(TIMES),
        identifiers={chance.choice(WHO): chance.choice(("1", "2", "ana@example.com"))},
        data={chance.choice(names): chance.choice(VALUES) for _ in range(8)},
    )


@pytest.mark.parametrize("seed", range(8))
def test_whatever_a_producer_writes_stops_nobody(seed: int) -> None:
    """Odd values under every key, times of two centuries: all of it is folded, judged and told."""
    chance = random.Random(seed)
    world = World()
    taken = 0
    for number in range(150):
        at_ms = TEN + number * HOUR // 4
        made = make_fact(hostile(chance), chance.choice(("web", "store", "email")), at_ms)
        if not isinstance(made, Refusal):
            world.take(made[0], at_ms)
            taken += 1
        if number % 30 == 29:
            world.wait(at_ms)
    world.wait(TEN + 4 * DAY)

    assert taken > 50
    assert_what_consumers_rely_on(world)


def said(seed: int) -> str:
    world = live(seeded(seed), random.Random(seed))
    world.wait(END)
    return sha256(b"\n".join(encoded(world.decisions))).hexdigest()


def test_two_workers_with_other_hash_seeds_say_the_same_bytes() -> None:
    """Python mixes the order of sets anew in each process; nothing that is said may show it."""
    program = "from tests.engine.test_robust import said; print(said(7), said(8))"
    digests = set()
    for hash_seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
        run = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True,
            text=True, check=True,
        )  # fmt: skip
        digests.add(run.stdout)

    assert digests == {f"{said(7)} {said(8)}\n"}
