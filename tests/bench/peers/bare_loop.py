"""The job as a bare aiokafka loop, state in a dict and nowhere else: the limit for Python.

python bare_loop.py BOOTSTRAP FACTS_TOPIC OUT_TOPIC
"""

import gc
import sys
from typing import Any

import orjson
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer


def change_by(fact: dict[str, Any], state: list[Any]) -> bytes | None:
    """A fact on a state, which is changed; what goes out."""
    seq, status, total, events = state
    after = status
    if fact["type"] == "cart.item_added":
        after, total = "open", total + fact["price"]
    elif fact["type"] == "cart.item_removed" and status == "open":
        total = max(0, total - fact["price"])
        after = "open" if total else "emptied"
    elif fact["type"] == "order.completed" and status == "open":
        after, total = "bought", 0
    events += 1
    seq += after != status
    state[:] = seq, after, total, events
    if after == status:
        return None
    change = {"customer": fact["customer"], "seq": seq, "from": status, "to": after}
    return orjson.dumps({**change, "total": total, "events": events, "at_ms": fact["at_ms"]})


async def main() -> None:
    """Runs until it is told to stop."""
    bootstrap, facts, out = sys.argv[1:]
    states: dict[bytes, list[Any]] = {}
    consumer = AIOKafkaConsumer(
        facts, bootstrap_servers=bootstrap, group_id=f"bare-{out}", auto_offset_reset="earliest",
        fetch_max_wait_ms=50, max_partition_fetch_bytes=4 << 20,
    )  # fmt: skip
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, compression_type="lz4", max_batch_size=1 << 20
    )
    await consumer.start()
    await producer.start()
    while True:
        fetched = await consumer.getmany(timeout_ms=1_000, max_records=4_000)
        for tp, records in fetched.items():
            batch = producer.create_batch()
            for record in records:
                state = states.setdefault(record.key, [0, "none", 0, 0])
                value = change_by(orjson.loads(record.value), state)
                while value and not batch.append(timestamp=None, key=record.key, value=value):
                    await producer.send_batch(batch, out, partition=tp.partition)
                    batch = producer.create_batch()
            if batch.record_count():
                await producer.send_batch(batch, out, partition=tp.partition)


if __name__ == "__main__":
    gc.set_threshold(200_000, 20, 100)  # As our worker has it.
    uvloop.run(main())
