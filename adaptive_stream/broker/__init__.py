"""A real Apache Kafka on this machine, from two Python packages: no Docker, no system Java."""

from adaptive_stream.broker.embedded import Broker
from adaptive_stream.broker.error import BrokerError
from adaptive_stream.broker.jars import KAFKA_VERSION, kafka_command
from adaptive_stream.broker.supervised import Running, Supervised

__all__ = ("KAFKA_VERSION", "Broker", "BrokerError", "Running", "Supervised", "kafka_command")
