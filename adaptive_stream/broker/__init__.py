"""A real Apache Kafka on this machine, from two Python packages: no Docker, no system Java."""

from adaptive_stream.broker.embedded import Broker, Running
from adaptive_stream.broker.error import BrokerError
from adaptive_stream.broker.jars import KAFKA_VERSION, kafka_command

__all__ = ("KAFKA_VERSION", "Broker", "BrokerError", "Running", "kafka_command")
