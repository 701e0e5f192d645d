"""The short form of a story, as `examples:` of a rule file say it: one customer, no ceremony.

Rule 1: it becomes the same rows as the full form, played and judged by the same code.
Rule 2: what a short row leaves out has one meaning, written down in DEFAULTS below.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise

from adaptive_stream.catalog.faults import CatalogError, Fault, suggestion
from adaptive_stream.engine.fact import WITHOUT_CUSTOMER
from adaptive_stream.engine.journey import PURPOSES
from adaptive_stream.stories import phrases
from adaptive_stream.stories.calendar import Calendar, Moment
from adaptive_stream.stories.rows import RowError, read_rows
from adaptive_stream.stories.story import Person, Row, Story, Value
from adaptive_stream.stories.world import PEOPLE, PRICES

CUSTOMER = "ana"
# Who she is on each channel: the kind of name that its facts carry.
NAMED_BY = {
    "web": "cookie", "app": "device", "store": "loyalty", "email": "email", "push": "device",
    "sms": "phone", "callcentre": "phone", "social": "email", "directmail": "email",
    "ads": "email", "backoffice": "email",
}  # fmt: skip
# By the first word of a fact. Orders are numbered: each purchase is a new one (see _order).
DEFAULTS: Mapping[str, Mapping[str, str]] = {
    "cart": {"cart": "cart-1"},
    "checkout": {"cart": "cart-1"},
    "contract": {"contract": "K-1"},
    "renewal": {"contract": "K-1"},
    "case": {"case": "C-1"},
    "message": {"message": "m-1"},
}
# By the fact, where the first word is not enough.
DEFAULTS_OF: Mapping[str, Mapping[str, str]] = {
    "contract.renewal_due": {"ends": "D14T00:00"},
    "message.scheduled": {"sender": "braze", "handle": "h-1", "due": "D14T00:00"},
}
STORE = "leeds-2"

AMONG = ("because", "steps")  # An example need not name every step that rests.

_CALENDAR = Calendar()
_DAY = re.compile(r"D-?\d+")
_CLOCK = re.compile(r"\d\d:\d\d(:\d\d)?")
_TAILS = ("because", "until")
_UP_TO_THEN = ("not", "once")  # none came, exactly one came, from the start up to the row's time
_OFFERS = ("offer", "withdraw")
_VERBS = ("suppress", "hold", "release", "due")


def read_example(
    file: str, it: str, journey: str, story: tuple[str, int], expect: tuple[str, int]
) -> Story:
    """The example as a Story. `story`, `expect`: the rows, and the line of their first one.
    `journey`: "" for that of a standing rule, which is about messages and purposes.

    Raises CatalogError with every fault.
    """
    faults: list[Fault] = []
    told: list[Row] = []
    orders = _Orders()
    for text, line in _lines(*story):
        try:
            told.append(orders.numbered(_told(text, line)))
        except RowError as error:
            faults.append(Fault(file, line, error.value, error.says, error.remedy))
    wanted: list[Row] = []
    for text, line in _lines(*expect):
        try:
            wanted.append(_wanted(text, line, journey))
        except RowError as error:
            faults.append(Fault(file, line, error.value, error.says, error.remedy))
    for rows in (told, wanted):
        for before, row in pairwise(rows):
            if row.at_ms < before.at_ms:
                says, remedy = (
                    f"is earlier than line {before.line}",
                    "put the rows in order of time",
                )
                faults.append(Fault(file, row.line, row.text, says, remedy))
    if faults:
        raise CatalogError(faults)
    # What comes at the moment of a fact comes after it.
    rows = sorted([*told, *wanted], key=lambda row: (row.at_ms, row.verb != "in"))
    load = (journey,) if journey else ()
    return Story(file, "example", it, tuple(rows), people=(Person(CUSTOMER),), load=load)


def _lines(text: str, first: int) -> Iterator[tuple[str, int]]:
    for number, line in enumerate(text.split("\n")):
        if line.strip() and not line.lstrip().startswith("#"):
            yield " ".join(line.split()), first + number


def _time(words: list[str]) -> tuple[str, str, list[str]]:
    """(day, clock, what is left); a row without a day is of D0."""
    day = words.pop(0) if words and _DAY.fullmatch(words[0]) else "D0"
    clock = words.pop(0) if words else ""
    if _CALENDAR.at(day, clock) is None:
        remedy = "write `10:41` or `D1 10:41`"
        raise RowError(f"{day} {clock}", "does not begin with a time", remedy)
    return day, clock, words


def _told(text: str, line: int) -> Row:
    """`10:41  store  order.completed  boots-41` -> the row of a full story."""
    day, clock, words = _time(text.split())
    if len(words) < 2:
        raise RowError(text, "ends too early", "write `10:41 store order.completed boots-41`")
    channel, fact, *rest = words
    full = [day, clock, "in", channel, fact]
    said = {word.partition("=")[0] for word in rest}
    hers = fact not in WITHOUT_CUSTOMER
    if hers and channel in NAMED_BY and not any(re.match(r"[a-z]+:", word) for word in rest):
        full.append(_identifier(channel))
    for name, value in _defaults(channel, fact).items():
        if name not in said:
            full.append(f"{name}={value}")
    for word in rest:
        bare = "=" not in word and not word.startswith("@") and not re.match(r"[a-z]+:", word)
        if not bare:
            full.append(word)
        elif hers:
            full += [_item(piece) for piece in word.split(",") if piece]
        else:  # Of an item itself, it is neither bought nor put in a cart.
            full.append(f"sku={word}")
    (row,) = read_rows(" ".join(full), line, _CALENDAR)
    return replace(row, text=text)


def _identifier(channel: str) -> str:
    kind = NAMED_BY[channel]
    return next(i for i in PEOPLE[CUSTOMER].identifiers if i.startswith(f"{kind}:"))


def _defaults(channel: str, fact: str) -> dict[str, str]:
    defaults = dict(DEFAULTS.get(fact.partition(".")[0], {}))
    if channel == "store":
        defaults["store"] = STORE
    defaults |= DEFAULTS_OF.get(fact, {})
    return defaults


def _item(word: str) -> str:
    """`boots-41` -> `item=boots-41*1@89.00`: one piece at the catalogue's price."""
    sku, at, price = word.partition("@")
    sku, star, quantity = sku.partition("*")
    if sku not in PRICES and not at:
        remedy = f"{suggestion(sku, PRICES)}; or give its price, `{sku}@19.00`"
        raise RowError(word, "is nothing that the catalogue of examples has", remedy)
    return f"item={sku}*{quantity if star else 1}@{price if at else PRICES[sku]}"


class _Orders:
    """Numbers the orders of an example: a purchase is a new order, what follows speaks of it."""

    def __init__(self) -> None:
        self.count = 0
        self.unpaid = False

    def numbered(self, row: Row) -> Row:
        if not row.action.startswith("order.") or "order" in row.fields:
            return row
        if row.action == "order.placed" or (row.action == "order.completed" and not self.unpaid):
            self.count += 1
        self.unpaid = row.action == "order.placed"
        fields: dict[str, Value] = {"order": f"R-{max(self.count, 1)}", **row.fields}
        return replace(row, fields=fields)


def _wanted(text: str, line: int, journey: str) -> Row:
    """`10:41  email  suppress  remind, discount  because bought_these_items` -> an out row."""
    day, clock, words = _time(text.replace(",", " ").split())
    at_ms = _CALENDAR.at(day, clock)
    assert at_ms is not None
    verb = "out"
    if words and words[0] in _UP_TO_THEN:
        verb, words = words[0], words[1:]
    if len(words) < 2:
        remedy = "write `10:41 email suppress remind` or `10:41 offer care-kit`"
        raise RowError(text, "ends too early", remedy)
    first, second, *rest = words
    fields: dict[str, Value] = {}
    if first in _OFFERS:
        topic, action = phrases.OPPORTUNITIES, first
        fields["offer"] = second
        if journey:
            fields["kind"] = "instead"
    else:
        topic, action = _topic_and_action(first, second)
        if journey:
            fields["journey"] = journey
    steps, fields = _tails(rest, fields, day)
    if steps and first in _OFFERS:
        raise RowError(steps[0], "is more than an offer can say", "write `10:41 offer care-kit`")
    if second == "due":
        fields |= {"kind": "step", "channels": first}
        if len(steps) != 1:
            raise RowError(text, "does not say which step is due", "write `11:00 email due remind`")
        fields["step"] = steps[0]
    elif steps and journey:
        fields["steps"] = ",".join(steps)
    elif steps:
        fields |= _scope(steps, text)
    if verb == "once":
        counted: dict[str, Value] = {"topic": topic, "action": action, "value": "1", **fields}
        return Row(line, at_ms, "see", "count", fields=counted, text=text, among=AMONG)
    return Row(line, at_ms, verb, topic, action, fields=fields, text=text, among=AMONG)


def _scope(words: list[str], text: str) -> dict[str, Value]:
    """What a standing rule stops or holds: a purpose, all, `endpoint service`, or a message by its
    id."""
    if words == ["endpoint"]:
        return {"scope": "endpoint"}
    if len(words) == 2 and words[0] == "endpoint" and words[1] in PURPOSES:
        return {"scope": "endpoint", "purpose": words[1]}
    if len(words) != 1:
        remedy = "write `10:41 email suppress m-1`, or `10:41 email hold marketing`"
        raise RowError(text, "does not say which message", remedy)
    if words[0] in PURPOSES:
        return {"scope": "purpose", "purpose": words[0]}
    if words[0] == "all":
        return {"scope": "all"}
    return {"scope": "message", "message": words[0]}


def _topic_and_action(channel: str, verb: str) -> tuple[str, str]:
    topic = f"suppressions.{channel}"
    if topic not in phrases.TOPIC_OF:
        remedy = suggestion(channel, [*NAMED_BY, *_OFFERS])
        raise RowError(channel, "is no channel on which she can be reached", remedy)
    if verb not in _VERBS:
        raise RowError(verb, "is nothing that can come of an example", suggestion(verb, _VERBS))
    return (phrases.OPPORTUNITIES, "offer") if verb == "due" else (topic, verb)


def _tails(
    words: list[str], fields: dict[str, Value], day: str
) -> tuple[list[str], dict[str, Value]]:
    """The steps before `because` and `until`, and what these two say."""
    steps: list[str] = []
    while words:
        word = words.pop(0)
        if word not in _TAILS:
            steps.append(word)
        elif word == "because" and words:
            fields["because"] = words.pop(0)
        elif word == "until" and words:
            fields["until"] = _until(words, day)
        else:
            raise RowError(word, "ends too early", "write `because renewing until D1 12:41`")
    return steps, fields


def _until(words: list[str], day: str) -> Moment:
    """`12:41` (of the row's day), `D1 12:41` or `D1T12:41`."""
    text = words.pop(0)
    if _DAY.fullmatch(text) and words:
        text = f"{text}T{words.pop(0)}"
    elif _CLOCK.fullmatch(text):
        text = f"{day}T{text}"
    moment = _CALENDAR.moment(text)
    if moment is None:
        raise RowError(text, "is no time", "write `until 12:41` or `until D1 12:41`")
    return moment
