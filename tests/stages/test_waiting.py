"""Whose timers are due but wait for a silent channel are not visited at each tick for nothing."""

import random
from collections.abc import Iterable
from typing import Any

import pytest

from adaptive_stream.engine.clock import Clock, encode_clock
from adaptive_stream.stages.outcome import Row
from adaptive_stream.stages.table import Table
from tests.stages.stage_world import (
    CATALOG,
    T0_MS,
    Record,
    Tp,
    customer_records,
    fact,
    step_stage,
    tick,
    work_all,
)

HERE = Tp("customer.facts.v1", 0)
BOOTS = [{"sku": "boots", "quantity": 1, "price": 90}]
WHO = 12


class Counted(Table):
    """A partition that counts the rows it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def rows(self, keys: Iterable[bytes]) -> dict[bytes, Row]:
        """The rows that exist."""
        wanted = [*keys]
        self.asked += sum(key.startswith(b"c-") for key in wanted)
        return super().rows(wanted)


def _tick(minutes: float, *, store: float | None) -> Record:
    """A tick; the shop's tills were heard until `store`, all others until now. None: of no channel
    anything is known yet."""
    now_ms = T0_MS + int(minutes * 60_000)
    known = dict.fromkeys(CATALOG.channels, now_ms) if store is not None else {}
    if store is not None:
        known["store"] = T0_MS + int(store * 60_000)
    body = encode_clock(Clock(now_ms=now_ms, known=known))
    return Record(0, b"#tick", body, (("k", b"tick"),), now_ms)


def _numbered(records: list[Record]) -> list[Record]:
    return [each._replace(offset=n) for n, each in enumerate(records)]


def _carts(*more: Record) -> list[Record]:
    """Everybody can be reached by mail, and puts boots into a cart within the first minute; then
    more comes."""
    facts = []
    for n in range(WHO):
        who = f"email:u{n}@example.com"
        given = {"channel": "email", "purpose": "marketing", "proof": f"form-{n}"}
        facts.append(fact(2 * n, "consent.given", who, 0, **given))
        facts.append(fact(2 * n + 1, "cart.item_added", who, n / WHO, cart=f"c-{n}", items=BOOTS))
    return customer_records([*facts, *more])


def _names(outputs: list[Any]) -> int:
    return sum(b"cart.abandoned" in (each.value or b"") for each in outputs)


@pytest.mark.parametrize("store", [20, None])
def test_who_waits_for_a_dead_till_costs_nothing_until_it_speaks(store: float | None) -> None:
    """Many carts wait because a shop is off line, or because the clock of a new worker knows of no
    channel yet: ticks go by them, and when the shop is back each is abandoned. Prices are looked at
    once an hour all the same."""
    view, stage, carts = Counted(), step_stage(), _carts()
    silent = [_tick(40 + n / 2, store=store) for n in range(20)]
    log = _numbered([*carts, *silent, _tick(51, store=51)])
    before = len(carts)
    assert not _names(work_all(stage, HERE, log[: before + 1], view, lambda _: 1))
    view.asked = 0
    assert not _names(work_all(stage, HERE, log[before + 1 : -1], view, lambda _: 1))
    assert view.asked < len(silent)  # Of WHO times as many.
    assert _names(work_all(stage, HERE, log[-1:], view))
    assert view.asked >= WHO


def test_whoever_buys_meanwhile_is_seen() -> None:
    """She waits, and buys: she is visited as before, and nothing is said of her cart."""
    stage, view = step_stage(), Table()
    *carts, buys = _carts(
        fact(99, "order.completed", "email:u3@example.com", 44, order="o", items=BOOTS)
    )
    log = [*carts, _tick(40, store=20), _tick(41, store=20), buys, tick(0, 46)]
    outputs = work_all(stage, HERE, _numbered(log), view, lambda _: 1)
    abandoned = {each.key for each in outputs if b"cart.abandoned" in (each.value or b"")}
    assert len(abandoned) == WHO - 1
    assert buys.key not in abandoned


@pytest.mark.parametrize("seed", range(30))
def test_what_was_remembered_changes_nothing(seed: int) -> None:
    """A worker that has just begun, which remembers nobody, says the same, byte for byte, as one
    that saw every tick, however the channels lag."""
    chance = random.Random(seed)
    carts, log = _carts(), list[Record]()
    minute, unheard = 20.0, chance.randrange(12)
    for each in carts:
        log.append(each)
        if chance.random() < 0.3:
            minute += chance.choice([0.5, 3, 20])
            heard = minute - chance.choice([0, 1, 30, 90, 900])
            log.append(_tick(minute, store=heard if unheard < 6 else None))
    for number in range(60):
        minute += chance.choice([0.5, 0.5, 5, 60, 60 * 24])
        heard = minute - chance.choice([0, 1, 30, 90, 3_000])
        log.append(_tick(minute, store=heard if number > unheard else None))
    log = _numbered(log)
    kept, fresh = Table(), Table()
    said = work_all(step_stage(), HERE, log, kept, lambda n: n % 3 + 1)
    again, at = [], 0
    while at < len(log):
        again += work_all(step_stage(), HERE, log[at : at + 1], fresh)
        at += 1
    assert again == said
    assert _names(said)
    assert (kept.stored, kept.clock) == (fresh.stored, fresh.clock)


def test_a_gap_in_what_was_seen_forgets_all() -> None:
    """The partition was elsewhere for a while: what happened there is not known here."""
    stage, view, carts = step_stage(), Counted(), _carts()
    log = _numbered([*carts, *(_tick(40 + n / 2, store=20) for n in range(6))])
    work_all(stage, HERE, log[:-2], view, lambda _: 1)
    view.asked = 0
    work_all(stage, HERE, log[-1:], view)
    assert view.asked == WHO
