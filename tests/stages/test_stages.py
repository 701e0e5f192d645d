"""The stages' adapters on the real engine, without a broker."""

import random
from dataclasses import replace

import pytest

from adaptive_stream.engine.journey import Rules
from adaptive_stream.engine.word import Expression
from adaptive_stream.stages.outcome import EngineFault
from adaptive_stream.stages.records import Output
from adaptive_stream.stages.table import Table
from tests.stages.stage_world import (
    CATALOG,
    Record,
    Tp,
    admit_stage,
    customer_records,
    fact,
    resolve_stage,
    step_stage,
    tick,
    work_all,
    written,
)

HERE = Tp("customer.facts.v1", 0)
BOOTS = [{"sku": "boots", "quantity": 1, "price": 89.0}]


def _morning(people: int = 12) -> list[Record]:
    """Carts, purchases and ticks of some people on customer.facts.v1."""
    facts = []
    for n in range(people):
        who = f"email:u{n}@example.com"
        facts.append(fact(2 * n, "cart.item_added", who, n / 10, cart=f"cart-{n}", items=BOOTS))
        if n % 3 == 0:
            order = {"order": f"o-{n}", "value": 89.0, "items": BOOTS}
            facts.append(fact(2 * n + 1, "order.completed", who, 40, **order))
    records = customer_records(facts)
    half = len(records) // 2
    log = [*records[:half], tick(0, 10), *records[half:], tick(0, 35), tick(0, 60), tick(0, 90)]
    return [each._replace(offset=n) for n, each in enumerate(log)]


def kept(view: Table) -> tuple:
    """All that a checkpoint keeps."""
    return view.stored, view.sources, view.clock, view.cursor, view.in_force


def test_outputs_do_not_depend_on_where_batches_are_cut() -> None:
    """A customer is told the same, byte for byte, whatever the load made of the batches."""
    log = _morning()
    whole_view = Table()
    whole = work_all(step_stage(), HERE, log, whole_view)
    assert {each.topic for each in whole} >= {"customer.state-changed.v1", "opportunities.v1"}
    for seed in range(20):
        chance = random.Random(seed)
        view = Table(bytes_max=chance.choice([1, 1500, 1 << 20]))
        cut = work_all(step_stage(), HERE, log, view, lambda _, c=chance: c.randrange(1, 5))
        assert cut == whole
        assert kept(view) == kept(whole_view)


def test_what_is_said_again_of_a_customer_is_what_was_said() -> None:
    """Whoever reads customer.state.v1 after a repair finds, byte for byte, what stood there."""
    log = _morning()
    for cut in range(len(log)):
        view, stage = Table(), step_stage()
        outputs = work_all(stage, HERE, log[: cut + 1], view)
        said = {each.key: each for each in outputs if each.topic == stage.views}
        again = stage.tell(0, list(said), view.rows, view.clock, view.in_force)
        assert [each for each in again if each not in said.values()] == []
    assert stage.tell(0, [b"c-unknown"], view.rows, view.clock, view.in_force)[0].value is None


def test_an_outage_s_timers_fire_in_pieces_and_each_once() -> None:
    """However many are due at one tick, a checkpoint holds them, and a restart goes on."""
    log = _morning(30)
    whole = work_all(step_stage(), HERE, log, Table())
    view = Table()
    assert work_all(step_stage(tick_customers_max=4), HERE, log, view) == whole
    assert view.cursor is None


def test_what_comes_twice_is_taken_once() -> None:
    """A stage that died repeats what it wrote; a customer does not feel it."""
    facts = [
        fact(n, "cart.item_added", f"email:u{n % 3}@example.com", n, cart=f"c-{n}", items=BOOTS)
        for n in range(9)
    ]
    records = customer_records(facts)
    repeated = [*records[:6], *records[2:], *records]
    repeated = [each._replace(offset=n) for n, each in enumerate(repeated)]
    assert work_all(step_stage(), HERE, repeated, Table(), lambda _: 4) == work_all(
        step_stage(), HERE, records, Table()
    )


def test_a_fact_on_which_the_engine_raises_goes_to_the_dead_letters_as_it_came() -> None:
    """A bug costs one fact, which is kept, and no state; the class of the error is told."""
    records = customer_records([fact(0, "page.viewed", "email:a@example.com", 0, page="/")])
    junk = records[0]._replace(offset=7, value=b"{junk")
    stage = step_stage()
    with pytest.raises(EngineFault) as caught:
        stage.work(HERE, [junk], Table())
    assert caught.value.offset == 7
    letter = stage.dead_letter(HERE, junk, caught.value)
    assert (letter.topic, letter.key, letter.value) == (f"{HERE.topic}.dlq", junk.key, b"{junk")
    headers = dict(letter.headers)
    assert headers.items() >= dict(junk.headers).items()
    assert headers["dlq_exception"] == b"DecodeError"


def test_a_customer_whose_tick_raises_stops_nobody_else() -> None:
    """One customer's broken timer is a dead letter; the others' timers fire at the same tick."""
    fuse = Fuse()
    stage = step_stage(fuse.rules())
    log = _morning(6)
    view = Table()
    work_all(stage, HERE, log[:-3], view)
    due = {key: row for key, row in view.stored.items() if row.wake_ms}
    fuse.lit = True
    outputs = work_all(stage, HERE, log[-3:], view)

    (letter,) = [each for each in outputs if each.topic.endswith(".dlq")]
    assert letter.key in due
    assert view.stored[letter.key].value == due[letter.key].value
    assert view.stored[letter.key].wake_ms == 0
    told = {each.key for each in outputs if each.topic == "customer.state-changed.v1"}
    assert len(told) >= 3
    assert letter.key not in told


class Fuse:
    """Rules with a bug: once lit, a journey's condition raises the first time it is asked."""

    lit = False

    def rules(self) -> Rules:
        """The shipped rules with the bug in the journey of abandoned carts."""
        journeys = tuple(
            replace(each, only_if=Expression("broken", frozenset(), self._run))
            if each.name == "abandoned-cart"
            else each
            for each in CATALOG.rules.journeys
        )
        return replace(CATALOG.rules, journeys=journeys)

    def _run(self, _: object) -> object:
        if self.lit:
            self.lit = False
            raise ZeroDivisionError
        return True


def test_what_admit_writes_names_where_it_came_from() -> None:
    """Each fact carries its origin, its cause, and hashes in the place of identifiers."""
    record = fact(41, "page.viewed", "email:ana@example.com", 0, page="/")
    (output,) = work_all(admit_stage(), Tp("channel.web.v1", 3), [record], Table())
    headers = dict(output.headers)
    assert output.topic == "identity.facts.v1"
    assert headers["src"] == b"channel.web.v1@1/3/41/0"
    assert headers["cause"] == b"channel.web.v1/3/41"
    assert headers["log_ms"] == str(record.timestamp).encode()
    assert len(output.key or b"") == 32
    assert b"ana" not in (output.key or b"")


def test_a_refused_record_is_a_dead_letter_and_the_next_is_admitted() -> None:
    """Junk between good facts costs nothing but itself."""
    good = fact(2, "page.viewed", "email:a@example.com", 0, page="/")
    outputs = work_all(
        admit_stage(), Tp("channel.web.v1", 0), [Record(1, None, b"junk"), good], Table()
    )
    assert [each.topic for each in outputs] == ["channel.web.v1.dlq", "identity.facts.v1"]


def test_resolve_passes_bodies_on_as_they_came() -> None:
    """Between admit and step nobody reads what a fact says."""
    records = [fact(n, "page.viewed", "email:a@example.com", n, page="/") for n in range(3)]
    admitted = work_all(admit_stage(), Tp("channel.web.v1", 0), records, Table())
    facts = written(admitted, "identity.facts.v1")
    view = Table()
    resolved: list[Output] = work_all(
        resolve_stage(), Tp("identity.facts.v1", 0), facts, view, lambda _: 1
    )
    bodies = [each.value for each in resolved if dict(each.headers)["k"] == b"fact"]
    assert bodies == [each.value for each in facts]
    assert len(view.stored) == 1
