"""What other identity guards would have made of the same facts: the same engine, run twice.

Rule 1: recorded facts go through the real resolve and step, in the order of their log times; only
the guards differ, so every difference is theirs.
Rule 2: customers are compared by their identifiers and messages by whom they would have reached;
ids and counters differ between two runs and mean nothing.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from adaptive_stream.engine.blocked import Blocked
from adaptive_stream.engine.decision import CustomerState, Decision, Opportunity, Suppression
from adaptive_stream.engine.fact import WITHOUT_CUSTOMER, Fact, decode_fact
from adaptive_stream.engine.journey import Rules
from adaptive_stream.formats import ReadRule
from adaptive_stream.stories.engine_world import EngineWorld
from adaptive_stream.stories.timeline import MINUTE_MS

SEND = ("step", "offer")  # kind and action of an opportunity that is a due step
Group = frozenset[str]  # the identifiers of one customer, "type:value"


class Recorded(NamedTuple):
    """A fact as it was admitted, and its log time. Encoded: a million objects would fill the
    memory."""

    at_ms: int
    body: bytes


class Message(NamedTuple):
    """A due step (`action` send), or what a channel was told to leave. `to`: the endpoints of a
    send, none for a stop: a stop that names one more address is no other stop."""

    action: str
    channel: str
    journey: str
    instance: str
    step: str
    because: str
    to: Group


@dataclass(slots=True)
class Replayed:
    """What came of the facts. `whose`: for each message, the customer at the end."""

    groups: dict[str, Group] = field(default_factory=dict)
    messages: Counter[Message] = field(default_factory=Counter)
    whose: dict[Message, str] = field(default_factory=dict)
    merged: dict[str, str] = field(default_factory=dict)

    def owner(self, message: Message) -> Group:
        """The identifiers of the customer whose message it is."""
        customer = self.whose.get(message, "")
        while customer in self.merged:
            customer = self.merged[customer]
        return self.groups.get(customer, frozenset())


class Regrouped(NamedTuple):
    """Customers that would be others: `now` under the rules in force, `then` under the changed."""

    now: tuple[Group, ...]
    then: tuple[Group, ...]

    @property
    def kind(self) -> str:
        """merged, split, regrouped; or gone, come: nobody is left, or somebody is new."""
        if not self.then or not self.now:
            return "gone" if self.now else "come"
        if len(self.now) == len(self.then):
            return "regrouped"
        return "merged" if len(self.now) > len(self.then) else "split"


class Changed(NamedTuple):
    """A message that comes `now` so often and `then` so often, and of whom."""

    message: Message
    now: int
    then: int
    of: Group


class Preview(NamedTuple):
    """All that would differ."""

    customers: tuple[Regrouped, ...]
    messages: tuple[Changed, ...]


def preview(
    facts: Iterable[Recorded], now: Rules, then: Rules, channels: Collection[str]
) -> Preview:
    """What changes from the rules in force to the changed ones."""
    ordered = sorted(facts, key=lambda recorded: recorded.at_ms)
    before, after = (replay(ordered, rules, channels) for rules in (now, then))
    return Preview(_regrouped(before, after), _changed(before, after))


def replay(facts: Sequence[Recorded], rules: Rules, channels: Collection[str]) -> Replayed:
    """Runs the facts, in order of log time, up to the last one."""
    world = _World(rules, {name: ReadRule(name) for name in channels})
    minute = -1
    for at_ms, body in facts:
        if at_ms // MINUTE_MS != minute:
            if minute < 0:
                world.tick(at_ms // MINUTE_MS * MINUTE_MS)
            minute = at_ms // MINUTE_MS
            world.advance(at_ms)
        fact = _without_blocked(decode_fact(body), rules.identity.blocked)
        if fact.identifiers or fact.type in WITHOUT_CUSTOMER:
            world.take(fact, at_ms)
    if facts:
        world.tick(facts[-1].at_ms)
    return world.found


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

    def say(self, decision: Decision) -> None:
        """Note it; a tombstone, and what only opens or closes an offer, is no message."""
        if isinstance(decision, CustomerState):
            self._note_state(decision.customer, decision.view or {})
        elif isinstance(decision, Suppression):
            self._note_telling(decision)
        elif isinstance(decision, Opportunity) and (decision.kind, decision.action) == SEND:
            to = frozenset(f"{kind}:{value}" for kind, value in decision.recipients)
            step = (decision.journey or "", decision.instance or "", decision.step or "")
            message = Message("send", "/".join(decision.channels), *step, "", to)
            self._count(decision.customer, message)

    def _note_state(self, customer: str, view: Mapping[str, Any]) -> None:
        self.found.groups.pop(customer, None)
        self.found.merged.pop(customer, None)
        if "merged_into" in view:
            self.found.merged[customer] = view["merged_into"]
        elif view:
            texts = (f"{one['type']}:{one['value']}" for one in view["identifiers"])
            self.found.groups[customer] = frozenset(texts)

    def _note_telling(self, said: Suppression) -> None:
        """Unless the same was said before, to others of hers."""
        steps = ", ".join(said.steps)
        what = (said.action, said.channel, said.journey, said.instance, steps, said.because)
        message = Message(*what, frozenset())
        run = (said.member, said.journey, said.instance, said.channel)
        if self._last.get(run) != message:
            self._last[run] = message
            self._count(said.customer, message)

    def _count(self, customer: str, message: Message) -> None:
        self.found.messages[message] += 1
        self.found.whose[message] = customer


def _regrouped(before: Replayed, after: Replayed) -> tuple[Regrouped, ...]:
    """Customers that share identifiers over the two runs, where they are not the same."""
    now, then = set(before.groups.values()), set(after.groups.values())
    left = [(group, 0) for group in now - then] + [(group, 1) for group in then - now]
    by_identifier: dict[str, list[int]] = {}
    for number, (group, _) in enumerate(left):
        for identifier in group:
            by_identifier.setdefault(identifier, []).append(number)
    found = []
    done: set[int] = set()
    for first in range(len(left)):
        together = _reached(first, left, by_identifier, done)
        if together:
            sides = tuple(
                tuple(sorted((left[n][0] for n in together if left[n][1] == side), key=sorted))
                for side in (0, 1)
            )
            found.append(Regrouped(*sides))
    return tuple(sorted(found, key=lambda one: [sorted(group) for group in one.now + one.then]))


def _reached(
    first: int,
    left: list[tuple[Group, int]],
    by_identifier: dict[str, list[int]],
    done: set[int],
) -> list[int]:
    together: list[int] = []
    waiting = [first]
    while waiting:
        number = waiting.pop()
        if number not in done:
            done.add(number)
            together.append(number)
            waiting += [other for one in left[number][0] for other in by_identifier[one]]
    return together


def _changed(before: Replayed, after: Replayed) -> tuple[Changed, ...]:
    found = []
    for message in before.messages.keys() | after.messages.keys():
        now, then = before.messages[message], after.messages[message]
        if now != then:
            of = (after if then > now else before).owner(message)
            found.append(Changed(message, now, then, of))
    return tuple(sorted(found, key=lambda one: (one.message[:-1], sorted(one.message.to))))
