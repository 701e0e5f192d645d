"""What was told, beside what comes of the same channel records now: replay after a bug.

Rule 1: each fact comes at the moment when the log knew it, between the ticks that were written
then. So with nothing changed nothing differs, and what differs is the change's.
Rule 2: ids and counters mean nothing between two runs. What is compared is what a channel was told
about a run, and what fell due, by whom it would have reached.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from adaptive_stream.catalog.channels import Channel
from adaptive_stream.engine.blocked import NOTHING
from adaptive_stream.engine.clock import decode_clock
from adaptive_stream.engine.fact import encode_fact
from adaptive_stream.engine.journey import Rules
from adaptive_stream.formats import admit
from adaptive_stream.outputs import opportunities, suppressions
from adaptive_stream.stories.in_memory import Recorded
from adaptive_stream.stories.replay import BEGIN, DUE, SEND, Group, Message, Say, replay

Place = tuple[str, int, int]  # topic, partition, offset
ADS = "ads"  # Is told hashes, and no address.

_suppression = msgspec.json.Decoder(suppressions.Payload).decode
_opportunity = msgspec.json.Decoder(opportunities.Payload).decode


class Difference(NamedTuple):
    """A message that was told `was` times, and would be `now`; of whom."""

    message: Message
    was: int
    now: int
    of: Group


class Again(NamedTuple):
    """What differs, and how many messages there are on either side."""

    differences: tuple[Difference, ...]
    was: int
    now: int


def known_at(identity_facts: Iterable[Any]) -> dict[Place, int]:
    """When the log knew each channel record, in ms."""
    found: dict[Place, int] = {}
    for record in identity_facts:
        headers = dict(record.headers)
        if headers.get("k") in (b"fact", b"context"):
            topic, partition, offset = headers["cause"].decode().rsplit("/", 2)
            at_ms = int(headers.get("log_ms", record.timestamp))
            found.setdefault((topic, int(partition), int(offset)), at_ms)
    return found


def ticked_at(customer_facts: Iterable[Any]) -> list[int]:
    """The ticks of one partition."""
    ticks = (each for each in customer_facts if dict(each.headers).get("k") == b"tick")
    return sorted({decode_clock(tick.value).now_ms for tick in ticks})


def admitted(
    records: Iterable[Any], channels: Iterable[Channel], known: Mapping[Place, int]
) -> list[Recorded]:
    """The facts of channel records, in the order of their log times; of one that no stage has known
    yet, that is its own."""
    rules = {
        one.topic: replace(one.rule, blocked=NOTHING)  # replay() leaves out what is blocked.
        for channel in channels
        for one in channel.read
    }
    found = []
    for record in records:
        place = (record.topic, record.partition, record.offset)
        at_ms = known.get(place, record.timestamp)
        admission = admit(
            record.value, record.key, record.headers, record.timestamp, rules[record.topic]
        )
        for fact in admission.facts:
            found.append((at_ms, place, Recorded(at_ms, encode_fact(fact))))
    return [one for *_, one in sorted(found, key=lambda each: each[:2])]


def compare(
    outputs: Iterable[Any],
    facts: Sequence[Recorded],
    ticks_ms: Sequence[int],
    rules: Rules,
    channels: Collection[str],
    since: str = "",
    say: Say = lambda _: None,
) -> Again:
    """`outputs`: the records of suppressions and opportunities; `since`: a day, `2026-03-03`, in
    the shop's zone, before which nothing is compared."""
    was, whose = _told(outputs, ZoneInfo(rules.policy.zone), since)
    replayed = replay(facts, rules, channels, say, ticks_ms)
    now: Counter[Message] = Counter()
    for one, times in replayed.told.items():
        if one.day >= since and one.message.action != BEGIN:
            message = _comparable(one.message)
            now[message] += times
            whose.setdefault(message, replayed.group(one.customer))
    differing = [one for one in was.keys() | now.keys() if was[one] != now[one]]
    differences = [Difference(one, was[one], now[one], whose[one]) for one in differing]
    differences.sort(key=lambda one: (one.message[:-1], sorted(one.message.to)))
    return Again(tuple(differences), was.total(), now.total())


def _told(
    records: Iterable[Any], zone: ZoneInfo, since: str
) -> tuple[Counter[Message], dict[Message, Group]]:
    """What was said from that day on, a repeat once; and to whom."""
    found: Counter[Message] = Counter()
    whose: dict[Message, Group] = {}
    last: dict[tuple[object, ...], Message] = {}
    seen: set[str] = set()
    for known_time, id_, run, message, to in sorted(_said(records), key=lambda one: one[:2]):
        if id_ in seen or (run is not None and last.get(run) == message):
            continue  # To others of hers: no other stop.
        seen.add(id_)
        if run is not None:
            last[run] = message
        day = datetime.fromisoformat(known_time).astimezone(zone).date().isoformat()
        if day >= since:
            found[message] += 1
            whose[message] = to
    return found, whose


Said = tuple[str, str, tuple[object, ...] | None, Message, Group]  # known, id, run, what, to whom


def _said(records: Iterable[Any]) -> Iterator[Said]:
    """Of pauses and resumptions of a journey nothing: no fact made them."""
    for record in records:
        if record.topic.endswith(opportunities.TOPIC):
            due = _opportunity(record.value)
            if (due.kind, due.action) == DUE:
                to = _group(due.recipients)
                step = (due.journey or "", due.instance or "", due.step or "")
                message = Message(SEND, "/".join(due.channels), *step, "", to)
                yield due.known_time, due.id, None, _comparable(message), to
            continue
        stop = _suppression(record.value)
        if stop.scope != "journey":
            what = (stop.action, stop.channel, stop.journey, stop.instance or "")
            message = Message(*what, ", ".join(stop.steps), stop.because, frozenset())
            run = (stop.member, stop.journey, stop.instance, stop.channel)
            yield stop.known_time, stop.id, run, message, _group(stop.recipients)


def _group(recipients: Iterable[Any]) -> Group:
    return frozenset(f"{one.type}:{one.value}" for one in recipients)


def _comparable(message: Message) -> Message:
    return message._replace(to=frozenset()) if ADS in message.channel.split("/") else message
