"""Each thing that can be wrong with a set-up is named, with what to do, on a real broker."""

import json
import shutil
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import AlterConfigOp, ConfigResource, ConfigResourceType

from adaptive_stream.broker import Broker, Supervised
from adaptive_stream.broker.ports import free_port
from adaptive_stream.catalog import load_catalog
from adaptive_stream.catalog.apply import apply_topics
from adaptive_stream.catalog.cluster import connect
from adaptive_stream.catalog.plan import Found
from adaptive_stream.cli.main import main

pytestmark = pytest.mark.broker

ROOT = Path(__file__).parents[2]
RULES = ROOT / "adaptive_stream" / "rules"
SHOWN_WITHIN_S = 30
Finding = dict[str, str]
Examine = Callable[..., tuple[int, list[Finding]]]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """topics/ and rules/, to be spoilt."""
    shutil.copytree(ROOT / "topics", tmp_path / "topics")
    shutil.copytree(RULES, tmp_path / "rules")
    return tmp_path


@pytest.fixture
def examine(
    broker: Broker,
    topic_prefix: str,
    files: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Examine:
    """Runs `doctor --json`: (exit code, the findings that are faults)."""
    monkeypatch.setenv("ADAPTIVE_STREAM_BOOTSTRAP", broker.bootstrap)
    monkeypatch.setenv("ADAPTIVE_STREAM_PREFIX", topic_prefix)
    monkeypatch.setenv("ADAPTIVE_STREAM_TOPICS", str(files / "topics"))
    monkeypatch.setenv("ADAPTIVE_STREAM_RULES", str(files / "rules"))
    monkeypatch.setenv("ADAPTIVE_STREAM_TENANT_KEY", "a key of the tests alone")
    monkeypatch.setenv("ADAPTIVE_STREAM_DATA", str(files / "data"))
    monkeypatch.delenv("ADAPTIVE_STREAM_WEB_PORT", raising=False)

    def examine_(*words: str) -> tuple[int, list[Finding]]:
        code = main(["doctor", "--json", *words])
        findings = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return code, [finding for finding in findings if finding["level"] == "fault"]

    return examine_


@pytest.fixture
def applied(broker: Broker, topic_prefix: str, files: Path) -> None:
    """The topics of this test, as declared."""
    apply_topics(broker.bootstrap, load_catalog(files / "topics", RULES, topic_prefix))


@pytest.fixture(scope="module")
def shared(broker: Broker) -> str:
    """The prefix of topics as declared, for tests that change none of them."""
    prefix = f"doctor{uuid.uuid4().hex[:8]}."
    apply_topics(broker.bootstrap, load_catalog(ROOT / "topics", RULES, prefix))
    return prefix


def until(broker: Broker, name: str, shows: Callable[[Found | None], bool]) -> None:
    """Returns when the broker tells of what it was told: that takes it some moments."""
    deadline = time.monotonic() + SHOWN_WITHIN_S
    with connect(broker.bootstrap) as cluster:
        while not shows(cluster.read([name]).get(name)):
            assert time.monotonic() < deadline, f"not shown within {SHOWN_WITHIN_S} s"


@pytest.fixture
def set_by_hand(broker: Broker, topic_prefix: str) -> Callable[[str, str, str], None]:
    """Changes one config of a topic without asking anybody."""

    def set_(topic: str, key: str, value: str) -> None:
        entries = {key: (AlterConfigOp.SET, value)}
        name = topic_prefix + topic
        with KafkaAdminClient(bootstrap_servers=broker.bootstrap) as admin:
            admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, entries)])
        until(broker, name, lambda topic: topic is not None and topic.config[key] == value)

    return set_


def order(number: int, item: str) -> bytes:
    lines = [{"sku": item, "quantity": 1, "price": 9.0}]
    fact = {
        "id": f"order-{number}",
        "type": "order.completed",
        "time": "2026-03-03T10:41:07Z",
        "identifiers": {"loyalty": f"L-{number}"},
        "data": {"order": f"R-{number}", "items": lines},
    }
    return json.dumps(fact).encode()


def sell(broker: Broker, topic: str, items: list[str]) -> None:
    with KafkaProducer(bootstrap_servers=broker.bootstrap) as producer:
        for number, item in enumerate(items):
            producer.send(topic, order(number, item))


def test_a_set_up_that_is_well_has_no_finding(examine: Examine, shared: str) -> None:
    """Nobody is sent after a fault that is none."""
    assert examine("--prefix", shared) == (0, [])


@pytest.mark.usefixtures("applied")
def test_a_missing_topic_is_named(examine: Examine, broker: Broker, topic_prefix: str) -> None:
    """An operator reads which one, and the command that makes it."""
    name = f"{topic_prefix}opportunities.v1"
    with KafkaAdminClient(bootstrap_servers=broker.bootstrap) as admin:
        admin.delete_topics([name])
    until(broker, name, lambda topic: topic is None)

    code, (finding,) = examine()

    assert code == 1
    assert finding["check"] == "missing topic"
    assert finding["says"] == f"{topic_prefix}opportunities.v1 is not on the cluster"
    assert finding["remedy"] == "adaptive-stream topics apply --profile laptop"


@pytest.mark.usefixtures("applied")
def test_a_wrong_partition_count_is_named(
    examine: Examine, broker: Broker, topic_prefix: str
) -> None:
    """A topic that somebody widened sends facts to workers that do not hold the customer."""
    name = f"{topic_prefix}customer.facts.v1"
    with KafkaAdminClient(bootstrap_servers=broker.bootstrap) as admin:
        admin.create_partitions({name: 5})
    until(broker, name, lambda topic: topic is not None and topic.partitions == 5)

    code, (finding,) = examine()

    assert code == 1
    assert finding["check"] == "partitions"
    assert finding["says"] == f"{name}: partitions 5 -> 4"
    assert "`adaptive-stream migrate` brings their state along" in finding["remedy"]


@pytest.mark.usefixtures("applied")
def test_a_producers_clock_is_named_where_the_brokers_is_needed(
    examine: Examine, set_by_hand: Callable[[str, str, str], None], topic_prefix: str
) -> None:
    """A till with a wrong clock cannot move the moment at which a fact became known."""
    set_by_hand("identity.facts.v1", "message.timestamp.type", "CreateTime")

    code, (finding,) = examine()

    assert code == 1
    assert finding["check"] == "log-time"
    assert finding["says"] == (
        f"{topic_prefix}identity.facts.v1 carries the producers' clocks (CreateTime),"
        " not the brokers' (message.timestamp.type: CreateTime)"
    )


@pytest.mark.parametrize(
    ("topic", "key", "value", "check"),
    [
        ("channel.web.v1", "retention.ms", "9999999999", "retention"),
        ("customer.changelog.v1", "min.compaction.lag.ms", "0", "compaction"),
        ("clock.v1", "unclean.leader.election.enable", "true", "clean-election"),
        ("channel.web.v1", "max.message.bytes", "9000000", "size"),
    ],
)
@pytest.mark.usefixtures("applied")
def test_a_bound_that_is_broken_on_the_cluster_is_named(
    topic: str,
    key: str,
    value: str,
    check: str,
    examine: Examine,
    set_by_hand: Callable[[str, str, str], None],
) -> None:
    """What the files promise is worth nothing if somebody has changed the cluster."""
    set_by_hand(topic, key, value)

    code, findings = examine()

    assert code == 1
    assert check in {finding["check"] for finding in findings}
    assert all(finding["remedy"] for finding in findings)


@pytest.mark.usefixtures("applied")
def test_a_topic_that_is_other_than_its_file_is_named(
    examine: Examine, set_by_hand: Callable[[str, str, str], None], topic_prefix: str
) -> None:
    """A size limit set by hand deletes facts before their time: it breaks no bound, and is told."""
    set_by_hand("channel.web.v1", "retention.bytes", "1000")

    code, (finding,) = examine()

    assert code == 1
    assert finding["says"] == (
        f"{topic_prefix}channel.web.v1 is not as its file says: retention.bytes 1000 -> the default"
    )


def test_a_fault_in_a_journey_is_named_by_its_line(
    examine: Examine, shared: str, files: Path
) -> None:
    """A manager who mistyped a condition reads where, and what was meant."""
    path = files / "rules" / "journeys" / "abandoned-cart.yaml"
    text = path.read_text()
    assert "when: cart_abandoned" in text
    path.write_text(text.replace("when: cart_abandoned", "when: cart_abandonned"))

    code, findings = examine("--prefix", shared)

    line = 1 + text[: text.index("when: cart_abandoned")].count("\n")
    (finding,) = [each for each in findings if "cart_abandonned" in each["says"]]
    assert code == 1
    assert finding["check"] == "rules"
    assert finding["says"].startswith(f"journeys/abandoned-cart.yaml:{line}: ")
    assert "cart_abandoned" in finding["remedy"]


def test_a_channel_that_lacks_its_file_is_named(examine: Examine, shared: str, files: Path) -> None:
    """A touch point that got lost in a merge of branches does not stay lost."""
    (files / "topics" / "channels" / "store.yaml").unlink()

    code, (finding,) = examine("--prefix", shared)

    assert code == 1
    assert finding["says"] == "topics/channels/store.yaml: the channel store has no file"


@pytest.mark.usefixtures("applied")
def test_item_codes_that_never_match_are_named(
    examine: Examine, broker: Broker, topic_prefix: str
) -> None:
    """The till sends its own numbers for what the web calls boots-41: no purchase would ever
    silence a mail, and nothing else would look wrong."""
    sell(broker, f"{topic_prefix}channel.web.v1", [f"boots-{n}" for n in range(12)])
    sell(broker, f"{topic_prefix}channel.store.v1", [f"04711{n:02}" for n in range(12)])

    code, (finding,) = examine()

    assert code == 1
    assert finding["check"] == "item codes"
    assert finding["says"] == (
        "none of 12 item codes of store is among 12 of web and app: '0471100' there, 'boots-0' here"
    )
    assert "mapping file of store" in finding["remedy"]


@pytest.mark.usefixtures("applied")
def test_item_codes_that_match_are_no_fault(
    examine: Examine, broker: Broker, topic_prefix: str
) -> None:
    """A shop sells more than the web does, and that is no reason for an alarm."""
    sell(broker, f"{topic_prefix}channel.web.v1", [f"boots-{n}" for n in range(12)])
    sell(broker, f"{topic_prefix}channel.store.v1", [f"boots-{n}" for n in range(11, 40)])

    assert examine() == (0, [])


def test_a_broker_that_does_not_answer_is_named(examine: Examine) -> None:
    """With a wrong address, that is the answer, and the exit code says so to a script."""
    code, (finding,) = examine("--bootstrap", "127.0.0.1:1")

    assert code == 3
    assert finding["says"] == "no Kafka answers at 127.0.0.1:1 (Connection refused)"
    assert "adaptive-stream up" in finding["remedy"]


def test_a_missing_tenant_key_is_named(
    examine: Examine, shared: str, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker would refuse to start; whoever sets it up hears of it before."""
    monkeypatch.setenv("ADAPTIVE_STREAM_DATA", str(files))
    monkeypatch.setenv("ADAPTIVE_STREAM_TENANT_KEY", "short")

    code, (finding,) = examine("--prefix", shared)

    assert code == 1
    assert finding["says"] == "ADAPTIVE_STREAM_TENANT_KEY is too short, and the worker needs it"


def test_a_stage_of_up_that_is_not_ready_is_named(
    examine: Examine, shared: str, files: Path
) -> None:
    """Where `up` runs the worker, a stage that does not answer is a fault, and its log is named."""
    (files / "data" / "worker").mkdir(parents=True)
    worker = Supervised(files / "data" / "worker", "worker")
    with worker.take_lock() as lock:
        worker.start(lock, ["sleep", "600"], port=free_port(), attached=True)
    try:
        code, findings = examine("--prefix", shared)
    finally:
        worker.stop()

    assert code == 1
    assert [finding["says"].split()[0] for finding in findings] == ["admit", "resolve", "step"]
    assert {finding["remedy"] for finding in findings} == {f"see {worker.log_path}"}


def test_a_web_port_that_is_none_is_named(
    examine: Examine, shared: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slip of the pen in the environment is told as what it is."""
    monkeypatch.setenv("ADAPTIVE_STREAM_WEB_PORT", "946r")

    code, (finding,) = examine("--prefix", shared)

    assert code == 1
    assert finding["says"] == "ADAPTIVE_STREAM_WEB_PORT=946r is no port"


@pytest.mark.usefixtures("applied")
def test_a_story_s_topics_are_judged_by_their_own_profile(
    examine: Examine, broker: Broker, files: Path, topic_prefix: str
) -> None:
    """What a profile gives up is no fault where that profile is meant, and is one elsewhere."""
    catalog = load_catalog(files / "topics", RULES, topic_prefix)
    apply_topics(broker.bootstrap, catalog, "story")

    assert examine("--profile", "story") == (0, [])
    assert {finding["check"] for finding in examine()[1]} >= {"log-time", "retention"}
