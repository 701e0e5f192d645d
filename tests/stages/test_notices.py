"""What is no customer's goes once into each partition, and lies there among her facts."""

import json
import random
from typing import Any

from adaptive_stream.engine.notice import decode_notice
from adaptive_stream.stages.records import CONTEXT, CUSTOMER_FACTS, EVERY, IDENTITY_FACTS, Output
from adaptive_stream.stages.table import Table
from tests.stages.stage_world import (
    T0_MS,
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

BACKOFFICE = Tp("channel.backoffice.v1", 0)
IDENTITY, HERE = Tp(IDENTITY_FACTS, 0), Tp(CUSTOMER_FACTS, 0)
BAR_CODE = "4006381333931"


def about(n: int, name: str, minutes: float, **data: object) -> Record:
    """A channel record without a customer."""
    at_ms = T0_MS + int(minutes * 60_000)
    said: dict[str, Any] = {"id": f"c-{n}", "type": name, "time": at_ms, "data": data}
    return Record(n, None, json.dumps(said).encode(), (), at_ms)


def described(n: int = 0, minutes: float = 0) -> Record:
    return about(n, "product.described", minutes, sku="boots", gtin=BAR_CODE, category="shoes")


def resolved(records: list[Record], view: Table) -> list[Output]:
    """What resolve makes of channel records without a customer."""
    admitted = work_all(admit_stage(), BACKOFFICE, records, Table())
    first = len(view.sources) * 100  # Later records have later places.
    return work_all(resolve_stage(), IDENTITY, written(admitted, IDENTITY_FACTS, first), view)


def test_a_description_goes_to_the_row_of_each_code() -> None:
    """By its subject as the key, so that one partition of resolve writes it."""
    outputs = work_all(admit_stage(), BACKOFFICE, [described()], Table())

    assert [each.key for each in outputs] == [
        b"#note/item/boots",
        f"#note/item/gtin:{BAR_CODE}".encode(),
    ]
    assert {dict(each.headers)["k"] for each in outputs} == {b"context"}
    assert len({dict(each.headers)["src"] for each in outputs}) == 2


def test_each_partition_is_told_once_and_a_board_can_read_it() -> None:
    """One copy of the row for every partition, and one for context.v1."""
    outputs = resolved([described()], Table())

    told = [each for each in outputs if each.topic == CUSTOMER_FACTS]
    shown = [each for each in outputs if each.topic == CONTEXT]
    assert [each.partition for each in told] == [EVERY, EVERY]
    assert "src" not in dict(told[0].headers)
    assert [each.key for each in shown] == [b"item/boots", f"item/gtin:{BAR_CODE}".encode()]
    assert [each.value for each in shown] == [each.value for each in told]


def test_the_same_again_is_told_to_nobody() -> None:
    """A feed that repeats its prices each night costs no record."""
    view = Table()
    price = about(0, "product.price_changed", 0, sku="boots", price=89.0)
    again = about(1, "product.price_changed", 0, sku="boots", price=89.0)

    assert len(resolved([price], view)) == 2
    assert resolved([again._replace(value=price.value)], view) == []


def test_a_source_without_a_name_is_nobodys() -> None:
    """A heartbeat that does not say whose it is says nothing."""
    heartbeat = about(0, "channel.complete", 0, until=T0_MS)

    assert work_all(admit_stage(), BACKOFFICE, [heartbeat], Table()) == []


def _log() -> list[Record]:
    """A cart, a description and a price amid it, a purchase by bar code, and ticks."""
    who = "email:ana@example.com"
    boots = [{"sku": "boots", "quantity": 1, "price": 89.0}]
    mine = customer_records(
        [
            fact(0, "cart.item_added", who, 0, cart="cart-1", items=boots),
            fact(
                1, "order.completed", who, 41, order="R-1", value=89.0, items=[{"gtin": BAR_CODE}]
            ),
        ]
    )
    notices = written(resolved([described(0, 35)], Table()), CUSTOMER_FACTS)
    log = [*mine[:-1], tick(0, 31), *notices, mine[-1], notices[0], tick(0, 61), tick(0, 90)]
    return [each._replace(offset=n) for n, each in enumerate(log)]


def test_outputs_do_not_depend_on_where_batches_are_cut_around_a_notice() -> None:
    """A notice holds from its place in the log on, in whichever batch it is read."""
    log = _log()
    whole_view = Table()
    whole = work_all(step_stage(), HERE, log, whole_view)
    stops = [
        each
        for each in whole
        if each.topic.startswith("suppressions.") and b"bought_these" in each.value
    ]
    assert stops
    for seed in range(10):
        chance = random.Random(seed)
        view = Table(bytes_max=chance.choice([1, 1 << 20]))
        cut = work_all(step_stage(), HERE, log, view, lambda _, c=chance: c.randrange(1, 4))
        assert cut == whole
        assert view.stored == whole_view.stored


def test_a_notice_is_kept_with_the_customers() -> None:
    """Whoever takes the partition over has it from the changelog, and says of her what was said."""
    view, stage = Table(), step_stage()
    outputs = work_all(stage, HERE, _log(), view)

    kept = decode_notice(view.stored[b"#note/item/boots"].value)
    assert kept.said["product.described"].data["category"] == "shoes"
    said = {each.key: each for each in outputs if each.topic == stage.views}
    assert stage.tell(0, list(said), view.rows, view.clock, view.in_force) == list(said.values())


def test_a_night_s_prices_are_checkpointed_in_pieces() -> None:
    """A feed of a thousand items fills several checkpoints, and nothing of it is lost."""
    prices = [about(n, "product.price_changed", 0, sku=f"sku-{n}", price=9.0) for n in range(200)]
    notices = written(resolved(prices, Table()), CUSTOMER_FACTS)
    view, pieces = Table(bytes_max=4_000), []
    at = 0
    while at < len(notices):
        outcome = step_stage().work(HERE, notices[at:], view)
        view.accept(outcome)
        pieces.append(outcome.bytes)
        at = outcome.next_offset

    assert len(pieces) > 5
    assert max(pieces) < 8_000
    assert sum(key.startswith(b"#note/item/sku-") for key in view.stored) == 200
