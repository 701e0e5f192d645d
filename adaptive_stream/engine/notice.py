"""What is known beside customers, as every partition is told it: items, offers, sources, rules.

A fact without a customer (a price, a spot on the screen, a shop's heartbeat) goes to one row for
each thing that it speaks of. When the row changes, its owner writes a *notice*, the row as it is
now, once into every partition of customer.facts.v1. There it is a record like any other: it has a
place in the log, a replay meets it there again, and a partition keeps the newest of each subject.

Rule 1: a notice visits no customer. It is read when somebody is decided about.
Rule 2: a notice is the whole row, and of two of one subject the higher `rev` is the newer: a repeat
changes nothing, so a notice needs no `src`.
Rule 3: a row keeps the facts that count, not conclusions: their order of arrival does not matter.
"""

from collections.abc import Iterator

import msgspec

from adaptive_stream.engine.decision import Cause
from adaptive_stream.engine.event_time import FUTURE_MS_MAX
from adaptive_stream.engine.fact import CONTEXT, Fact, decode_fact
from adaptive_stream.engine.message import Arrival, Message

PREFIX = "#note/"  # Before a subject, where it is a record's key: no customer's id begins so.
EVERYTHING = "item/*"  # What is about no item in particular is about each.
DATA = (  # What of a fact is looked up; the rest is no notice's business, and would be a copy each.
    "item", "codes", "category", "price", "currency",
    "campaign", "region", "offer", "coupon", "valid_until_ms",
    "until_ms", "retired",
)  # fmt: skip
BROADCASTS_MAX = 20  # Of one item, the newest: nobody remembers more.


class Said(msgspec.Struct, frozen=True, omit_defaults=True):
    """One fact of a row. `known_ms`: the log time at which it was known."""

    at_ms: int
    id: str
    type: str
    channel: str
    source: str = ""
    known_ms: int = 0
    data: dict[str, object] = {}

    def rank(self) -> tuple[int, str, str]:
        """Of two that say the same kind of thing the greater counts."""
        return (self.at_ms, self.id, repr(sorted(self.data.items())))

    def cause(self) -> Cause:
        """It as the cause of something."""
        return Cause(
            self.at_ms, self.id, self.type, self.channel, self.source, known_ms=self.known_ms
        )


class Notice(msgspec.Struct, frozen=True, omit_defaults=True):
    """A row, and the body of a notice. `said`: by what it is about, the fact that counts."""

    rev: int
    said: dict[str, Said] = {}


encode_notice = msgspec.json.Encoder(order="sorted").encode
decode_notice = msgspec.json.Decoder(Notice).decode


def subjects(fact: Fact) -> tuple[str, ...]:
    """The rows that a fact without a customer is kept in; none if it speaks of nothing."""
    return tuple(dict.fromkeys(_subjects(fact)))


def _subjects(fact: Fact) -> Iterator[str]:
    if fact.type == "channel.complete":
        if fact.source:
            yield f"source/{fact.channel}/{fact.source}"
    elif fact.type == "broadcast.aired":
        about = fact.data.get("about")
        yield from (f"item/{item}" for item in about) if isinstance(about, list) else (EVERYTHING,)
        for kind in ("offer", "coupon"):
            if name := fact.data.get(kind):
                yield f"{kind}/{name}"
    elif fact.type in CONTEXT:
        codes = fact.data.get("codes")
        item = fact.data.get("item")
        yield from (f"item/{code}" for code in (codes if isinstance(codes, list) else (item,)))


def note(row: Notice | None, fact: Fact, known_ms: int) -> Notice | None:
    """The row with one more fact; None if it says nothing new."""
    row = row or Notice(0)
    said = dict(row.said)
    data = {name: fact.data[name] for name in DATA if name in fact.data}
    ahead = fact.at_ms > known_ms + FUTURE_MS_MAX and fact.type != "broadcast.aired"
    at_ms = known_ms if ahead else fact.at_ms  # Else a wrong clock has the last word for years.
    new = Said(at_ms, fact.id, fact.type, fact.channel, fact.source, known_ms, data)
    for name in _names(fact):
        old = said.get(name)
        if old is None or _better(name, new, old):
            said[name] = new
    said = _bounded(said)
    if said == row.said:
        return None
    return Notice(row.rev + 1, said)


def _names(fact: Fact) -> tuple[str, ...]:
    """Under which name of a row a fact may count."""
    if fact.type == "channel.complete":
        return ("newest", "furthest")
    if fact.type == "broadcast.aired":
        return (f"broadcast/{fact.data.get('campaign') or fact.id}",)
    return (fact.type,)


def _better(name: str, new: Said, old: Said) -> bool:
    if name == "furthest":  # A source may repeat an older file: what was complete stays so.
        return (_until(new), *new.rank()) > (_until(old), *old.rank())
    return new.rank() > old.rank()


def _until(said: Said) -> int:
    until = said.data.get("until_ms", said.at_ms)
    return until if isinstance(until, int) else said.at_ms


def _bounded(said: dict[str, Said]) -> dict[str, Said]:
    spots = [name for name in said if name.startswith("broadcast/")]
    for name in sorted(spots, key=lambda one: said[one].rank())[:-BROADCASTS_MAX]:
        del said[name]
    return said


def noted(row: Notice | None, arrival: Arrival) -> tuple[Notice, Message] | None:
    """A `context` record on its row: the row afterwards and its notice, for every partition; None
    if it says nothing new."""
    after = note(row, decode_fact(arrival.body), arrival.log_ms)
    if after is None:
        return None
    return after, Message("everywhere", arrival.key, "notice", encode_notice(after))


def newer(body: bytes, before: bytes | None) -> bool:
    """Whether a notice is to be kept in the place of the one before."""
    return before is None or decode_notice(body).rev > decode_notice(before).rev
