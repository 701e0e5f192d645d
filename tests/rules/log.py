"""A stand-in for rules.v1 and the partitions that are told: a list each, and a clock of brokers."""

from collections.abc import Generator
from typing import Any

from adaptive_stream.catalog.publishing import Append, Appended, Published, ReadOn, Tell
from adaptive_stream.catalog.shelf import Shelf
from adaptive_stream.engine.switch import Switch

Record = tuple[bytes, bytes | None]


class RulesLog:
    """`records`: those of rules.v1 in order; `told`: what was written to the partitions."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.told: list[Switch] = []
        self.now_ms = 1_772_532_000_000

    def perform(self, effect: Any) -> Any:
        """Does what a generator asks for."""
        self.now_ms += 1
        match effect:
            case ReadOn(shelf):
                self.read(shelf)
                return None
            case Append(key, value):
                self.records.append((key, value))
                return Appended(len(self.records) - 1, self.now_ms)
            case Tell(switch):
                self.told.append(switch)
                return None
        raise AssertionError(effect)

    def run(self, work: Generator[Any, Any, Published], result: Any = None) -> Published:
        """A generator to its end."""
        while True:
            try:
                result = self.perform(work.send(result))
            except StopIteration as end:
                return end.value

    def read(self, shelf: Shelf) -> None:
        for offset, (key, value) in enumerate(self.records):
            shelf.take(offset, key, value)

    def shelf(self) -> Shelf:
        """What somebody knows who reads it from the beginning."""
        shelf = Shelf()
        self.read(shelf)
        return shelf

    def compact(self) -> Shelf:
        """What somebody knows who reads it after the cleaner: of each key the last record."""
        last = {key: offset for offset, (key, _) in enumerate(self.records)}
        shelf = Shelf()
        for offset, (key, value) in enumerate(self.records):
            if last[key] == offset:
                shelf.take(offset, key, value)
        return shelf
