"""The job on stock Faust: an agent and a table in RocksDB (rocksdict), nothing replaced.

python stock_faust.py BOOTSTRAP FACTS_TOPIC OUT_TOPIC DATA_DIR
"""

import sys
from typing import Any

import faust

BOOTSTRAP, FACTS, OUT, DATA_DIR = sys.argv[1:]

app = faust.App(
    f"stock-faust-{OUT}",
    broker=f"kafka://{BOOTSTRAP}",
    store="rocksdb://",
    datadir=DATA_DIR,
    topic_partitions=4,
    topic_disable_leader=True,
    producer_compression_type="lz4",
    producer_linger=0.02,
    consumer_auto_offset_reset="earliest",
    table_standby_replicas=0,
    web_enabled=False,
)
facts = app.topic(FACTS, key_type=bytes, value_serializer="json")
changes = app.topic(OUT, key_type=bytes, value_serializer="json")
customers = app.Table("customers", partitions=4, key_type=bytes, options={"driver": "rocksdict"})


@app.agent(facts)
async def work(stream: Any) -> None:
    """One fact at a time, as Faust's own documentation does it."""
    async for customer, fact in stream.items():
        seq, status, total, events = customers.get(customer) or (0, "none", 0, 0)
        after = status
        if fact["type"] == "cart.item_added":
            after, total = "open", total + fact["price"]
        elif fact["type"] == "cart.item_removed" and status == "open":
            total = max(0, total - fact["price"])
            after = "open" if total else "emptied"
        elif fact["type"] == "order.completed" and status == "open":
            after, total = "bought", 0
        events += 1
        if after != status:
            seq += 1
            change = {
                "customer": fact["customer"], "seq": seq, "from": status, "to": after,
                "total": total, "events": events, "at_ms": fact["at_ms"],
            }  # fmt: skip
            await changes.send(key=customer, value=change)
        customers[customer] = [seq, after, total, events]


if __name__ == "__main__":
    sys.argv[1:] = ["-L", "uvloop", "worker", "-l", "warn", "--without-web"]
    app.main()
