"""The project's own form: what a producer writes is what the engine is told."""

import json

import pytest

from adaptive_stream.engine.fact import Fact, Line
from adaptive_stream.engine.refusal import Dropped, Flaw, Reason
from adaptive_stream.formats import ReadRule, admit, parse_drop, parse_path
from tests.formats.hostile import NOW_MS, data, good, text

STORE = ReadRule(
    "store",
    source_path=parse_path("data.store"),
    drop=(parse_drop("data.card"), parse_drop("data.training == true")),
)


def one(record, read=STORE, timestamp_ms=NOW_MS, key=None):
    """The one fact of a record, and its flaws."""
    admission = admit(text(record), key, [], timestamp_ms, read)
    assert admission.refused is None, admission
    assert len(admission.facts) == 1
    return admission.facts[0], set(admission.flaws)


def test_the_receipt_of_the_design():
    """The till's receipt becomes a fact: money in pence, the shop as its source."""
    record = {
        "id": "pos-8812",
        "type": "order.completed",
        "time": "2026-03-03T10:41:07Z",
        "identifiers": {"loyalty": "L-204"},
        "data": data(77),
    }

    assert one(record) == (
        Fact(
            id="pos-8812",
            type="order.completed",
            at_ms=NOW_MS,
            channel="store",
            source="leeds-2",
            identifiers=("loyalty:L-204",),
            lines=(Line("boots-41", 1, 8900),),
            data={"currency": "GBP", "order": "R-77", "store": "leeds-2", "value": 8900},
        ),
        set(),
    )


def test_a_phone_whose_clock_is_three_hours_fast():
    """What her phone says happened at 13:00 happened at 10:00, and its claim is kept (S21)."""
    received_ms = 1_772_532_005_000  # 10:00:05
    record = good(1, time="2026-03-03T13:00:00Z", sent_at="2026-03-03T13:00:05Z")

    fact, flaws = one(record, timestamp_ms=received_ms)

    assert (fact.at_ms, fact.time_source) == (received_ms - 5_000, "corrected")
    assert fact.claimed_ms == received_ms - 5_000 + 3 * 3_600_000
    assert flaws == set()


def test_a_receipt_without_any_id_is_the_same_receipt_twice():
    """Written again with other spaces and another order of keys, it is recognised (S19)."""
    record = good(1, id=None)
    again = dict(reversed(record.items()))

    first = admit(text(record), None, [], NOW_MS, STORE).facts[0]
    second = admit(json.dumps(again, indent=2).encode(), None, [], NOW_MS + 9, STORE).facts[0]
    other = admit(text(good(2, id=None)), None, [], NOW_MS, STORE).facts[0]

    assert first.id == second.id
    assert first.id.startswith("h-")
    assert first.id != other.id


def test_a_broken_price_costs_only_the_price():
    """A purchase with a price nobody can read still silences the mail (S23)."""
    broken = data(1, items=[{"sku": "boots-41", "price": "eighty-nine"}])

    fact, flaws = one(good(1, data=broken))

    assert fact.lines == (Line("boots-41", 1, None),)
    assert flaws == {Flaw.PRICE_UNREADABLE}


def test_a_card_number_goes_no_further():
    """A payment card on a receipt is dropped at the door and counted (S23)."""
    with_card = data(1, card="4111 1111 1111 1111", pan=4111111111111111)
    for read in (STORE, ReadRule("store")):
        fact, flaws = one(good(1, data=with_card), read)

        assert "1111" not in repr(fact)
        assert flaws == {Flaw.CARD_NUMBER_DROPPED}


@pytest.mark.parametrize("training", [True, "true", "True"])
def test_a_training_receipt_is_dropped(training):
    """A cashier who practises buys nothing; that is no fault of the till."""
    admission = admit(text(good(1, data=data(1, training=training))), None, [], NOW_MS, STORE)

    assert admission.dropped == (Dropped.BY_RULE,)
    assert (admission.facts, admission.refused) == ((), None)


def test_a_receipt_that_is_no_training_stays():
    """`training: false`, 1 or null is not `true`."""
    for training in (False, "false", 1, None, [True]):
        one(good(1, data=data(1, training=training)))


def test_the_key_may_name_her():
    """Where only the record's key says who it was, the channel's file says what the key is."""
    read = ReadRule("store", key_is="loyalty")

    fact, _ = one(good(1, identifiers=None), read, key=b"L-9")
    assert fact.identifiers == ("loyalty:L-9",)
    fact, _ = one(good(1), read, key=b"L-9")
    assert fact.identifiers == ("loyalty:L-1",)


def test_a_local_time_is_read_in_the_zone_of_the_till():
    """Eleven o'clock in a shop in Berlin is ten o'clock in London."""
    fact, _ = one(good(1, time="2026-03-03T11:41:07"), ReadRule("store", zone="Europe/Berlin"))

    assert fact.at_ms == NOW_MS


def test_a_source_about_nobody_needs_no_name():
    """A shop's word that it is complete, and an item out of stock, are about no customer."""
    said = {"source": "leeds-2", "until": "2026-03-03T10:41:07Z"}
    fact, _ = one({"type": "channel.complete", "data": said})
    assert (fact.source, fact.data["until_ms"], fact.identifiers) == ("leeds-2", NOW_MS, ())

    fact, _ = one({"type": "product.out_of_stock", "data": {"sku": "boots-41"}})
    assert fact.data == {"item": "boots-41"}


def test_a_declared_format_is_not_guessed():
    """A topic declared native refuses what looks like another format, for lack of a fact."""
    call = {"type": "track", "event": "Order Completed", "userId": "u-1"}

    refused = admit(text(call), None, [], NOW_MS, ReadRule("web", "native")).refused

    assert refused is not None
    assert (refused.reason, refused.detail) == (Reason.UNKNOWN_FACT, "track")
