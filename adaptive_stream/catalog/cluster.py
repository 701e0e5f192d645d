"""The cluster as it is, and a plan carried out on it, by Kafka's admin protocol.

Rule: this file decides nothing. It reads what is there, and does what plan.py says.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from kafka.admin import AlterConfigOp, ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import KafkaError

from adaptive_stream.catalog.plan import Change, Found, Plan

CONNECT_MS = 10_000
CREATE_MS = 60_000  # Thirty topics of 64 partitions take a cluster some seconds.

Config = tuple[dict[str, str], frozenset[str]]
NO_CONFIG: Config = ({}, frozenset())


class ClusterError(Exception):
    """The cluster does not answer, or said no. The text says what to look at."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """The part of a cluster that topics live in."""

    bootstrap: str
    admin: KafkaAdminClient

    def brokers(self) -> int:
        """How many brokers are up."""
        with answers(self.bootstrap):
            return len(self.admin.describe_cluster()["brokers"])

    def read(self, names: Collection[str]) -> dict[str, Found]:
        """Every topic but Kafka's own, by name; the config only of `names`, since a cluster may
        hold thousands that are none of ours."""
        with answers(self.bootstrap):
            described = [t for t in self.admin.describe_topics() if not t["is_internal"]]
            configs = self._configs({topic["name"] for topic in described} & set(names))
        return {
            topic["name"]: Found(
                name=topic["name"],
                partitions=len(topic["partitions"]),
                replicas=min((len(p["replica_nodes"]) for p in topic["partitions"]), default=0),
                config=configs.get(topic["name"], NO_CONFIG)[0],
                overridden=configs.get(topic["name"], NO_CONFIG)[1],
            )
            for topic in described
        }

    def _configs(self, names: Collection[str]) -> dict[str, Config]:
        """Effective values, and the names of those that the topic itself sets."""
        if not names:
            return {}
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        described = self.admin.describe_configs(resources, config_filter="all")["topic"]
        return {
            name: (
                {key: str(entry["value"]) for key, entry in entries.items()},
                frozenset(
                    key
                    for key, entry in entries.items()
                    if entry["config_source"] == "DYNAMIC_TOPIC_CONFIG"
                ),
            )
            for name, entries in described.items()
        }

    def apply(self, plan: Plan) -> None:
        """Does all of it, then waits until every new partition has a leader."""
        by_action: dict[str, list[Change]] = {}
        for change in plan.changes:
            by_action.setdefault(change.action, []).append(change)
        with answers(self.bootstrap):
            self._create(by_action.get("create", ()))
            self._alter(by_action.get("config", ()))
            wider = {c.topic: c.partitions for c in by_action.get("partitions", ())}
            if wider:
                self.admin.create_partitions(wider, timeout_ms=CREATE_MS)
            gone = [change.topic for change in by_action.get("delete", ())]
            if gone:
                self.admin.delete_topics(gone, timeout_ms=CREATE_MS)
            self.admin.wait_for_topics(
                [c.topic for c in by_action.get("create", ())], timeout_ms=CREATE_MS
            )

    def _create(self, changes: Collection[Change]) -> None:
        if not changes:
            return
        topics = {
            change.topic: {
                "num_partitions": change.partitions,
                "replication_factor": change.replicas,
                "configs": dict(change.config),
            }
            for change in changes
        }
        self.admin.create_topics(topics, timeout_ms=CREATE_MS)

    def _alter(self, changes: Collection[Change]) -> None:
        configs: dict[str, dict[str, tuple[AlterConfigOp, str | None]]] = {}
        for change in changes:
            for key, value in change.config.items():
                action = AlterConfigOp.DELETE if value is None else AlterConfigOp.SET
                configs.setdefault(change.topic, {})[key] = (action, value)
        if not configs:
            return
        resources = [
            ConfigResource(ConfigResourceType.TOPIC, name, config)
            for name, config in configs.items()
        ]
        answered: Mapping[str, str] = self.admin.alter_configs(resources)["topic"]
        failed = {name: answer for name, answer in answered.items() if answer != "OK"}
        if failed:
            raise ClusterError(f"the cluster refused {failed}")


@contextmanager
def connect(bootstrap: str, timeout_ms: int = CONNECT_MS) -> Iterator[Cluster]:
    """A connection, closed at the end. Raises ClusterError when nobody answers in time."""
    with answers(bootstrap):
        admin = KafkaAdminClient(
            bootstrap_servers=bootstrap.split(","),
            bootstrap_timeout_ms=timeout_ms,
            client_id="adaptive-stream-topics",
        )
    try:
        yield Cluster(bootstrap, admin)
    finally:
        admin.close()


@contextmanager
def answers(bootstrap: str) -> Iterator[None]:
    """Kafka's errors in words that name the cluster."""
    try:
        yield
    except KafkaError as error:
        says = f"{bootstrap}: {type(error).__name__}: {error}"
        raise ClusterError(" ".join(says.split())[:500]) from error
