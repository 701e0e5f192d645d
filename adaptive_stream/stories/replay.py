"""Recorded facts through the engine again, under whatever rules: what would have come of them.

Rule 1: facts go through the real resolve and step, in the order of their log times, with a clock
that ticks every minute at which something is due; nothing else has a say, so the same facts under
the same rules come to the same.
Rule 2: ids of customers are made of log times and identifiers: two runs share them unless the
rules of identity differ.
"""

from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from adaptive_stream.engine.blocked import Blocked
from adaptive_stream.engine.decision import (
    CustomerState,
    Decision,
    Opportunity,
    StateChanged,
    Suppression,
)
from adaptive_stream.engine.fact import WITHOUT_CUSTOMER, Fact, decode_fact
from adaptive_stream.engine.journey import Rules
from adaptive_stream.engine.notice import PREFIX
from adaptive_stream.formats import ReadRule
from adaptive_stream.stages.records import read
from adaptive_stream.stories.in_memory import EngineWorld, Recorded
from adaptive_stream.stories.timeline import MINUTE_MS

DUE = ("step", "offer")  # kind and action of an opportunity that is a due step
BEGIN, SEND = "begin", "send"
SAID_EVERY = 10_000
QUARTER_MS = 900_000  # No zone's day begins anywhere between.
Group = frozenset[str]  # the identifiers of one customer, "type:value"
Say = Callable[[int], None]  # how many facts were played


class Message(NamedTuple):
    """A due step (`action` send), a run that began, or what a channel was told to leave. `to`: the
    endpoints of a send, none for a stop: a stop that names one more address is no other stop."""

    action: str
    channel: str
    journey: str
    instance: str
    step: str
    because: str
    to: Group


class Told(NamedTuple):
    """A message, on which day of the shop (`2026-03-03`), and to which customer."""

    day: str
    customer: str
    message: Message


@dataclass(slots=True)
class Replayed:
    """What came of the facts. `whose`: of each message, the customer who got it last."""

    groups: dict[str, Group] = field(default_factory=dict)
    told: Counter[Told] = field(default_factory=Counter)
    whose: dict[Message, str] = field(default_factory=dict)
    merged: dict[str, str] = field(default_factory=dict)

    def messages(self) -> Counter[Message]:
        """How often each came, to whomever and whenever."""
        found: Counter[Message] = Counter()
        for told, times in self.told.items():
            found[told.message] += times
        return found

    def owner(self, message: Message) -> Group:
        """The identifiers of the customer whose message it is."""
        return self.group(self.whose.get(message, ""))

    def group(self, customer: str) -> Group:
        """The identifiers of whoever that customer is at the end."""
        return self.groups.get(self.root(customer), frozenset())

    def root(self, customer: str) -> str:
        """Whoever that customer is at the end."""
        while customer in self.merged:
            customer = self.merged[customer]
        return customer


def recorded(records: Iterable[Any]) -> list[Recorded]:
    """The facts and notices of these records of customer.facts.v1, in one order for ever: by log
    time, then by where they stand. A repeat counts once, and so does what one customer's partition
    handed on to another's, and what all partitions were told."""
    found = []
    last: dict[tuple[int, str], tuple[int, int]] = {}
    for record in records:
        arrival, origin = read(record)
        at = (arrival.log_ms, record.partition, record.offset)
        if arrival.kind == "notice" and record.partition == 0:
            found.append((at, Recorded(at[0], arrival.body, arrival.key.removeprefix(PREFIX))))
        if arrival.kind != "fact" or origin is None:
            continue
        upstream = (record.partition, origin.source)
        if origin.place > last.get(upstream, (-1, -1)):
            last[upstream] = origin.place
            if not origin.source.startswith(f"{record.topic}@"):
                found.append((at, Recorded(at[0], arrival.body)))
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]


def replay(
    facts: Sequence[Recorded],
    rules: Rules,
    channels: Collection[str],
    say: Say = lambda _: None,
    ticks_ms: Sequence[int] = (),
) -> Replayed:
    """Runs the facts, in order of log time, up to the last one. With `ticks_ms`, in order, the
    clock ticks at these moments and no others, up to the last of them."""
    world = _World(rules, {name: ReadRule(name) for name in channels})
    clock = _recorded_clock(world, ticks_ms) if ticks_ms else _minute_clock(world)
    next(clock)
    for number, recorded in enumerate(facts):
        clock.send(recorded.at_ms)
        if number % SAID_EVERY == 0:
            say(number)
        if recorded.subject:
            world.note(recorded.subject, recorded.body)
            continue
        fact = _without_blocked(decode_fact(recorded.body), rules.identity.blocked)
        if fact.identifiers or fact.type in WITHOUT_CUSTOMER:
            world.take(fact, recorded.at_ms)
    if ticks_ms:
        clock.send(ticks_ms[-1])
    elif facts:
        world.tick(facts[-1].at_ms)
    return world.found


def _minute_clock(world: EngineWorld) -> Generator[None, int, None]:
    """Told of a moment, it has ticked before at each minute at which something was due."""
    minute = -1
    while True:
        at_ms = yield
        if at_ms // MINUTE_MS != minute:
            if minute < 0:
                world.tick(at_ms // MINUTE_MS * MINUTE_MS)
            minute = at_ms // MINUTE_MS
            world.advance(at_ms)


def _recorded_clock(world: EngineWorld, ticks_ms: Sequence[int]) -> Generator[None, int, None]:
    """Told of a moment, it has ticked at each of these before, and at it."""
    at_ms = yield
    for tick_ms in ticks_ms:
        while tick_ms > at_ms:
            at_ms = yield
        world.tick(tick_ms)
    while True:
        yield


def _without_blocked(fact: Fact, blocked: Blocked) -> Fact:
    if not blocked:
        return fact
    left = tuple(one for one in fact.identifiers if one not in blocked)
    return msgspec.structs.replace(fact, identifiers=left)


class _World(EngineWorld):
    """The engine, of which only what is compared is kept: a month of states would fill the
    memory, and making records of them takes longer than deciding."""

    def __init__(self, rules: Rules, reading: Mapping[str, ReadRule]) -> None:
        super().__init__(rules, reading)
        self.found = Replayed()
        self._last: dict[tuple[str, str, str, str], Message] = {}
        zone = ZoneInfo(rules.policy.zone)
        self._day = lru_cache(64)(
            lambda quarter: (
                datetime.fromtimestamp(quarter * QUARTER_MS / 1000, UTC)
                .astimezone(zone)
                .date()
                .isoformat()
            )
        )

    def say(self, decision: Decision) -> None:
        """Note it; a tombstone, and what only opens or closes an offer, is no message."""
        if isinstance(decision, CustomerState):
            self._note_state(decision.customer, decision.view or {})
        elif isinstance(decision, Suppression):
            self._note_telling(decision)
        elif isinstance(decision, StateChanged):
            self._note_begun(decision)
        elif isinstance(decision, Opportunity) and (decision.kind, decision.action) == DUE:
            to = frozenset(f"{kind}:{value}" for kind, value in decision.recipients)
            step = (decision.journey or "", decision.instance or "", decision.step or "")
            message = Message(SEND, "/".join(decision.channels), *step, "", to)
            self._count(decision.known_ms, decision.customer, message)

    def _note_state(self, customer: str, view: Mapping[str, Any]) -> None:
        self.found.groups.pop(customer, None)
        self.found.merged.pop(customer, None)
        if "merged_into" in view:
            self.found.merged[customer] = view["merged_into"]
        elif view:
            texts = (f"{one['type']}:{one['value']}" for one in view["identifiers"])
            self.found.groups[customer] = frozenset(texts)

    def _note_begun(self, changed: StateChanged) -> None:
        for one in changed.transitions:
            if one.name == "journey.entered":
                run = (str(one.fields["journey"]), str(one.fields["instance"]))
                message = Message(BEGIN, "", *run, "", "", frozenset())
                self._count(changed.known_ms, changed.customer, message)

    def _note_telling(self, said: Suppression) -> None:
        """Unless the same was said before, to others of hers."""
        steps = ", ".join(said.steps)
        what = (said.action, said.channel, said.journey, said.instance, steps, said.because)
        message = Message(*what, frozenset())
        run = (said.member, said.journey, said.instance, said.channel)
        if self._last.get(run) != message:
            self._last[run] = message
            self._count(said.known_ms, said.customer, message)

    def _count(self, at_ms: int, customer: str, message: Message) -> None:
        self.found.told[Told(self._day(at_ms // QUARTER_MS), customer, message)] += 1
        self.found.whose[message] = customer
