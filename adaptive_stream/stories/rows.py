"""Reads one row of a story: `D0 10:41  in  store order.completed loyalty:L-204 order=R-77`."""

import re
from collections.abc import Collection, Iterator
from dataclasses import replace

from adaptive_stream.catalog.channels import CHANNELS
from adaptive_stream.catalog.faults import suggestion
from adaptive_stream.stories import phrases
from adaptive_stream.stories.calendar import Calendar, Moment
from adaptive_stream.stories.story import Item, Row, Value

TIMES_MAX = 10_000  # A row that is repeated more often than that is a load test, not a story.

_WORD = re.compile(r'(?:[^\s"]|"[^"]*")+')
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9_./-]*)=(.*)", re.DOTALL)
IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*:[^\s/]+")
_REFERENCE = re.compile(r"[^\s/#]+/[^\s/#]+#[^\s/#]+")
_ITEM = re.compile(r"([^*@,\s]+)(?:\*([^@,\s]+))?(?:@([^,\s]+))?")
_METRIC = re.compile(r"[a-z_]+(?:\{[a-z_]+=[^,{}]+(?:,[a-z_]+=[^,{}]+)*\})?")
_NUMBERED = re.compile(r"\{(\d+)\.\.(\d+)\}")


_FILE = r"[a-z0-9-]+\.yaml"
_JOURNEYS = re.compile(
    r"new [a-z0-9-]+ --from [a-z0-9-]+|check|explain [a-z0-9-]+"
    rf"|publish {_FILE}(?: --shadow)?|backtest {_FILE}(?: --against live)?(?: --last \d+d)?"
    r"|(?:pause|resume|rollback) [a-z0-9-]+(?: --because \"[^\"]*\")?"
)
_WORKERS = {phrases.STOP: re.compile("workers"), phrases.START: re.compile("workers")}

CHECK_FIELDS = {"file", "line", "says", "examples", "passed", "unproved", "exit"}
LIVE_FIELDS = {
    "shadow": {"would_have_sent", "would_have_stopped", "side_effects"},
    phrases.DIFF: {"stopped_more", "stopped_less", "per_customer", "reasons"},
    phrases.INSTANCES: {"stop_rules", "steps", "count"},
}
SOURCE_FIELDS = {"source", "silent_for", "contacts_waiting", "complete_until", "retired"}


class RowError(Exception):
    """A row cannot be read: the piece at fault, what is wrong with it, and what to do."""

    def __init__(self, value: str, says: str, remedy: str) -> None:
        super().__init__(value, says, remedy)
        self.value, self.says, self.remedy = value, says, remedy


def read_rows(line: str, number: int, calendar: Calendar) -> list[Row]:
    """The row of a line, or the rows when it has `times=`. Raises RowError."""
    day, clock, verb, *words = [*_WORD.findall(line), "", "", ""]
    at_ms = calendar.at(day, clock)
    if at_ms is None:
        raise RowError(f"{day} {clock}", "does not begin with a time", "write `D0 10:41` first")
    if verb not in phrases.VERBS:
        raise RowError(verb, "has no such verb", suggestion(verb, phrases.VERBS))
    if '"' in _WORD.sub("", line):
        raise RowError(line, "has a quotation mark that is not closed", "close it")
    words = [word for word in words if word]
    text = " ".join(line.split())
    rows = []
    for numbered in _repeated(words):
        row = Row(number, at_ms, verb, "", text=text)
        rows.append(_READERS[verb](row, numbered, calendar))
    return rows


def _repeated(words: list[str]) -> Iterator[list[str]]:
    """The words of each repeat, `{1..50}` replaced by its number and `times=` left out."""
    times = [word for word in words if re.fullmatch(r"times=\d+", word)]
    ranges = {match.groups() for word in words for match in _NUMBERED.finditer(word)}
    if not times and ranges:
        raise RowError(" ".join(words), "is numbered but not repeated", "add `times=50`")
    if not times:
        yield words
        return
    count = int(times[0][6:])
    if not 1 <= count <= TIMES_MAX:
        raise RowError(times[0], "repeats too often or not at all", f"write 1 to {TIMES_MAX}")
    if any(int(last) - int(first) + 1 != count for first, last in ranges):
        raise RowError(times[0], "does not repeat as often as it numbers", "make both the same")
    for repeat in range(count):
        yield [
            _NUMBERED.sub(lambda found: str(int(found[1]) + repeat), word)  # noqa: B023
            for word in words
            if word not in times
        ]


def _read_in(row: Row, words: list[str], calendar: Calendar) -> Row:
    channel, fact, *rest = _at_least(words, 2, "write `in store order.completed loyalty:L-204 …`")
    _known(channel, CHANNELS, "is no channel")
    _known(fact, phrases.FACTS, "is no fact")
    row = _read_words(replace(row, subject=channel, action=fact), rest, calendar)
    names = phrases.RAW_FIELDS if fact == "raw" else phrases.FACT_FIELDS
    for name in row.fields:
        _known(name, names, "is nothing that a fact says")
    if fact == "raw" and not {"bytes", "file"} & set(row.fields):
        raise RowError(row.text, "does not say what is written", 'write `raw bytes="{not json"`')
    return _nothing_left(row)


def _read_ask(row: Row, words: list[str], calendar: Calendar) -> Row:
    channel, reference, *rest = _at_least(words, 2, "write `ask email journey/instance#step …`")
    _known(channel, CHANNELS, "is no channel")
    if not _REFERENCE.fullmatch(reference):
        remedy = "write `none/none#any`, or name its step"
        raise RowError(reference, "is no journey/instance#step", remedy)
    return _nothing_left(
        _read_words(replace(row, subject=channel, action=reference), rest, calendar)
    )


def _read_ans(row: Row, words: list[str], calendar: Calendar) -> Row:
    answer, *rest = _at_least(words, 1, "write `ans deny because=bought_these_items`")
    _known(answer, phrases.ANSWERS, "is no answer")
    return _nothing_left(_read_words(replace(row, subject="gate", action=answer), rest, calendar))


def _read_out(row: Row, words: list[str], calendar: Calendar) -> Row:
    topic, *rest = _at_least(words, 1, "write `out suppressions.email suppress …`")
    if not phrases.known_topic(topic):
        known = [*phrases.TOPIC_OF, "decisions", "view.callcentre", "dlq.store"]
        raise RowError(topic, "is no topic that stories speak of", suggestion(topic, known))
    action = ""
    if rest and "=" not in rest[0]:
        action, *rest = rest
        _known(action, phrases.actions(topic), f"never comes on {topic}")
    elif row.verb == "out":
        raise RowError(topic, "does not say what comes", f"name one of {phrases.actions(topic)}")
    row = _read_words(replace(row, subject=topic, action=action), rest, calendar)
    _check_fields(row, topic)
    return _nothing_left(row)


def _check_fields(row: Row, topic: str, *more: str) -> None:
    """A field that no record has would let a `not` pass for ever."""
    names = phrases.fields(topic)
    if names is not None:
        for name in row.fields:
            _known(name, (*names, *more), f"is nothing that {topic} tells")


def _read_see(row: Row, words: list[str], calendar: Calendar) -> Row:
    query, *rest = _at_least(words, 1, "write `see customer email:ana@example.com …`")
    if not query.startswith("GET/"):
        _known(query, phrases.QUERIES, "is no query")
    row = _read_words(replace(row, subject=query), rest, calendar)
    if query == "customer" and (len(row.identifiers) != 1 or not row.fields):
        remedy = "write `see customer email:ana@example.com orders.count=1`"
        raise RowError(row.text, "does not say who and what", remedy)
    if query == "outbox" and (len(row.identifiers) != 1 or set(row.fields) != {"messages"}):
        remedy = "write `see outbox email:ana@example.com messages=m-1,m-2`, or messages=none"
        raise RowError(row.text, "does not say whose and what", remedy)
    if query == "sources" and not {"source"} < set(row.fields) <= SOURCE_FIELDS:
        remedy = "write `see sources source=store/leeds-2 silent_for=2h51m contacts_waiting=1`"
        raise RowError(row.text, "does not say which source and what of it", remedy)
    if query == "topic" and (len(row.words) != 1 or set(row.fields) != {"has_not"}):
        remedy = "write `see topic suppressions.ads has_not=ana@example.com`"
        raise RowError(row.text, "does not say what is in no record of which topic", remedy)
    if query == "check" and not (row.fields and set(row.fields) <= CHECK_FIELDS):
        remedy = "write `see check examples=3 passed=3 unproved=cart_emptied exit=0`"
        raise RowError(row.text, "does not say what the check said", remedy)
    if query in LIVE_FIELDS and not (row.fields and set(row.fields) <= LIVE_FIELDS[query]):
        remedy = f"name some of {', '.join(sorted(LIVE_FIELDS[query]))}"
        raise RowError(row.text, "does not say what is seen", remedy)
    if query == "count":
        _check_count(row)
    if query == "metric" and (len(row.words) != 1 or not _METRIC.fullmatch(row.words[0])):
        remedy = "write `see metric customers_forgotten_total{because=erased} value=1`"
        raise RowError(row.text, "names no metric", remedy)
    return row


def _check_count(row: Row) -> None:
    topic = str(row.fields.get("topic", ""))
    if not phrases.known_topic(topic) and topic != "outputs":
        raise RowError(topic, "is no topic to count in", suggestion(topic, phrases.TOPIC_OF))
    if not {"value", "max"} & set(row.fields):
        raise RowError(row.text, "does not say how many", "add `value=1` or `max=3`")
    _check_fields(row, topic, *phrases.COUNTING)


def _read_do(row: Row, words: list[str], _: Calendar) -> Row:
    command, *rest = _at_least(words, 1, "write a command, as `do customer forget …`")
    _known(command, phrases.COMMANDS, "is no command")
    if command == "customer" and rest and rest[0] in phrases.REQUESTS:
        return _read_request(row, rest[0], rest[1:])
    known = _JOURNEYS if command == "journeys" else _WORKERS.get(command)
    if known is not None and not known.fullmatch(" ".join(rest)):
        remedy = "write as the command is written; a file is one of the story's folder"
        raise RowError(row.text, "is no command that stories know", remedy)
    return replace(row, subject=command, words=tuple(rest))


def _read_request(row: Row, request: str, words: list[str]) -> Row:
    """`do customer unmerge email:… loyalty:… --because "…"`: a fact that the command writes."""
    match words:
        case [one, other] if IDENTIFIER.fullmatch(one) and IDENTIFIER.fullmatch(other):
            because = ""
        case [one, other, "--because", because]:
            pass
        case _:
            remedy = f'write `do customer {request} email:… loyalty:… --because "…"`'
            raise RowError(row.text, "does not say who and who", remedy)
    fields: dict[str, Value] = {"reason": because.strip('"')} if because else {}
    fact = phrases.REQUESTS[request]
    return replace(row, subject="customer", action=fact, identifiers=(one, other), fields=fields)


_READERS = {
    "in": _read_in,
    "ask": _read_ask,
    "ans": _read_ans,
    "out": _read_out,
    "not": _read_out,
    "see": _read_see,
    "do": _read_do,
}


def _read_words(row: Row, words: list[str], calendar: Calendar) -> Row:
    """The row with its identifiers, fields, items and `@happened`; the rest stays in `words`."""
    identifiers: list[str] = []
    fields: dict[str, Value] = {}
    items: list[Item] = []
    left: list[str] = []
    for word in words:
        if match := _FIELD.fullmatch(word):
            name, value = match.groups()
            if name == "item" and row.verb == "in":
                items += _items(value)
            elif name in fields:
                raise RowError(word, f"says `{name}=` twice", "keep one of them")
            else:
                fields[name] = _value(value, calendar)
        elif word.startswith("@"):
            happened = _value(word[1:], calendar)
            if not isinstance(happened, Moment):
                raise RowError(word, "is no time", "write `@D0T08:30`")
            row = replace(row, happened_ms=happened.at_ms)
        elif IDENTIFIER.fullmatch(word):
            identifiers.append(word)
        else:
            left.append(word)
    return replace(
        row,
        identifiers=tuple(identifiers),
        fields=fields,
        items=tuple(items),
        words=tuple(left),
    )


def _value(text: str, calendar: Calendar) -> Value:
    """A Moment when it looks like one; a text that only begins like one is a fault."""
    if text.startswith('"'):
        return text.strip('"')
    moment = calendar.moment(text)
    if moment is None and re.fullmatch(r"D-?\d+T.*|\d{4}-\d\d-\d\d.*", text):
        raise RowError(text, "is no time", "write `D1T08:00` or `2025-12-03T10:00`")
    return text if moment is None else moment


def _items(text: str) -> Iterator[Item]:
    for piece in text.split(","):
        match = _ITEM.fullmatch(piece)
        if not match:
            raise RowError(piece, "is no item", "write `item=boots-41*1@89.00`")
        yield Item(match[1], match[2], match[3])


def _nothing_left(row: Row) -> Row:
    if row.words:
        remedy = "write name=value, type:value or @time"
        raise RowError(row.words[0], "is nothing that a row can say", remedy)
    return row


def _at_least(words: list[str], count: int, remedy: str) -> list[str]:
    if len(words) < count:
        raise RowError(" ".join(words), "ends too early", remedy)
    return words


def _known(word: str, known: Collection[str], says: str) -> None:
    if word not in known:
        raise RowError(word, says, suggestion(word, known))
