"""Stock Faust reads a table back from its changelog, and says how long that took.

python stock_faust_restore.py BOOTSTRAP APP_ID DATA_DIR
"""

import sys
import time
from typing import Any

import faust

BOOTSTRAP, APP_ID, DATA_DIR = sys.argv[1:]

app = faust.App(
    APP_ID,
    broker=f"kafka://{BOOTSTRAP}",
    store="rocksdb://",
    datadir=DATA_DIR,
    topic_partitions=4,
    topic_disable_leader=True,
    table_standby_replicas=0,
    web_enabled=False,
)
customers = app.Table("customers", partitions=4, key_type=bytes, options={"driver": "rocksdict"})
assigned_s = 0.0


@app.agent(app.topic(f"{APP_ID}.facts", key_type=bytes, value_serializer="raw"))
async def work(stream: Any) -> None:
    """Nothing comes; an agent that uses the table makes the app own its partitions."""
    async for key, value in stream.items():
        customers[key] = value


@app.on_partitions_assigned.connect
async def on_assigned(*_: Any, **__: Any) -> None:
    """Recovery begins."""
    global assigned_s  # noqa: PLW0603 (the signal's only way to the callback below)
    assigned_s = time.perf_counter()


@customers.on_recover
async def on_recovered(*_: Any) -> None:
    """Recovery has ended."""
    print(f"restored {time.perf_counter() - assigned_s:.3f}", flush=True)


if __name__ == "__main__":
    sys.argv[1:] = ["-L", "uvloop", "worker", "-l", "warn", "--without-web"]
    app.main()
