"""Who publishes rules, and who repairs what a publisher left half done.

They run the generator that the commands run. What they publish says nothing; only its order counts.
"""

from collections.abc import Callable, Generator
from functools import partial
from typing import TYPE_CHECKING, Any

from adaptive_stream.catalog.bundle import Bundle, content_name
from adaptive_stream.catalog.edits import Edited, pause, resume
from adaptive_stream.catalog.publishing import Append, Appended, Effect, ReadOn, Tell, publishing
from adaptive_stream.catalog.shelf import Shelf
from adaptive_stream.engine.switch import Switch, encode_switch
from adaptive_stream.stages.outcome import InForce
from adaptive_stream.stages.records import (
    CUSTOMER_FACTS,
    IDENTITY_FACTS,
    RULES,
    RULES_KEY,
    rules_headers,
)
from tests.simulation.log import Unwritten
from tests.simulation.world import SECOND_MS, Process, Request

if TYPE_CHECKING:
    from tests.simulation.broker import Broker

Work = Generator[Request, Any, Any]
NAME = b"journey"
# Of who owns the clock: each look is four events of a world, and most of them see nothing new.
LOOKS_EVERY_MS = 5 * SECOND_MS
FILES = {"journeys/a.yaml": content_name(NAME)}
BEGINNING = Edited(Bundle(FILES, {}), {content_name(NAME): NAME})


def begin(broker: "Broker") -> InForce:
    """The first rules are there before anybody is."""
    shelf = Shelf()
    work, result = publishing(lambda *_: BEGINNING, "start", at_ms=0), None
    while True:
        try:
            effect = work.send(result)
        except StopIteration:
            break
        result = None
        if isinstance(effect, Append):
            result = Appended(_append(broker, effect), 0)
        elif isinstance(effect, ReadOn):
            read_on(broker, effect.shelf, 0)
    read_on(broker, shelf, 0)
    return InForce(BEGINNING.bundle.id, shelf.rev)


def read_on(broker: "Broker", shelf: Shelf, at: int) -> int:
    """What rules.v1 holds from there on; returns where to go on."""
    records, next_offset = broker.log(RULES, 0).read(at, 10**6)
    for record in records:
        shelf.take(record.offset, record.key, record.value)
    return next_offset


def publish(process: Process, broker: "Broker") -> Work:
    """A thread: one edit of whatever is active, and everybody is told."""
    at, work, result = 0, publishing(_edit, "edit"), None
    while True:
        try:
            effect: Effect = work.send(result)
        except StopIteration:
            return
        result = None
        match effect:
            case ReadOn(shelf):
                at = yield process.ask(partial(read_on, broker, shelf, at))
            case Append():
                offset = yield process.ask(partial(_append, broker, effect), may_fail=True)
                result = Appended(offset, process.world.now_ms)
            case Tell(switch):
                yield from _tell(process, broker, switch)


def repair(process: Process, broker: "Broker") -> Work:
    """A thread of who owns the clock: what is active is told at first, and when it changes."""
    shelf, at, told = Shelf(), 0, -1
    while True:
        at = yield process.ask(partial(read_on, broker, shelf, at))
        if shelf.switch is not None and shelf.rev != told:
            yield from _tell(process, broker, shelf.switch)
            told = shelf.rev
        yield process.sleep(LOOKS_EVERY_MS)


def _edit(shelf: Shelf, at_ms: int) -> Edited:
    now = shelf.current
    assert now is not None
    pauses = now.bundle.pauses.get("a", ())
    edit: Callable[[Edited, str, int], Edited] = pause
    if pauses and pauses[-1].to_ms is None:
        edit = resume
    return edit(now, "a", at_ms)


def _tell(process: Process, broker: "Broker", switch: Switch) -> Work:
    for topic in (IDENTITY_FACTS, CUSTOMER_FACTS):
        for partition in range(broker.partitions):
            told = partial(_write, broker, topic, partition, switch)
            yield process.ask(told, may_fail=True)


def _write(broker: "Broker", topic: str, partition: int, switch: Switch) -> int:
    record = Unwritten(RULES_KEY, encode_switch(switch), tuple(rules_headers()))
    return broker.log(topic, partition).append([record], broker.world.now_ms)


def _append(broker: "Broker", effect: Append) -> int:
    log = broker.log(RULES, 0)
    return log.append([Unwritten(effect.key, effect.value)], broker.world.now_ms)
