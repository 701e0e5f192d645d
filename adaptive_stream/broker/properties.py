"""How the embedded broker is configured: one node, on loopback, small, nothing waits."""

import base64
import uuid
from pathlib import Path

NODE_ID = 1
HOST = "127.0.0.1"
INTERNAL_PARTITIONS = 4  # A laptop has few consumer groups; fifty logs each cost start-up time.
CLEANER_BYTES = 16 * 1024 * 1024  # Half a million keys a pass; the default takes 128 MB at once.
# As it comes it takes a core from whoever shares it, for 12 s a gigabyte: it is spread over 4 min.
CLEANER_BYTES_PER_S = 8 * 1024 * 1024

# A broker for a laptop and for CI: it shall start fast and leave memory to others.
JVM = (
    "-Xms128m",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:ReservedCodeCacheSize=128m",  # To clear a smaller one stops it for 70 ms.
    "-XX:-UsePerfData",
    "-Djava.awt.headless=true",
    "--enable-native-access=ALL-UNNAMED",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
    "-Dorg.slf4j.simpleLogger.showThreadName=false",
)

# With the second compiler, which takes 20 s of a core in the first minutes.
JVM_FOR_HOURS = tuple(each for each in JVM if "Tiered" not in each)


def server_properties(log_dir: Path, port: int, controller_port: int) -> str:
    """The text of server.properties."""
    settings = {
        "process.roles": "broker,controller",
        "node.id": NODE_ID,
        "controller.quorum.voters": f"{NODE_ID}@{HOST}:{controller_port}",
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        # A backslash would start an escape in a properties file.
        "log.dirs": str(log_dir).replace("\\", "\\\\"),
        # A typing mistake in a topic's name must be an error, not a topic with one partition.
        "auto.create.topics.enable": "false",
        # It shares the cores with its clients: Kafka's own eight and three only take turns.
        "num.io.threads": 2,
        "num.network.threads": 1,
        "log.cleaner.dedupe.buffer.size": CLEANER_BYTES,
        "log.cleaner.io.max.bytes.per.second": CLEANER_BYTES_PER_S,
        "group.initial.rebalance.delay.ms": 0,
        "offsets.topic.num.partitions": INTERNAL_PARTITIONS,
        "offsets.topic.replication.factor": 1,
        "transaction.state.log.num.partitions": INTERNAL_PARTITIONS,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "share.coordinator.state.topic.num.partitions": INTERNAL_PARTITIONS,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def meta_properties() -> str:
    """The text of meta.properties for a directory that holds nothing yet."""
    return f"version=1\ncluster.id={kafka_uuid()}\nnode.id={NODE_ID}\ndirectory.id={kafka_uuid()}\n"


def kafka_uuid() -> str:
    """A UUID as Kafka writes it: 22 characters of URL-safe base64."""
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):  # Kafka's own tools would take it for an option.
            return text
