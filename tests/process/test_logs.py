"""What an operator reads in the worker's log."""

import json
import logging
import re
import subprocess
import sys

from adaptive_stream.process.logs import REPEATED_AFTER_S, Bounded

SAYS_ONE_LINE = """
import logging
from adaptive_stream.process.logs import start_logging

start_logging("info", "resolve")
logging.getLogger("adaptive_stream.worker.keeper").info("owns %d partitions", 4)
for node in range(1_000):
    logging.getLogger("aiokafka").error("Unable to connect to node %d", node)
    logging.getLogger("aiokafka.consumer.group_coordinator").error(
        "Group Coordinator Request failed: %s", "[Error 15] GroupCoordinatorNotAvailableError"
    )
    logging.getLogger("faust.app.base").info("Flush producer buffer...")
"""


def _record(says: str, *args: object, name: str = "aiokafka.client") -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, __file__, 1, says, args, None)


def test_every_line_names_its_stage_and_a_client_does_not_repeat_itself() -> None:
    """Lines of three processes meet in one log, and an outage must not fill the disk."""
    said = subprocess.run(
        [sys.executable, "-c", SAYS_ONE_LINE],
        capture_output=True, text=True, timeout=60, check=True,
    ).stderr.splitlines()  # fmt: skip
    assert [re.sub(r"^[-0-9]+ [:,0-9]+ ", "", line) for line in said] == [
        "INFO resolve adaptive_stream.worker.keeper: owns 4 partitions",
        "ERROR resolve aiokafka: Unable to connect to node 0",
    ]


def test_what_was_held_back_is_counted_with_the_next_line() -> None:
    """During an outage each distinct message comes once in 30 s, and tells how often it was."""
    at_s = 0.0
    bounded = Bounded(lambda: at_s)
    through = []
    for n in range(100):
        at_s = n * REPEATED_AFTER_S / 40
        for record in (_record("no node %d", n), _record("request %d is late", n)):
            if bounded.filter(record):
                through.append(record.getMessage())
    assert through == [
        "no node 0",
        "request 0 is late",
        "no node 40 (and 39 times since it was last said)",
        "request 40 is late (and 39 times since it was last said)",
        "no node 80 (and 39 times since it was last said)",
        "request 80 is late (and 39 times since it was last said)",
    ]


def test_our_own_lines_are_never_held_back() -> None:
    """What the worker itself says is said each time."""
    bounded = Bounded(lambda: 0.0)
    record = _record("the engine raised", name="adaptive_stream.worker.keeper")
    assert all(bounded.filter(record) for _ in range(5))


SAYS_WHERE = """
import logging
from adaptive_stream.process.logs import at, start_logging

start_logging("info", "step", "json")
log = logging.getLogger("adaptive_stream.worker.keeper")
log.error("the engine raised %s", "ValueError", extra=at("customer.facts.v1", 3, 41))
try:
    raise ValueError("no such thing")
except ValueError:
    log.critical("ending", exc_info=True)
"""


def test_a_collector_of_logs_gets_one_object_a_line_with_topic_partition_and_offset() -> None:
    """Whoever searches logs by topic and offset need not take sentences apart."""
    done = subprocess.run(
        [sys.executable, "-c", SAYS_WHERE], capture_output=True, text=True, timeout=60, check=True
    )
    first, second = map(json.loads, done.stderr.splitlines())
    assert re.fullmatch(r"[-0-9]{10}T[:0-9]{8}\.[0-9]{3}\+00:00", first.pop("time"))
    assert first == {
        "level": "error",
        "stage": "step",
        "logger": "adaptive_stream.worker.keeper",
        "message": "the engine raised ValueError",
        "topic": "customer.facts.v1",
        "partition": 3,
        "offset": 41,
    }
    assert second["exception"].startswith("Traceback")
    assert "topic" not in second
