"""The job on Quix Streams, with its RocksDB state and changelog.

python quix.py BOOTSTRAP FACTS_TOPIC OUT_TOPIC DATA_DIR
"""

import sys
from typing import Any

from quixstreams import Application, State


def work(fact: dict[str, Any], state: State) -> list[dict[str, Any]]:
    """A fact -> what goes out, none or one."""
    seq, status, total, events = state.get("cart") or (0, "none", 0, 0)
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
    state.set("cart", [seq, after, total, events])
    if after == status:
        return []
    change = {"customer": fact["customer"], "seq": seq, "from": status, "to": after}
    return [{**change, "total": total, "events": events, "at_ms": fact["at_ms"]}]


def main() -> None:
    """Runs until it is told to stop."""
    bootstrap, facts, out, data_dir = sys.argv[1:]
    app = Application(
        broker_address=bootstrap,
        consumer_group=f"quix-{out}",
        auto_offset_reset="earliest",
        state_dir=data_dir,
        loglevel="WARNING",
        producer_extra_config={"compression.type": "lz4", "linger.ms": 20},
    )
    frame = app.dataframe(app.topic(facts, value_deserializer="json"))
    frame = frame.apply(work, stateful=True, expand=True)
    frame.to_topic(app.topic(out, value_serializer="json"))
    app.run()


if __name__ == "__main__":
    main()
