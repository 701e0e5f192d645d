"""What came out, as both runners hand it over and as rows are compared with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from adaptive_stream.engine import board
from adaptive_stream.engine.notice import Notice
from adaptive_stream.stories import phrases
from adaptive_stream.stories.calendar import parse_iso

Json = object

HASHED, HASH_SHOWN = "email_sha256", 8  # A row writes a hash by its first characters.
_decode = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class Output:
    """One record of an output topic. `topic`: as stories say it; `value` None is a tombstone."""

    topic: str
    known_ms: int
    key: str
    value: dict[str, object] | None

    def text(self) -> str:
        """The payload as text, in which `has_not` looks."""
        return msgspec.json.encode(self.value).decode()


def output(
    topic: str, key: bytes | None, value: bytes | None, headers: Iterable[tuple[str, bytes]]
) -> Output:
    """An output of a record. Its `ce_time` is the known time, on topics whose payload has none."""
    known_ms = parse_iso(dict(headers)["ce_time"].decode())
    assert known_ms is not None, "every output says when it was known"
    short = phrases.SHORT_OF.get(topic, topic)
    return Output(short, known_ms, (key or b"").decode(), _decode(value) if value else None)


def metric(name: str, labels: Iterable[str], value: float, at_ms: int) -> Output:
    """One series of a metric as a runner saw it; its labels are text, in the order of METRICS."""
    named = zip(phrases.METRICS[name], labels, strict=True)
    return Output(phrases.METRIC, at_ms, name, {**dict(named), "value": int(value)})


def board_of(notices: Mapping[str, Notice], outputs: Iterable[Output], at_ms: int) -> list[Output]:
    """The board of sources as a runner sees it."""
    states = {one.key: one.value or {} for one in outputs if one.topic == phrases.CUSTOMER_STATE}
    sources = board.board(notices, states.values(), at_ms)
    return [Output(phrases.SOURCES, at_ms, one.name, board.as_json(one)) for one in sources]


def found(tree: Json, path: str) -> Json:
    """The value at a dotted path (`carts.cart-9.added_at`); None where there is none."""
    if not isinstance(tree, Mapping):
        return None
    if path in tree:  # A key may itself hold dots.
        return tree[path]
    for length in range(len(path) - 1, 0, -1):
        if path[length] == "." and path[:length] in tree:
            return found(tree[path[:length]], path[length + 1 :])
    return None


def plain(value: Json) -> Json:
    """A value as a row writes it: `email:ana@example.com`, `abandoned-cart/cart-9`, a set."""
    if isinstance(value, Mapping):
        if set(value) == {"type", "value"}:
            shown = str(value["value"])
            return f"{value['type']}:{shown[:HASH_SHOWN] if value['type'] == HASHED else shown}"
        if {"journey", "instance"} <= set(value):
            step = value.get("step")
            return f"{value['journey']}/{value['instance']}" + (f"#{step}" if step else "")
        return msgspec.json.encode(value, order="sorted").decode()
    if isinstance(value, list | tuple | set | frozenset):
        return frozenset(str(plain(one)) for one in value)
    return value
