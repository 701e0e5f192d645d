"""A record that a producer packed so well that nobody can pack it again."""

import json
import random
import uuid

import confluent_kafka
import pytest

from adaptive_stream.formats.dead_letter import mask_cards
from tests.broker.stack import Stack

pytestmark = [pytest.mark.broker]

CHANNEL = "channel.store.v1"
WITHIN_S = 60
# Hexadecimal digits of noise: zstd halves them, lz4 does not; 1.9 MB is more than a batch may be.
NOISE = random.Random(7).randbytes(950_000).hex()


def test_a_record_that_cannot_be_kept_whole_stops_nobody(broker, tmp_path) -> None:
    """Its beginning is a dead letter that says where it stands; the receipt behind it counts."""
    with Stack(broker.bootstrap, tmp_path, f"t{uuid.uuid4().hex[:10]}.") as stack:
        junk = b'{"junk":"' + NOISE.encode()
        receipt = {
            "type": "order.completed",
            "identifiers": {"loyalty": "L-204"},
            "data": {"order": "R-77", "store": "leeds-2", "value": 89.0, "currency": "GBP"},
        }
        producer = confluent_kafka.Producer(
            {
                "bootstrap.servers": stack.bootstrap,
                "compression.type": "zstd",
                "message.max.bytes": 4_000_000,
            }
        )
        for value in (junk, json.dumps(receipt).encode()):
            producer.produce(stack.topic(CHANNEL), value=value)
            assert producer.flush(WITHIN_S) == 0  # A batch of its own for each.

        stack.wait_for(
            "customer.state-changed.v1",
            lambda said: any(t["name"] == "order.added" for t in said["transitions"]),
            WITHIN_S,
        )

        (letter,) = stack.records(f"{CHANNEL}.dlq")
        headers = dict(letter.headers)
        assert mask_cards(junk).startswith(letter.value)
        assert int(headers["adaptive-stream.truncated"]) >= len(junk)
        assert int(headers["__connect.errors.offset"]) == 0
        assert headers["adaptive-stream.reason"] == b"not_json"
