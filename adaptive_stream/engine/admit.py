"""Stage 1, the pure half: what a format read becomes a Fact, or the reason why it cannot.

Rule 1: refused is only what leaves *who*, *what* or *when* unknown, judged in that order of
Reason; everything else that is wrong is a Flaw, and the fact goes on.
Rule 2: nothing here knows a wire format. formats/ fills a Draft, in the native shape.
"""

import re

import msgspec

from adaptive_stream.engine.blocked import NOTHING, Blocked
from adaptive_stream.engine.event_time import event_time
from adaptive_stream.engine.fact import (
    BROWSING,
    CONTEXT,
    FACT_TYPES,
    WITHOUT_CUSTOMER,
    Fact,
)
from adaptive_stream.engine.fact_data import (
    card_key,
    card_number,
    read_currency,
    read_data,
    read_text,
)
from adaptive_stream.engine.identifier import STRENGTH, normalise, route
from adaptive_stream.engine.item import read_codes, read_lines
from adaptive_stream.engine.refusal import Flaw, Reason, Refusal

IDENTIFIERS_MAX = 16  # Nobody shows more at once; a thousand in one record would be an attack.
IDENTIFIERS_READ_MAX = 64  # Of so many the strongest are chosen; the rest is not even looked at.

ABOUT_ONE_ITEM = frozenset((*BROWSING, *CONTEXT)) - {"broadcast.aired"}
TAKES_BACK = frozenset(("order.refunded", "order.voided", "order.cancelled", "cart.item_removed"))
# What a fact is about nothing without: the key in `data` that must be there.
SUBJECT = {
    **dict.fromkeys((name for name in CONTEXT if name.startswith("product.")), "item"),
    "fact.retracted": "fact",
}

_TYPE_SHOWN = re.compile(r"[^a-zA-Z0-9_. -]")  # A reason's detail is printed: no stranger's bytes.


class Draft(msgspec.Struct):
    """One fact as a format read it: still the producer's values, in the native shape.

    `id`: the producer's or a hash of the content, never empty. `identifiers`: {type: value or
    list of values}. `sent_at`, `received_at`: None when they say nothing about the clock.
    """

    id: str
    type: object
    time: object = None
    sent_at: object = None
    received_at: object = None
    source: str = ""
    identifiers: dict[str, object] = {}
    data: dict[str, object] = {}


def make_fact(
    draft: Draft,
    channel: str,
    timestamp_ms: int,
    zone: str = "UTC",
    blocked: Blocked = NOTHING,
) -> tuple[Fact, tuple[Flaw, ...]] | Refusal:
    """The fact and what was wrong with it, or why it is refused.

    `timestamp_ms`: of the Kafka record, -1 when it has none. `zone`: of times that name none.
    `blocked`: identifiers that are nobody's.
    """
    fact_type = draft.type
    if type(fact_type) is not str or not fact_type.strip():
        return Refusal(Reason.NO_TYPE)
    if fact_type not in FACT_TYPES and (fact_type := fact_type.strip().lower()) not in FACT_TYPES:
        return Refusal(Reason.UNKNOWN_FACT, _TYPE_SHOWN.sub("?", fact_type[:64]))
    flaws: list[Flaw] = []
    identifiers: tuple[str, ...] = ()
    if fact_type not in WITHOUT_CUSTOMER:
        identifiers = _identifiers(draft.identifiers, blocked, flaws)
        if not identifiers:
            detail = "blocked" if Flaw.IDENTIFIER_BLOCKED in flaws else "none is usable"
            return Refusal(Reason.NO_IDENTITY, detail if draft.identifiers else "")
    currency = read_currency(draft.data)
    lines = read_lines(draft.data, currency, fact_type in TAKES_BACK, flaws)
    data = read_data(draft.data, currency, zone, flaws)
    if "contact" in data and type(contact := data["contact"]) is list:
        data["contact"] = [text for text in contact if text not in blocked]
    if lines and fact_type in ABOUT_ONE_ITEM:
        data["item"] = lines[0].item
    if fact_type == "product.described":
        data["codes"] = read_codes(draft.data)
    subject = SUBJECT.get(fact_type)
    if subject is not None and subject not in data:
        return Refusal(Reason.NO_SUBJECT, f"data.{subject}")
    when = event_time(draft.time, draft.sent_at, draft.received_at, timestamp_ms, zone)
    if when.at_ms is None:
        return Refusal(Reason.NO_TIME)
    flaws += when.flaws
    source = draft.source or data.get("source") or ""
    source = (read_text(source, flaws) or "") if source else ""
    said = (draft.id, fact_type, when.at_ms, channel, source, identifiers)
    fact = Fact(*said, when.source, when.claimed_ms, lines, data)
    return fact, tuple(dict.fromkeys(flaws)) if flaws else ()


def _identifiers(said: object, blocked: Blocked, flaws: list[Flaw]) -> tuple[str, ...]:
    """Normalised, the strongest first. A card's number is no identifier, whoever says so."""
    if type(said) is not dict:
        return ()
    found: list[str] = []
    left, some_blocked = IDENTIFIERS_READ_MAX, bool(blocked)
    for name, values in said.items():
        kind = name if name in STRENGTH else name.strip().lower()
        for value in values[:left] if type(values) is list else (values,):
            if value is None or value == "":
                continue
            left -= 1
            if kind not in STRENGTH and card_key(kind) and card_number(value):
                flaws.append(Flaw.CARD_NUMBER_DROPPED)
            elif (identifier := normalise(kind, value)) is None:
                flaws.append(Flaw.IDENTIFIER_UNUSABLE)
            elif some_blocked and identifier in blocked:
                flaws.append(Flaw.IDENTIFIER_BLOCKED)
            else:
                found.append(identifier)
        if left <= 0:
            break
    if len(found) < 2:
        return tuple(found)
    routed = route(found)
    if len(routed) > IDENTIFIERS_MAX:
        flaws.append(Flaw.DATA_CUT)
    return routed[:IDENTIFIERS_MAX]
