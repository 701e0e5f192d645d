"""Malformed and hostile records by the thousand, with what must become of each.

The table at the end says per kind whether *who*, *what* or *when* stays unknown: then `reason`.
Otherwise the record is processed, and `flaw` is what is counted, if anything is.
`on_broker`: whether a real broker takes the record as it stands (not: a record without a
timestamp, or larger than a topic allows).
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random

from adaptive_stream.engine.refusal import Dropped, Flaw, Reason

NOW_MS = 1_772_534_467_000  # 2026-03-03T10:41:07Z

Headers = list[tuple[str, bytes | None]]


@dataclass(frozen=True, slots=True)
class Expect:
    """What becomes of a record. All None: a fact without any flaw."""

    reason: Reason | None = None
    flaw: Flaw | None = None
    dropped: Dropped | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One record as Kafka would bring it, and what must become of it."""

    kind: str
    value: bytes | None
    key: bytes | None
    headers: Headers
    timestamp_ms: int
    expect: Expect
    on_broker: bool = True


@dataclass(frozen=True, slots=True)
class Made:
    """What a maker of one kind gives: the value, and what is unusual beside it."""

    value: bytes | None
    headers: Headers | None = None
    timestamp_ms: int = NOW_MS


@dataclass(frozen=True, slots=True)
class Kind:
    """A row of the table. `weight`: how often it comes, by the side of the others."""

    make: Callable[[Random, int], Made | bytes | None]
    expect: Expect
    weight: float = 1
    on_broker: bool = True


def hostile(count: int, seed: int = 0) -> Iterator[Case]:
    """`count` records of all kinds, the same ones for the same seed; every kind comes at once."""
    random = Random(seed)
    names = list(TABLE)
    weights = [TABLE[name].weight for name in names]
    picked = names + random.choices(names, weights, k=max(0, count - len(names)))
    random.shuffle(picked)
    for number, name in enumerate(picked[:count]):
        kind = TABLE[name]
        made = kind.make(random, number)
        made = made if isinstance(made, Made) else Made(made)
        yield Case(
            kind=name,
            value=made.value,
            key=random.choice((None, b"", b"L-204", b"\xff\x00", random.randbytes(9))),
            headers=made.headers or [],
            timestamp_ms=made.timestamp_ms,
            expect=kind.expect,
            on_broker=kind.on_broker,
        )


def good(number: int, **changes: object) -> dict[str, object]:
    """A record in order, in the native form. `changes` replace fields; None takes one away."""
    record: dict[str, object] = {
        "id": f"pos-{number}",
        "type": "order.completed",
        "time": "2026-03-03T10:41:07Z",
        "identifiers": {"loyalty": f"L-{number % 500}"},
        "data": data(number),
    }
    record |= changes
    return {name: value for name, value in record.items() if value is not None}


def data(number: int, **changes: object) -> dict[str, object]:
    """The data of a receipt."""
    line = {"sku": "boots-41", "quantity": 1, "price": 89.0}
    return {
        "order": f"R-{number}",
        "store": "leeds-2",
        "value": 89.0,
        "currency": "GBP",
        "items": [line],
    } | changes


def line(number: int, **changes: object) -> dict[str, object]:
    """A record whose one line is changed."""
    row = {"sku": "boots-41", "quantity": 1, "price": 89.0} | changes
    return good(number, data=data(number, items=[row]))


def text(record: object) -> bytes:
    """JSON as Python writes it: with NaN and Infinity, and escapes for all that is not ASCII."""
    return json.dumps(record).encode()


def _native(**choices: object) -> Callable[[Random, int], bytes]:
    """A good record with one field replaced by one of the choices."""
    (name, values), *_ = choices.items()

    def make(random: Random, number: int) -> bytes:
        record = good(number)
        record[name] = random.choice(values)  # type: ignore[arg-type]
        return text(record)

    return make


def _data(name: str, *values: object) -> Callable[[Random, int], bytes]:
    return lambda random, n: text(good(n, data=data(n, **{name: random.choice(values)})))


def _line(name: str, *values: object) -> Callable[[Random, int], bytes]:
    return lambda random, n: text(line(n, **{name: random.choice(values)}))


def _raw(*values: bytes) -> Callable[[Random, int], bytes]:
    return lambda random, _: random.choice(values)


def _cut(random: Random, number: int) -> bytes:
    whole = text(good(number))
    return whole[: random.randint(1, len(whole) - 1)]


def _deep(levels_min: int, levels_max: int) -> Callable[[Random, int], bytes]:
    def make(random: Random, number: int) -> bytes:
        levels = random.randint(levels_min, levels_max)
        opened, closed = random.choice(((b"[", b"]"), (b'{"a":', b"}")))
        inner = b"1" if opened != b"[" else b""
        nest = opened * levels + inner + closed * levels
        record = text(good(number, id=random.choice((None, f"d-{number}"))))
        return record[:-1] + b', "extra": ' + nest + b"}"

    return make


def _twice(_random: Random, number: int) -> bytes:
    return text(good(number)).replace(b'"type"', b'"type": "nonsense", "type"')


def _huge_text(random: Random, number: int) -> bytes:
    name = random.choice(("order", "store", "cart", "reason", "proof"))
    return text(good(number, data=data(number, **{name: "x" * random.randint(201, 20_000)})))


def _large(_random: Random, number: int) -> bytes:
    return text(good(number))[:-1] + b', "pad": "' + b"x" * 2_200_000 + b'"}'


def _headers(*pairs: tuple[str, bytes | None]) -> Callable[[Random, int], Made]:
    return lambda random, n: Made(text(good(n)), [random.choice(pairs)])


def _framed(random: Random, number: int) -> Made:
    if random.random() < 0.5:
        return Made(text(good(number)), [("__value_schema_id", b"\x01" + random.randbytes(16))])
    return Made(b"\0" + random.randbytes(4) + text(good(number)))


def _avro(random: Random, _number: int) -> Made:
    payload = b"\x02\x10" + random.randbytes(40) + b"\xff"
    if random.random() < 0.5:
        return Made(payload, [("__value_schema_id", b"\x01" + random.randbytes(16))])
    return Made(b"\0\0\0\0\x07" + payload)


def _without_time(random: Random, number: int) -> Made:
    said = random.choice((None, "", "yesterday", 0, [], "0001-01-01T00:00:00Z"))
    return Made(text(good(number, time=said)), timestamp_ms=random.choice((-1, 0)))


def _cloudevent(random: Random, number: int) -> Made:
    headers: Headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", b"e-%d" % number),
        ("ce_type", random.choice((b"\xff\xfe", b"order", b"order.completed\x00", b"a.b.c.v1"))),
        ("ce_source", b"/till"),
        ("ce_subject", b"loyalty:L-204"),
    ]
    return Made(text(data(number)), headers)


def _noise(random: Random, _number: int) -> bytes:
    return b"\xff" + random.randbytes(random.randint(0, 200))


def _batch(random: Random, number: int) -> bytes:
    call = {"type": "track", "event": "Order Completed", "userId": f"u-{number}"}
    return text({"batch": [call, random.choice((None, 5, "x", [], [call]))]})


def _segment_other(random: Random, number: int) -> bytes:
    name = random.choice(("Banner Seen", "", "Order", "🙂", "x" * 500, "Product List Viewed"))
    return text({"type": "track", "event": name, "anonymousId": f"ck-{number}"})


_DEEP_JSON = ("[" * 60 + "]" * 60, '{"a":' * 60 + "1" + "}" * 60)
_NOBODY = ("", "null", "undefined", "0", "none", " ", "\u202e", "a\u0000b", "x" * 300, {}, [[]])
_ODD = ({"a": 1}, [1, 2], [], {}, 1.5, True)
_UNICODE = (
    "\u202egnirts",
    "Z̸̡̢a̷l̵g̶o̷",
    "نص",
    "\U0001f97e" * 40,
    "a\u0000b",
    "\ufeffx",
)

REFUSED: dict[str, Kind] = {
    "cut off": Kind(_cut, Expect(Reason.NOT_JSON), 3),
    "other languages": Kind(
        _raw(b"<order/>", b"R-77;boots-41;89,00", b"id=1&type=order", b"--- a: 1", b"{'id': 1}"),
        Expect(Reason.NOT_JSON),
    ),
    "nearly JSON": Kind(
        _raw(
            b"{not json", b'{"a": 1,}', b'{"a": 1} {"b": 2}', b'{"a" 1}', b"{\x00}", b"[1, 2", b'"'
        ),
        Expect(Reason.NOT_JSON),
        2,
    ),
    "noise": Kind(_noise, Expect(Reason.NOT_JSON), 2),
    "null bytes": Kind(_raw(b"\0", b"\0\0\0\0", b"\x01\0\0", b" \0"), Expect(Reason.NOT_JSON)),
    "NaN alone": Kind(_raw(b"NaN ,", b"[NaN", b"{NaN: 1}", b"Infinity!"), Expect(Reason.NOT_JSON)),
    "Latin-1": Kind(
        lambda _, n: text(good(n))[:-1] + b', "name": "Jos\xe9"}', Expect(Reason.NOT_UTF8)
    ),
    "overlong UTF-8": Kind(
        lambda _, n: text(good(n))[:-1] + b', "name": "\xc0\xaf\xed\xa0\x80"}',
        Expect(Reason.NOT_UTF8),
    ),
    "Avro": Kind(_avro, Expect(Reason.NEEDS_SCHEMA), 2),
    "tombstone": Kind(lambda random, _: random.choice((None, b"")), Expect(Reason.NO_VALUE), 2),
    "too large": Kind(_large, Expect(Reason.TOO_LARGE), 0.02, on_broker=False),
    "too deep": Kind(_deep(1_100, 5_000), Expect(Reason.TOO_DEEP), 0.5),
    "no object": Kind(
        _raw(b"[]", b"5", b'"text"', b"null", b"true", b'[{"type": "order.completed"}]', b"-1e5"),
        Expect(Reason.NOT_AN_OBJECT),
        2,
    ),
    "deep arrays": Kind(_raw(*(t.encode() for t in _DEEP_JSON[:1])), Expect(Reason.NOT_AN_OBJECT)),
    "no format": Kind(
        _raw(b"{}", b'{"order": "R-77"}', b'{"batch": 5}', _DEEP_JSON[1].encode()),
        Expect(Reason.UNKNOWN_FORMAT),
        2,
    ),
    "no type": Kind(_native(type=("", None, 5, [], {}, True, " ")), Expect(Reason.NO_TYPE), 2),
    "unknown fact": Kind(
        _native(type=("order.competed", "x", "ordercompleted", "x" * 9_999, "заказ", "../../etc")),
        Expect(Reason.UNKNOWN_FACT),
        2,
    ),
    "unknown event type": Kind(_cloudevent, Expect(Reason.UNKNOWN_FACT)),
    "no identity": Kind(
        _native(identifiers=({}, None, [], "L-204", 5, {"loyalty": None}, {"loyalty": {}})),
        Expect(Reason.NO_IDENTITY),
        2,
    ),
    "nobody": Kind(
        _native(identifiers=[{"loyalty": v, "e mail": "a@b.example"} for v in _NOBODY]),
        Expect(Reason.NO_IDENTITY),
        2,
    ),
    "a card for a name": Kind(
        _native(identifiers=({"card": "4111111111111111"}, {"pan": 4111111111111111})),
        Expect(Reason.NO_IDENTITY),
    ),
    "about nothing": Kind(
        lambda random, n: text(
            good(n, type=random.choice(("product.out_of_stock", "fact.retracted")), data={})
        ),
        Expect(Reason.NO_SUBJECT),
    ),
    "no time at all": Kind(_without_time, Expect(Reason.NO_TIME), on_broker=False),
    "a batch with junk in it": Kind(_batch, Expect(Reason.NOT_AN_OBJECT)),
}

FLAWED: dict[str, Kind] = {
    "broken price": Kind(
        _line("price", "eighty-nine", "", "1,234", {}, [], True, "9" * 99, 10**40, "NaN"),
        Expect(flaw=Flaw.PRICE_UNREADABLE),
        3,
    ),
    "NaN price": Kind(
        _line("price", float("nan"), float("inf"), float("-inf")),
        Expect(flaw=Flaw.PRICE_UNREADABLE),
    ),
    "price without end": Kind(
        lambda _, n: text(line(n, price=1)).replace(b'"price": 1', b'"price": 1e9999'),
        Expect(flaw=Flaw.PRICE_UNREADABLE),
    ),
    "number without end": Kind(
        lambda _, n: text(line(n, price=1)).replace(b'"price": 1', b'"price": ' + b"1" * 5000),
        Expect(flaw=Flaw.PRICE_UNREADABLE),
    ),
    "broken quantity": Kind(
        _line("quantity", "two", 0.482, {}, [1], True, 10**12, float("nan"), "1e3"),
        Expect(flaw=Flaw.QUANTITY_UNREADABLE),
        2,
    ),
    "no pieces": Kind(_line("quantity", 0, -1, "-2"), Expect(flaw=Flaw.ITEM_UNREADABLE)),
    "broken value": Kind(
        _data("value", "a lot", {}, [], float("nan"), 1e300, True),
        Expect(flaw=Flaw.VALUE_UNREADABLE),
    ),
    "no items": Kind(
        _data("items", [{}], [None], "", 5.5, [[]], [{"sku": ""}], {"sku": {}}, [{"gtin": "x"}]),
        Expect(flaw=Flaw.ITEM_UNREADABLE),
    ),
    "too many items": Kind(
        lambda random, n: text(good(n, data=data(n, items=["x"] * random.randint(201, 3_000)))),
        Expect(flaw=Flaw.DATA_CUT),
        0.5,
    ),
    "future": Kind(
        _native(time=("2026-03-03T12:00:00Z", "2099-12-31T23:59:59Z", 1_803_000_000, "2026-03-04")),
        Expect(flaw=Flaw.TIME_IN_FUTURE),
        3,
    ),
    "ancient": Kind(
        _native(time=("1970-01-01T00:00:00Z", "1066-10-14", 0, -1, 1, "0001-01-01T00:00:00+14:00")),
        Expect(flaw=Flaw.TIME_UNUSABLE),
        2,
    ),
    "no time": Kind(
        _native(
            time=("yesterday", "2026-13-45T99:99", {}, [], True, "9999-12-31T23:59:59Z", 1e300)
        ),
        Expect(flaw=Flaw.TIME_UNUSABLE),
        3,
    ),
    "NaN time": Kind(
        _native(time=(float("nan"), float("inf"), "NaN", "x" * 10_000, "٢٠٢٦-٠٣-٠٣")),
        Expect(flaw=Flaw.TIME_UNUSABLE),
    ),
    "huge text": Kind(_huge_text, Expect(flaw=Flaw.DATA_CUT), 2),
    "odd data": Kind(
        lambda random, n: _data(random.choice(("order", "store", "reason")), *_ODD)(random, n),
        Expect(flaw=Flaw.DATA_UNREADABLE),
        3,
    ),
    "odd flag": Kind(_data("gift", "maybe", {}, [], 5, 1.0), Expect(flaw=Flaw.DATA_UNREADABLE)),
    "odd zone": Kind(
        _data("zone", "../../etc/passwd", "Mars/Olympus", "Europe", 5, "\0"),
        Expect(flaw=Flaw.DATA_UNREADABLE),
    ),
    "huge number": Kind(
        _data("order", 10**18, 10**30, -(10**25)), Expect(flaw=Flaw.DATA_UNREADABLE)
    ),
    "one name of nobody": Kind(
        _native(
            identifiers=[{"email": v, "loyalty": "L-204"} for v in ("null", "a@b", 5, {}, 1e30)]
        ),
        Expect(flaw=Flaw.IDENTIFIER_UNUSABLE),
        2,
    ),
    "a thousand names": Kind(
        lambda _, n: text(good(n, identifiers={"cookie": [f"c-{i}" for i in range(1_000)]})),
        Expect(flaw=Flaw.DATA_CUT),
        0.3,
    ),
    "card number": Kind(
        _data("card", "4111111111111111", "5500 0000 0000 0004", 4111111111111111),
        Expect(flaw=Flaw.CARD_NUMBER_DROPPED),
        2,
    ),
}

CLEAN: dict[str, Kind] = {
    "good": Kind(lambda _, n: text(good(n)), Expect(), 10),
    "deep data": Kind(_deep(50, 1_000), Expect()),
    "large data": Kind(
        lambda random, n: text(good(n, extra={"x" * 50: ["y" * 1_000] * random.randint(1, 400)})),
        Expect(),
        0.2,
    ),
    "a key twice": Kind(_twice, Expect()),
    "byte order mark": Kind(lambda _, n: b"\xef\xbb\xbf" + text(good(n)), Expect()),
    "half an emoji": Kind(
        lambda _, n: text(good(n))[:-1] + b', "name": "boots \\ud83d"}', Expect()
    ),
    "NaN elsewhere": Kind(lambda _, n: text(good(n, score=float("nan"))), Expect()),
    "UTF-16": Kind(
        lambda _, n: Made(
            text(good(n)).decode().encode("utf-16"),
            [("content-type", b"text/json; charset=utf-16")],
        ),
        Expect(),
    ),
    "schema id": Kind(_framed, Expect(), 2),
    "wrong content type": Kind(
        _headers(
            ("content-type", b"application/xml"),
            ("Content-Type", b"text/plain; charset=klingon"),
            ("content-type", b"application/cloudevents+json; charset=UTF-8"),
            ("content-type", b"\xff\xff"),
            ("content-type", None),
        ),
        Expect(),
        2,
    ),
    "odd headers": Kind(
        _headers(("ce_id", b"\xff"), ("", b""), ("x" * 500, b"\0" * 500), ("traceparent", None)),
        Expect(),
    ),
    "odd id": Kind(
        _native(id=(None, {}, [], True, 1.5, "", "null", "x" * 5_000, 7, 10**40)), Expect()
    ),
    "unicode": Kind(
        _data("reason", *_UNICODE),
        Expect(),
    ),
    "injections": Kind(
        _data("order", "'; DROP TABLE orders; --", "${jndi:ldap://x}", "{{7*7}}", "%s%n", "<b>"),
        Expect(),
    ),
    "unasked data": Kind(
        lambda _, n: text(good(n, data=data(n, **{f"k{i}": i for i in range(300)}))),
        Expect(),
        0.5,
    ),
    "event of no interest": Kind(_segment_other, Expect(dropped=Dropped.NOT_A_FACT), 2),
}

TABLE: dict[str, Kind] = {**REFUSED, **FLAWED, **CLEAN}


def with_topic_limits(case: Case, bytes_max: int) -> Case:
    """The case, marked as one for no broker when a topic of this limit would not take it."""
    fits = len(case.value or b"") + len(case.key or b"") + 1_000 <= bytes_max
    return case if fits else replace(case, on_broker=False)
