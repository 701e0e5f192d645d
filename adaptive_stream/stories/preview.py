"""What other identity guards would have made of the same facts: the same engine, run twice.

Rule: customers are compared by their identifiers and messages by whom they would have reached;
ids and counters differ between two runs and mean nothing.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from adaptive_stream.engine.journey import Rules
from adaptive_stream.stories.in_memory import Recorded
from adaptive_stream.stories.replay import BEGIN, Group, Message, Replayed, replay


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
    told, would_be = before.messages(), after.messages()
    for message in told.keys() | would_be.keys():
        now, then = told[message], would_be[message]
        if now != then and message.action != BEGIN:
            of = (after if then > now else before).owner(message)
            found.append(Changed(message, now, then, of))
    return tuple(sorted(found, key=lambda one: (one.message[:-1], sorted(one.message.to))))
