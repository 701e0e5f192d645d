"""What other identity guards would have made of the same facts: the same engine, run twice.

Rule 1: recorded facts go through the real resolve and step, in the order of their log times; only
the guards differ, so every difference is theirs.
Rule 2: customers are compared by their identifiers and messages by whom they would have reached;
ids and counters differ between two runs and mean nothing.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from adaptive_stream.engine.blocked import Blocked
from adaptive_stream.engine.fact import Fact
from adaptive_stream.engine.journey import Rules
from adaptive_stream.formats import ReadRule
from adaptive_stream.stories.engine_world import EngineWorld
from adaptive_stream.stories.timeline import MINUTE_MS

Group = frozenset[str]  # the identifiers of one customer, "type:value"


class Recorded(NamedTuple):
    """A fact as it was admitted, and its log time."""

    at_ms: int
    fact: Fact


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
    world = EngineWorld(rules, {name: ReadRule(name) for name in channels})
    found = Replayed()
    minute = -1
    for at_ms, recorded in facts:
        if at_ms // MINUTE_MS != minute:
            if minute < 0:
                world.tick(at_ms // MINUTE_MS * MINUTE_MS)
            minute = at_ms // MINUTE_MS
            world.advance(at_ms)
        fact = _without_blocked(recorded, rules.identity.blocked)
        if fact.identifiers:
            world.take(fact, at_ms)
        _note(found, world)
    if facts:
        world.tick(facts[-1].at_ms)
    _note(found, world)
    return found


def _without_blocked(fact: Fact, blocked: Blocked) -> Fact:
    if not blocked:
        return fact
    left = tuple(one for one in fact.identifiers if one not in blocked)
    return msgspec.structs.replace(fact, identifiers=left)


def _note(found: Replayed, world: EngineWorld) -> None:
    """Takes what came out, and leaves nothing behind: a month of states would fill the memory."""
    for output in world.outputs:
        value: dict[str, Any] = output.value or {}
        if output.topic == "customer-state":
            _note_state(found, output.key, value)
        elif output.topic == "opportunities" and value["kind"] == "step":
            if value["action"] == "offer":
                to = frozenset(_text(one) for one in value["recipients"])
                channel = "/".join(value["channels"])
                _count(found, output.key, Message("send", channel, *_step(value), "", to))
        elif output.topic.startswith("suppressions."):
            told = (value["journey"] or "", value["instance"] or "", ", ".join(value["steps"]))
            because = value["because"]
            message = Message(value["action"], value["channel"], *told, because, frozenset())
            _count(found, output.key, message)
    world.outputs.clear()


def _note_state(found: Replayed, customer: str, value: dict[str, Any]) -> None:
    found.groups.pop(customer, None)
    found.merged.pop(customer, None)
    if "merged_into" in value:
        found.merged[customer] = value["merged_into"]
    elif value:
        found.groups[customer] = frozenset(_text(one) for one in value["identifiers"])


def _step(value: dict[str, Any]) -> tuple[str, str, str]:
    return value["journey"], value["instance"], value["step"]


def _count(found: Replayed, customer: str, message: Message) -> None:
    found.messages[message] += 1
    found.whose[message] = customer


def _text(one: dict[str, str]) -> str:
    return f"{one['type']}:{one['value']}"


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
