"""Two years of what was sold are loaded beside live facts: they inform, and begin nothing."""

import json
import time
from pathlib import Path

import pytest
from kafka import KafkaProducer

from adaptive_stream.broker import Broker
from adaptive_stream.cli.main import main
from tests.bench import mix
from tests.bench.history import TWO_YEARS_MS, begun_too_late
from tests.broker.stack import Stack

pytestmark = [pytest.mark.broker, pytest.mark.slow(30)]

FACTS, PEOPLE = 1_000, 80
MINUTE_MS, DAY_MS = 60_000, 86_400_000
OWNER, OTHER = "owner@example.com", "other@example.com"


def record(type_: str, at_ms: int, who: str, item: str, **data: str) -> bytes:
    items = [{"sku": item, "quantity": 1, "price": 89.0}]
    said = {"id": f"{type_}-{who}-{at_ms}", "type": type_, "time": at_ms}
    return json.dumps(
        {**said, "identifiers": {"email": who}, "data": {"items": items, "currency": "GBP", **data}}
    ).encode()


def test_a_history_begins_nothing_and_informs_what_is_decided_now(
    broker: Broker, tmp_path: Path, topic_prefix: str
) -> None:
    """Carts of two years ago are nobody's reminder; who bought a care kit last month is offered
    none with the next pair of boots, and somebody else is."""
    now_ms = int(time.time() * 1000)
    file = tmp_path / "history.ndjson"
    kit = record("order.completed", now_ms - 30 * DAY_MS, OWNER, "care-kit", order="H-1")
    old = mix.facts(FACTS, PEOPLE, now_ms - DAY_MS, span_ms=TWO_YEARS_MS)
    file.write_bytes(b"\n".join([kit, *(value for _, _, value in old)]))
    with Stack(broker.bootstrap, tmp_path, topic_prefix) as stack:
        live(stack, "cart.item_added", now_ms - 40 * MINUTE_MS, cart="cart-9")
        for who in (OWNER, OTHER):
            stack.wait_for(
                "customer.state.v1",
                lambda state, who=who: bool(state.get("journeys")) and who in json.dumps(state),
            )
        words = ("send", "web", str(file), "--behind-at-most", "300")
        assert main([*words, "--bootstrap", stack.bootstrap, "--prefix", stack.prefix]) == 0
        live(stack, "order.completed", now_ms, order="R-77", store="leeds-2")
        # Both are in one partition, and the owner's purchase comes first.
        stack.wait_for("opportunities.v1", lambda one: one["offer"] == "care-kit")
        kits = [one for one in stack.values("opportunities.v1") if one["offer"] == "care-kit"]
        stops = stack.values("suppressions.email.v1")
        changes = stack.values("customer.state-changed.v1")

    assert {one["recipients"][0]["value"] for one in kits} == {OTHER}
    bought = [one for one in stops if one["because"] == "bought_these_items"]
    assert {one["recipients"][0]["value"] for one in bought} == {OWNER, OTHER}
    assert begun_too_late(changes, stack.catalog.rules) == []
    begun = [
        t for change in changes for t in change["transitions"] if t["name"] == "journey.entered"
    ]
    assert [one["instance"] for one in begun if one["journey"] == "abandoned-cart"] == 2 * [
        "cart-9"
    ]


def live(stack: Stack, type_: str, at_ms: int, **data: str) -> None:
    """Both do the same."""
    topic = stack.topic("channel.web.v1")
    with KafkaProducer(bootstrap_servers=stack.bootstrap) as producer:
        for who in (OWNER, OTHER):
            said = {
                name: f"{text}-{who}" if name == "order" else text for name, text in data.items()
            }
            producer.send(topic, record(type_, at_ms, who, "boots-41", **said))
