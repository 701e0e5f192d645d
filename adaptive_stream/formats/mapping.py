"""A mapping file: JMESPath expressions that turn a record of any shape into facts.

    mapping: pos
    says: Receipts as the tills of the shops write them.
    each: receipts[]                        # optional: one record holds many
    facts:
      - when: kind == 'SALE'                # optional: only of those
        type: order.completed               # a fact's name as it stands, or an expression
        time: till_time
        identifiers: {loyalty: customer.card}
        data: {order: number, items: "lines[].{gtin: ean, quantity: qty, price: unit_price}"}

Rule 1: every fault of the file is found when it is compiled, none when a record is read.
Rule 2: an expression that cannot be computed for a record gives null, as a missing field does.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions

from adaptive_stream.engine.admit import Draft
from adaptive_stream.engine.fact import FACT_TYPES
from adaptive_stream.engine.fact_data import KEYS
from adaptive_stream.engine.refusal import Dropped, Reason, Refusal
from adaptive_stream.formats.draft import Reading, Record, as_text, fact_id

RECORDS_MAX = 10_000  # of one `each`: a file that was sent as one record is loaded, not streamed.

SINGLE = ("id", "type", "time", "sent_at", "received_at", "source")
GROUPS = ("identifiers", "data")
DATA_NAMES = frozenset(KEYS) | {
    *("currency", "items", "products", "sku", "item", "gtin", "ean", "upc", "product_id"),
    *("quantity", "price", "unit_price"),
}
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")

Expression = Callable[[object], object]


@dataclass(frozen=True, slots=True)
class MappingFault:
    """One fault: `path` within the file (("facts", 0, "when")), the value, and what to do."""

    path: tuple[str | int, ...]
    value: str
    says: str
    remedy: str


class MappingError(Exception):
    """A mapping file cannot be used. `faults`: every one of them."""

    def __init__(self, faults: list[MappingFault]) -> None:
        self.faults = tuple(faults)
        super().__init__(self.faults)


@dataclass(frozen=True, slots=True)
class FactMapping:
    """One entry of `facts:`, compiled."""

    when: Expression | None
    single: Mapping[str, Expression]
    identifiers: Mapping[str, Expression]
    data: Mapping[str, Expression]


@dataclass(frozen=True, slots=True)
class RecordMapping:
    """A mapping file, compiled."""

    name: str
    each: Expression | None
    facts: tuple[FactMapping, ...]

    def read(self, record: Record) -> Reading:
        """The facts in one record, each with an id of its own."""
        parts = self.each(record) if self.each else [record]
        rows = parts if type(parts) is list else [] if parts is None else [parts]
        if len(rows) > RECORDS_MAX:
            return [Refusal(Reason.TOO_LARGE, f"{len(rows)} in one record")]
        found = [_draft(fact, row, n) for row in rows for n, fact in enumerate(self.facts)]
        return [draft for draft in found if draft is not None] or [Dropped.NOT_A_FACT]


def compile_mapping(document: object) -> RecordMapping:
    """A mapping file as YAML gives it. Raises MappingError with every fault in it."""
    faults: list[MappingFault] = []
    if type(document) is not dict:
        raise MappingError([_fault((), document, "a mapping file is a table", "see pos.yaml")])
    for name in document.keys() - {"mapping", "says", "each", "facts"}:
        faults.append(_fault((name,), name, "no such key", "write mapping, says, each or facts"))
    entries = document.get("facts")
    if type(entries) is not list or not entries:
        faults.append(_fault(("facts",), entries, "no facts", "list at least one, with its type"))
        entries = []
    each = document.get("each")
    mapping = RecordMapping(
        name=as_text(document.get("mapping")),
        each=None if each is None else _compile(each, ("each",), faults),
        facts=tuple(_compile_fact(entry, n, faults) for n, entry in enumerate(entries)),
    )
    if faults:
        raise MappingError(faults)
    return mapping


def _draft(fact: FactMapping, row: object, n: int) -> Draft | None:
    if fact.when is not None and fact.when(row) in (None, False, "", [], {}):
        return None
    said = {name: expression(row) for name, expression in fact.single.items()}
    own = said.get("id")
    number = "" if own is None or n == 0 else f"#{n}"  # Two facts of one receipt are two.
    identity = fact_id(own, [row, n])
    return Draft(
        id=identity and identity + number,
        type=said.get("type"),
        time=said.get("time"),
        sent_at=said.get("sent_at"),
        received_at=said.get("received_at"),
        source=as_text(said.get("source")),
        identifiers={kind: run(row) for kind, run in fact.identifiers.items()},
        data={name: run(row) for name, run in fact.data.items()},
    )


def _compile_fact(entry: object, n: int, faults: list[MappingFault]) -> FactMapping:
    path: tuple[str | int, ...] = ("facts", n)
    if type(entry) is not dict:
        faults.append(_fault(path, entry, "a fact is a table", "write at least its type"))
        return FactMapping(None, {}, {}, {})
    for name in entry.keys() - {"when", *SINGLE, *GROUPS}:
        remedy = f"write one of: {', '.join(('when', *SINGLE, *GROUPS))}"
        faults.append(_fault((*path, name), name, "no such key", remedy))
    if "type" not in entry:
        faults.append(_fault(path, "", "no type", "write type: order.completed, or the like"))
    groups = {}
    for group in GROUPS:
        said = entry.get(group, {})
        if type(said) is not dict:
            faults.append(_fault((*path, group), said, "not a table", "write name: expression"))
            said = {}
        groups[group] = {k: _compile(v, (*path, group, k), faults) for k, v in said.items()}
    for name in groups["data"].keys() - DATA_NAMES:
        remedy = "see the table of keys in formats/README.md"
        faults.append(_fault((*path, "data", name), name, "no fact has this key", remedy))
    single = {
        name: _compile(entry[name], (*path, name), faults) for name in SINGLE if name in entry
    }
    when = _compile(entry["when"], (*path, "when"), faults) if "when" in entry else None
    return FactMapping(when, single, groups["identifiers"], groups["data"])


def _compile(text: object, path: tuple[str | int, ...], faults: list[MappingFault]) -> Expression:
    if type(text) is not str:
        faults.append(_fault(path, text, "not an expression", "write a JMESPath expression"))
        return lambda _: None
    if path[-1] == "type" and text in FACT_TYPES:
        return lambda _: text
    if _PLAIN.fullmatch(text):  # Nine in ten are plain paths, and JMESPath is slow at them.
        return _path(tuple(text.split(".")))
    try:
        expression = jmespath.compile(text)
    except JMESPathError as error:
        says = str(error).partition("\n")[0].rstrip(":")
        faults.append(_fault(path, text, says, "see https://jmespath.org/specification.html"))
        return lambda _: None
    for says in _wrong_calls(expression.parsed):
        faults.append(_fault(path, text, says, "see https://jmespath.org/specification.html"))
    return _computed(expression)


def _wrong_calls(node: Mapping[str, Any]) -> Iterator[str]:
    """JMESPath itself finds these only when it gets there, which may be on the worst of days."""
    if node["type"] == "function_expression":
        known = Functions.FUNCTION_TABLE.get(node["value"])
        if known is None:
            yield f"there is no function {node['value']}"
        elif len(node["children"]) != len(known["signature"]) and not _variadic(known):
            yield f"{node['value']} takes {len(known['signature'])} arguments"
    for child in node["children"]:
        yield from _wrong_calls(child)


def _variadic(known: Mapping[str, Any]) -> bool:
    return bool(known["signature"]) and bool(known["signature"][-1].get("variadic"))


def _path(names: tuple[str, ...]) -> Expression:
    def value_at(row: object) -> object:
        for name in names:
            if type(row) is not dict:
                return None
            row = row.get(name)
        return row

    return value_at


def _computed(expression: jmespath.parser.ParsedResult) -> Expression:
    def value(row: object) -> object:
        try:
            return expression.search(row)
        # What a function is given comes from outside: avg(@) of texts, ceil(@) of NaN, and so on.
        except (JMESPathError, ArithmeticError, TypeError, ValueError):
            return None

    return value


def _fault(path: tuple[str | int, ...], value: object, says: str, remedy: str) -> MappingFault:
    return MappingFault(path, "" if value is None else str(value), says, remedy)
