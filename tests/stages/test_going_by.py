"""A partition goes over to other rules at one place of its log, whatever befalls it there."""

import random
from dataclasses import replace

import orjson

from adaptive_stream.engine.journey import Pause, Rules
from adaptive_stream.engine.switch import Switch, encode_switch
from adaptive_stream.stages.outcome import InForce
from adaptive_stream.stages.records import RULES_KEY, Output
from adaptive_stream.stages.resolve import Resolve
from adaptive_stream.stages.step import Step
from adaptive_stream.stages.table import Table
from tests.stages.stage_world import (
    CATALOG,
    T0_MS,
    Record,
    Tp,
    customer_records,
    fact,
    tick,
    work_all,
)
from tests.stages.test_stages import BOOTS, kept

HERE = Tp("customer.facts.v1", 0)
MINUTE_MS = 60_000
NAME = "abandoned-cart"
OLD = replace(CATALOG.rules, id="r-old")
STOP_MORE = replace(
    OLD.by_name[NAME],
    stop_when=(*OLD.by_name[NAME].stop_when, OLD.by_name["win-back"].stop_when[0]),
)
NEW = replace(OLD, id="r-new", journeys=(STOP_MORE,))
LIBRARY = {"r-old": OLD, "r-new": NEW}


def rules_record(rev: int, id_: str, minutes: float = 0) -> Record:
    body = encode_switch(Switch(rev, id_, T0_MS))
    at_ms = T0_MS + int(minutes * MINUTE_MS)
    return Record(0, RULES_KEY, body, (("k", b"rules"),), at_ms)


def step_stage(library: dict[str, Rules], swept_max: int = 100) -> Step:
    return Step("", 1, OLD, library=library, swept_max=swept_max)


def numbered(*records: Record) -> list[Record]:
    return [each._replace(offset=n) for n, each in enumerate(records)]


def carts(people: int, buyers: int = 0) -> list[Record]:
    """Everybody's cart, then what some of them buy."""
    facts = [
        fact(n, "cart.item_added", f"email:p{n}@x.com", n / 100, cart=f"c-{n}", items=BOOTS)
        for n in range(people)
    ]
    facts += [
        fact(99 + n, "order.completed", f"email:p{n}@x.com", 61, order=f"o-{n}", items=BOOTS)
        for n in range(buyers)
    ]
    return customer_records(facts)


def morning(people: int = 12) -> list[Record]:
    """Carts, and other rules amid their reminders; some that somebody told late."""
    early, late = rules_record(4, "r-new", 36), rules_record(3, "r-old", 61)
    ticks = [tick(0, minutes) for minutes in (10, 35, 60, 90)]
    left, bought = carts(people, 3)[:-3], carts(people, 3)[-3:]
    return numbered(*left, *ticks[:2], early, ticks[2], late, *bought, ticks[3])


def rules_named(outputs: list[Output]) -> dict[bytes, set[str]]:
    """By customer, the rules that its records name."""
    named: dict[bytes, set[str]] = {}
    for each in outputs:
        value = orjson.loads(each.value or b"{}")
        if "rules" in value:
            named.setdefault(each.key or b"", set()).add(value["rules"])
    return named


def test_the_place_is_the_same_wherever_batches_are_cut() -> None:
    """What is in force for a fact depends on where it stands in the log, and on nothing else."""
    log = morning()
    view = Table()
    whole = work_all(step_stage(LIBRARY), HERE, log, view)
    assert view.in_force == InForce("r-new", 4)
    assert {each for all_of in rules_named(whole).values() for each in all_of} == {"r-old", "r-new"}
    for seed in range(20):
        chance = random.Random(seed)
        cut = Table(bytes_max=chance.choice([1, 1500, 1 << 20]))
        stage = step_stage(LIBRARY)
        assert work_all(stage, HERE, log, cut, lambda _, c=chance: c.randrange(1, 5)) == whole
        assert kept(cut) == kept(view)


def test_nothing_is_worked_on_behind_rules_that_are_not_at_hand() -> None:
    """A worker that has not read of a bundle yet waits for it, rather than judge by another."""
    log = morning()
    at = next(n for n, each in enumerate(log) if each.key == RULES_KEY)
    view, stage = Table(), step_stage({"r-old": OLD})
    before = work_all(stage, HERE, log[:at], view)
    outcome = stage.work(HERE, log[at:], view)
    assert (outcome.unknown, outcome.next_offset, outcome.outputs) == ("r-new", at, [])
    rest = work_all(step_stage(LIBRARY), HERE, log[at:], view)
    assert before + rest == work_all(step_stage(LIBRARY), HERE, log, Table())


def test_resolve_goes_over_at_its_own_place() -> None:
    """Who is who is judged by the rules in force as well."""
    log = numbered(rules_record(1, "r-old"), rules_record(5, "r-new"), rules_record(2, "r-old"))
    stage = Resolve("", 1, OLD, LIBRARY)
    outcome = stage.work(Tp("identity.facts.v1", 0), log, Table())
    assert outcome.in_force == InForce("r-new", 5)
    outcome = Resolve("", 1, OLD, {}).work(Tp("identity.facts.v1", 0), log, Table())
    assert (outcome.unknown, outcome.next_offset) == ("r-old", 0)


def test_everybody_is_judged_anew_a_few_at_each_tick() -> None:
    """A pause that ends lets a thousand reminders go, and not in one burst."""
    paused_ms, resumed_ms = T0_MS + 30 * MINUTE_MS, T0_MS + 120 * MINUTE_MS
    pauses = {"r-p": (Pause(paused_ms),), "r-r": (Pause(paused_ms, resumed_ms),)}
    library = {
        id_: replace(OLD, id=id_, journeys=(replace(OLD.by_name[NAME], pauses=each),))
        for id_, each in pauses.items()
    }
    ticks = [tick(0, minutes) for minutes in (35, 90, 119)]
    log = numbered(*carts(12), rules_record(1, "r-p", 29), *ticks, rules_record(2, "r-r", 120))
    view, stage = Table(), step_stage(library, swept_max=5)
    before = work_all(stage, HERE, log, view)
    assert not [each for each in before if each.topic == "opportunities.v1"]
    told = [orjson.loads(each.value or b"") for each in before if b"journey_paused" in each.value]
    assert {each["scope"] for each in told} == {"journey"}

    counts = []
    for n in range(4):
        record = tick(0, 120 + n)._replace(offset=len(log) + n)
        outputs = work_all(stage, HERE, [record], view)
        counts.append(sum(each.topic == "opportunities.v1" for each in outputs))
    assert counts == [5, 5, 2, 0]
    assert view.in_force == InForce("r-r", 2)


def test_a_tick_that_fills_a_batch_judges_the_others_in_the_next() -> None:
    """Where a checkpoint ends makes no difference to whom a tick judges."""
    ticks = [tick(0, minutes) for minutes in (35, 60, 61, 62, 63, 64)]
    log = numbered(*carts(12), rules_record(1, "r-new", 60), *ticks)
    whole_view = Table()
    whole = work_all(step_stage(LIBRARY, 5), HERE, log, whole_view)
    for bytes_max in (1, 700, 3000):
        view = Table(bytes_max=bytes_max)
        assert work_all(step_stage(LIBRARY, 5), HERE, log, view) == whole
        assert kept(view) == kept(whole_view)
