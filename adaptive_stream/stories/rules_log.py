"""Performs what publishing asks for, against Kafka, for a caller without a loop: the commands, and
stories that are played on a broker."""

import time
from collections.abc import Generator, Iterable
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from adaptive_stream.catalog.publishing import Append, Appended, Effect, Published, ReadOn, Tell
from adaptive_stream.catalog.shelf import Shelf
from adaptive_stream.engine.switch import Switch, encode_switch
from adaptive_stream.stages.records import RULES, RULES_KEY, rules_headers

ANSWER_S = 10.0
POLL_MS = 100


class RulesLogError(Exception):
    """rules.v1 could not be read to its end."""


class RulesLog:
    """`told`: the topics whose every partition hears of a switch. `log_ms`: what its records say
    the time is, None where the broker stamps them."""

    def __init__(
        self,
        consumer: KafkaConsumer,
        producer: KafkaProducer,
        prefix: str,
        told: Iterable[str],
        log_ms: int | None = None,
    ) -> None:
        self._consumer = consumer
        self._producer = producer
        self._log = TopicPartition(prefix + RULES, 0)
        self._told = tuple(told)
        self._log_ms = log_ms
        self._read = 0

    def run(self, work: Generator[Effect, Any, Published]) -> Published:
        """A generator to its end. Raises KafkaError, RulesLogError and what the edit raises."""
        result = None
        while True:
            try:
                effect = work.send(result)
            except StopIteration as end:
                return end.value
            result = self.perform(effect)

    def shelf(self) -> Shelf:
        """All that rules.v1 holds now."""
        shelf = Shelf()
        self._read = 0
        self.read_on(shelf)
        return shelf

    def perform(self, effect: Effect) -> Appended | None:
        """The effect's result."""
        match effect:
            case ReadOn(shelf):
                if shelf.rev < 0 and not shelf.bundles:
                    self._read = 0
                self.read_on(shelf)
            case Append(key, value):
                sent = self._producer.send(self._log.topic, value, key, partition=0)
                found = sent.get(ANSWER_S)
                return Appended(found.offset, found.timestamp)
            case Tell(switch):
                self._tell(switch)
        return None

    def read_on(self, shelf: Shelf) -> None:
        """What came since the last reading, up to the end as it is now."""
        consumer, log = self._consumer, self._log
        end = consumer.end_offsets([log])[log]
        consumer.assign([log])
        consumer.seek(log, self._read)
        until_s = time.monotonic() + ANSWER_S
        while (position := consumer.position(log)) < end:
            if time.monotonic() > until_s:
                raise RulesLogError(f"{log.topic} cannot be read from {position} on")
            for record in consumer.poll(timeout_ms=POLL_MS).get(log, ()):
                shelf.take(record.offset, record.key or b"", record.value)
        self._read = position

    def _tell(self, switch: Switch) -> None:
        body, headers = encode_switch(switch), rules_headers(self._log_ms)
        sent = [
            self._producer.send(
                topic, body, RULES_KEY, headers, partition=number, timestamp_ms=self._log_ms
            )
            for topic in self._told
            for number in sorted(self._producer.partitions_for(topic))
        ]
        for one in sent:
            one.get(ANSWER_S)
