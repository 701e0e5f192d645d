"""What the worker says, and how often: lines of ours at the level asked for, and of the clients
below us those that matter, each of them once in a while.
"""

import json
import logging
import re
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

CLIENTS = ("aiokafka", "faust", "mode", "kafka")
REPEATED_AFTER_S = 30.0
KNOWN_MAX = 1_000  # Distinct messages that are remembered; a bound on memory, met by no outage.
PLACE = ("topic", "partition", "offset")
NUMBER = re.compile(r"\d+")


class Bounded(logging.Filter):
    """Lets what is not ours through once in REPEATED_AFTER_S, and says then what it held back.

    Messages that differ in numbers alone are the same: a client without its broker tries again many
    times a second, each time with another request.
    """

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now_s = now_s
        self._said: dict[tuple[str, str], tuple[float, int]] = {}  # when, and how often since

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written; a line that follows others of its kind counts them."""
        if record.name.partition(".")[0] not in CLIENTS:
            return True
        now_s, message = self._now_s(), record.getMessage()
        kind = record.name, NUMBER.sub("#", message)
        said_s, held = self._said.get(kind, (None, 0))
        if said_s is not None and now_s - said_s < REPEATED_AFTER_S:
            self._said[kind] = said_s, held + 1
            return False
        if len(self._said) >= KNOWN_MAX:
            self._said.clear()
        self._said[kind] = now_s, 0
        if held:
            record.msg, record.args = f"{message} (and {held} times since it was last said)", ()
        return True


def at(topic: str, partition: int, offset: int | None = None) -> dict[str, str | int]:
    """Where it happened, as `extra` of a line; for people its message says so too."""
    place: dict[str, str | int] = {"topic": topic, "partition": partition}
    return place if offset is None else place | {"offset": offset}


class JsonLines(logging.Formatter):
    """A line for a collector of logs: one JSON object."""

    def __init__(self, who: str) -> None:
        super().__init__()
        self._who = who

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        said = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "stage": self._who,
            "logger": record.name,
            "message": record.getMessage(),
            **{name: vars(record)[name] for name in PLACE if name in vars(record)},
        }
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=False)


def start_logging(level: str, who: str, form: str = "text") -> None:
    """Ours at `level`, what is below us only when it matters: it would name each request. Every
    line names `who` says it: a stage, or the supervisor of all three. `form`: text or json."""
    text = logging.Formatter(f"%(asctime)s %(levelname)s {who} %(name)s: %(message)s")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(who) if form == "json" else text)
    handler.addFilter(Bounded())  # A logger's own filters miss what is below it.
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("adaptive_stream").setLevel(level.upper())
    for name in CLIENTS:
        logging.getLogger(name).setLevel(logging.ERROR)
    # A broker that has just started says so for a moment, and is asked again.
    logging.getLogger("aiokafka.consumer.group_coordinator").addFilter(
        lambda line: "GroupCoordinatorNotAvailableError" not in line.getMessage()
    )
