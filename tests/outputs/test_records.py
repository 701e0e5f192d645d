"""What consumers of the output topics can rely on, record by record."""

from hashlib import sha256

import msgspec
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat

from adaptive_stream import outputs
from adaptive_stream.engine.decision import Cause, StateChanged, Transition
from adaptive_stream.outputs.record import time_text
from tests.outputs.examples import (
    BOUGHT,
    BOUGHT_MS,
    DECISIONS,
    FORGOTTEN,
    KNOWN_MS,
    MERGED,
    OFFER_CARE,
    PRINTED,
    STATE,
    STOP_THE_MAIL,
    compact,
)

replace = msgspec.structs.replace


def value_of(decision) -> dict:
    (record,) = outputs.records(decision)
    return msgspec.json.decode(record.value)


def headers_of(decision) -> dict[str, str]:
    (record,) = outputs.records(decision)
    return {name: value.decode() for name, value in record.headers}


@pytest.mark.parametrize(("decision", "printed"), PRINTED, ids=["changed", "suppression", "offer"])
def test_the_records_of_the_design_come_out_as_they_are_printed_there(decision, printed):
    """A developer who coded against the documentation gets those fields in that order."""
    (record,) = outputs.records(decision)

    assert record.value == compact(printed)
    assert record.key == b"c-71f0"


@pytest.mark.parametrize("decision", DECISIONS.values(), ids=DECISIONS)
def test_every_record_is_a_cloud_event_whose_topic_is_declared(decision):
    """A reader of CloudEvents finds the four required attributes, subject, time and media type."""
    (record,) = outputs.records(decision)
    headers = headers_of(decision)

    assert record.topic in outputs.TOPICS
    assert headers["ce_specversion"] == "1.0"
    assert headers["ce_id"].startswith("c-71f0.")
    assert headers["ce_source"] == f"adaptive-stream/{record.topic}"
    assert headers["ce_type"].startswith("adaptive-stream.")
    assert headers["ce_type"].endswith(".v1")
    assert headers["ce_subject"] == "c-71f0"
    assert headers["ce_time"] == "2026-03-03T10:41:07.412Z"
    assert headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "decision", [BOUGHT, STOP_THE_MAIL, OFFER_CARE], ids=["changed", "suppression", "offer"]
)
def test_the_sdk_of_cloud_events_reads_them(decision):
    """Who uses the SDK gets an event with data, as from anybody else."""
    (record,) = outputs.records(decision)
    event = from_binary(KafkaMessage(dict(record.headers), record.key, record.value), JSONFormat())

    assert event.get_data() == value_of(decision)
    assert event.get_subject() == "c-71f0"
    assert event.get_time().isoformat() == "2026-03-03T10:41:07.412000+00:00"


def test_the_type_of_a_change_is_that_of_its_first_transition():
    """A consumer that cares for bought carts alone reads no other value."""
    merged = replace(BOUGHT, transitions=(Transition("customer.merged", BOUGHT_MS),))

    assert headers_of(BOUGHT)["ce_type"] == "adaptive-stream.customer.cart.bought.v1"
    assert headers_of(merged)["ce_type"] == "adaptive-stream.customer.merged.v1"


def test_a_transition_tells_its_own_time_only_where_it_is_another():
    """After a merge one record holds what happened on Monday and on Tuesday, each with its day."""
    earlier = Transition("order.added", BOUGHT_MS - 60_000, {"key": "R-76"})
    both = value_of(replace(BOUGHT, transitions=(*BOUGHT.transitions, earlier)))

    assert "event_time" not in both["transitions"][0]
    assert both["transitions"][1] == {
        "name": "order.added",
        "key": "R-76",
        "event_time": "2026-03-03T10:40:07Z",
    }


def test_a_customer_who_absorbed_others_says_who_they_were():
    """A consumer that knew c-71f0 learns under which name she goes on."""
    winner = replace(BOUGHT, customer="c-0a11", was=("c-71f0",))

    assert list(value_of(winner))[-1] == "was"
    assert value_of(winner)["was"] == ["c-71f0"]
    assert "was" not in value_of(BOUGHT)


def test_a_cause_whose_record_is_not_at_hand_has_no_position():
    """A fact that came in by a merge is named by its id; a made-up offset would mislead."""
    unplaced = Cause(at_ms=BOUGHT_MS, id="pos-1", type="order.completed", channel="store")
    (cause,) = value_of(replace(BOUGHT, causes=(unplaced,)))["cause"]

    assert (cause["topic"], cause["partition"], cause["offset"]) == (None, None, None)


def test_a_change_that_only_time_brought_about_has_no_cause():
    """An abandoned cart is nobody's act: the list is empty rather than absent."""
    abandoned = StateChanged(
        customer="c-71f0",
        state_seq=13,
        transitions=(Transition("cart.abandoned", BOUGHT_MS, {"key": "cart-9"}),),
        event_ms=BOUGHT_MS,
        known_ms=BOUGHT_MS,
        causes=(),
        led_to=(),
        rules="r-42",
        identity_epoch=1,
        consent_epoch=1,
    )

    assert value_of(abandoned)["cause"] == []


def test_suppressions_can_be_filtered_without_parsing_them():
    """A sender that shares its topic with others skips their records by header."""
    headers = headers_of(STOP_THE_MAIL)

    assert (headers["action"], headers["journey"]) == ("suppress", "abandoned-cart")
    assert headers["sender"] == "braze"


def test_a_suppression_for_two_senders_or_none_names_no_sender():
    """A sender that filters by its own name must never miss a stop that is meant for it too."""
    (planned,) = STOP_THE_MAIL.messages
    two = replace(STOP_THE_MAIL, messages=(planned, {**planned, "sender": "sendgrid"}))

    assert headers_of(two)["sender"] == ""
    assert headers_of(replace(STOP_THE_MAIL, messages=()))["sender"] == ""


def test_an_advertising_platform_is_told_no_address():
    """It matches people by the hash of their address; nothing else of hers leaves."""
    ads = replace(STOP_THE_MAIL, channel="ads")
    (record,) = outputs.records(ads)
    (recipient,) = value_of(ads)["recipients"]

    assert record.topic == "suppressions.ads.v1"
    assert b"ana@example.com" not in record.value
    assert b"bz-1" not in record.value
    assert recipient == {
        "type": "email_sha256",
        "value": sha256(b"ana@example.com").hexdigest(),
    }


def test_a_hold_says_until_when_and_a_message_without_a_due_time_says_null():
    """A sender needs no timer of its own, and no guess about what is not known."""
    hold = replace(
        STOP_THE_MAIL,
        action="hold",
        until_ms=KNOWN_MS + 60_000,
        cause=None,
        messages=({"message": "m-9", "sender": "lob", "handle": ""},),
    )

    assert value_of(hold)["until"] == "2026-03-03T10:42:07.412Z"
    assert value_of(hold)["cause"] is None
    assert value_of(hold)["messages"][0]["due"] is None


def test_a_withdrawal_repeats_the_id_of_its_offer_but_is_an_event_of_its_own():
    """Who holds the offer finds it by id; who drops repeated CloudEvents still sees the end."""
    withdrawal = replace(OFFER_CARE, action="withdraw", because="bought_offer")

    assert value_of(withdrawal)["id"] == value_of(OFFER_CARE)["id"]
    assert headers_of(withdrawal)["ce_id"] != headers_of(OFFER_CARE)["ce_id"]


def test_the_state_of_a_customer_is_her_view_a_pointer_or_nothing():
    """A table built from the topic holds each living customer once, and forgets the others."""
    assert value_of(STATE) == STATE.view
    assert value_of(MERGED) == {"merged_into": "c-0a11"}
    assert outputs.records(FORGOTTEN)[0].value is None


def test_a_state_that_changed_under_one_number_has_an_id_of_its_own():
    """Who drops repeated ids never drops the newer of two states."""
    touched = replace(STATE, view={**STATE.view, "profile": {"language": "de"}})

    assert headers_of(touched)["ce_id"] != headers_of(STATE)["ce_id"]


@pytest.mark.parametrize(
    ("at_ms", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1, "1970-01-01T00:00:00.001Z"),
        (BOUGHT_MS, "2026-03-03T10:41:07Z"),
        (BOUGHT_MS + 990, "2026-03-03T10:41:07.990Z"),
        (-5, "1970-01-01T00:00:00Z"),
        (10**17, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_times_are_utc_with_milliseconds_only_when_there_are_any(at_ms, text):
    """Every parser of RFC 3339 reads them, and a sender's absurd due date stops nobody."""
    assert time_text(at_ms) == text


@pytest.mark.parametrize("decision", DECISIONS.values(), ids=DECISIONS)
def test_a_repeated_decision_is_written_with_the_same_bytes(decision):
    """After a crash a consumer sees the same record again, never another under the same id."""
    assert outputs.records(decision) == outputs.records(decision)
