"""Topics as declared against a real cluster: what is shown is what is done, and nothing more."""

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.admin import AlterConfigOp, ConfigResource, ConfigResourceType

from adaptive_stream.broker import Broker
from adaptive_stream.catalog import load_catalog
from adaptive_stream.catalog.apply import PlanRefused, apply_topics
from adaptive_stream.catalog.cluster import connect
from adaptive_stream.catalog.plan import Found
from adaptive_stream.cli.main import main

pytestmark = pytest.mark.broker

ROOT = Path(__file__).parents[2]
SHOWN_WITHIN_S = 30
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def topics_dir(tmp_path: Path) -> Path:
    """A copy of topics/ that a test may spoil."""
    return Path(shutil.copytree(ROOT / "topics", tmp_path / "topics"))


@pytest.fixture
def run(
    broker: Broker,
    topic_prefix: str,
    topics_dir: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    """Runs `topics WORDS` on topics of this test alone: (exit code, all that it said)."""
    monkeypatch.setenv("ADAPTIVE_STREAM_BOOTSTRAP", broker.bootstrap)
    monkeypatch.setenv("ADAPTIVE_STREAM_PREFIX", topic_prefix)
    monkeypatch.setenv("ADAPTIVE_STREAM_TOPICS", str(topics_dir))

    def run_(*words: str) -> tuple[int, str]:
        code = main(["topics", *words])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run_


def read(broker: Broker, name: str) -> Found:
    """The topic as the cluster has it."""
    with connect(broker.bootstrap) as cluster:
        return cluster.read([name])[name]


def names(broker: Broker, prefix: str) -> list[str]:
    """The topics of this test that the cluster has."""
    with connect(broker.bootstrap) as cluster:
        return [name for name in cluster.read([]) if name.startswith(prefix)]


def rewrite(path: Path, text: str, instead: str) -> None:
    """One change of a file, as somebody would commit it."""
    assert text in path.read_text()
    path.write_text(path.read_text().replace(text, instead))


def set_by_hand(broker: Broker, topic: str, **config: str) -> None:
    """A change behind our back, and the moments until the broker tells of it."""
    entries = {key: (AlterConfigOp.SET, value) for key, value in config.items()}
    with KafkaAdminClient(bootstrap_servers=broker.bootstrap) as admin:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, entries)])
    deadline = time.monotonic() + SHOWN_WITHIN_S
    with connect(broker.bootstrap) as cluster:
        while not config.items() <= cluster.read([topic])[topic].config.items():
            assert time.monotonic() < deadline, f"not shown within {SHOWN_WITHIN_S} s"


def test_a_plan_after_apply_shows_no_difference(
    run: Run, broker: Broker, topic_prefix: str
) -> None:
    """An operator plans, applies, and has nothing left to do; so does whoever applies again."""
    code, said = run("plan")
    assert code == 1
    assert "46 difference(s)" in said

    assert run("apply")[0] == 0

    nothing = f"{broker.bootstrap}, profile laptop: no difference\n"
    assert run("plan") == (0, nothing)
    assert run("apply") == (0, nothing)
    facts = read(broker, f"{topic_prefix}customer.facts.v1")
    assert (facts.partitions, facts.config["message.timestamp.type"]) == (4, "LogAppendTime")
    changelog = read(broker, f"{topic_prefix}customer.changelog.v1")
    assert changelog.config["cleanup.policy"] == "compact"


@pytest.mark.parametrize("profile", ["laptop", "story"])
def test_a_profile_is_applied_whole(
    profile: str, broker: Broker, topic_prefix: str, topics_dir: Path
) -> None:
    """The stack of a laptop and the topics of a story both come out as their profile says."""
    catalog = load_catalog(topics_dir, ROOT / "adaptive_stream" / "rules", topic_prefix)

    assert len(apply_topics(broker.bootstrap, catalog, profile).changes) == 46
    assert apply_topics(broker.bootstrap, catalog, profile).empty

    kept = read(broker, f"{topic_prefix}channel.web.v1").config["retention.ms"]
    assert kept == ("-1" if profile == "story" else "1209600000")


def test_a_change_by_hand_is_seen_and_taken_back(
    run: Run, broker: Broker, topic_prefix: str
) -> None:
    """Somebody's quick fix at night is in the plan next morning."""
    run("apply")
    name = f"{topic_prefix}channel.web.v1"
    set_by_hand(broker, name, **{"retention.bytes": "1000", "retention.ms": "60000"})

    code, said = run("plan", "--json")

    rows = [json.loads(line) for line in said.splitlines()]
    assert code == 1
    assert [(row["topic"], row["says"]) for row in rows] == [
        (name, "retention.ms 60000 -> 1209600000"),
        (name, "retention.bytes 1000 -> the default"),
    ]
    assert run("apply")[0] == 0
    assert run("plan")[0] == 0


def test_what_loses_records_needs_a_yes(run: Run, topics_dir: Path, topic_prefix: str) -> None:
    """A shorter log deletes what is older, so whoever applies it must say so."""
    run("apply")
    rewrite(topics_dir / "channel.web.v1.yaml", "1209600000", "86400000")

    code, said = run("apply")
    assert code == 1
    assert f"{topic_prefix}channel.web.v1  retention.ms 1209600000 -> 86400000\n" in said
    assert "risk: older records are deleted at once\n" in said
    assert "nothing was applied\nhint: --yes takes the risks shown\n" in said

    assert run("apply", "--yes")[0] == 0
    assert run("plan")[0] == 0


def test_a_keyed_topic_gets_no_more_partitions(
    run: Run, topics_dir: Path, broker: Broker, topic_prefix: str
) -> None:
    """Not even with a yes: her facts would be split between two workers. Nothing else is done
    either."""
    run("apply")
    profile = topics_dir / "profiles" / "laptop.yaml"
    rewrite(profile, "customer: 4", "customer: 8")
    (topics_dir / "channels" / "kiosk.yaml").write_text(
        "channel: kiosk\nread: [{topic: channel.kiosk.v1}]\nendpoints: []\n"
    )

    code, said = run("apply", "--yes")

    assert code == 1
    assert "refused: its records are placed by customer" in said
    assert read(broker, f"{topic_prefix}customer.facts.v1").partitions == 4
    assert f"{topic_prefix}channel.kiosk.v1" not in names(broker, topic_prefix)


def test_nothing_is_deleted_unless_told(
    run: Run, topics_dir: Path, broker: Broker, topic_prefix: str
) -> None:
    """A channel that is taken out of the files stays on the cluster until somebody says so."""
    kiosk = topics_dir / "channels" / "kiosk.yaml"
    kiosk.write_text("channel: kiosk\nread: [{topic: channel.kiosk.v1}]\nendpoints: [loyalty]\n")
    run("apply")
    kiosk.unlink()

    code, said = run("apply", "--yes")
    assert code == 0
    assert f"{topic_prefix}channel.kiosk.v1 is on the cluster and no file declares it" in said

    assert run("apply", "--allow-delete")[0] == 1
    assert run("apply", "--allow-delete", "--yes")[0] == 0
    left = names(broker, topic_prefix)
    assert len(left) == 46
    assert not [name for name in left if "kiosk" in name]


def test_a_topic_of_another_name_is_bound_by_a_command(
    run: Run, topics_dir: Path, broker: Broker, topic_prefix: str
) -> None:
    """The till team's topic, cut into five, is read as it is: it only gets dead letters beside."""
    theirs = f"{topic_prefix.replace('.', '-')}pos.receipts.v3"
    with KafkaAdminClient(bootstrap_servers=broker.bootstrap) as admin:
        theirs_is = {"num_partitions": 5, "replication_factor": 1}
        admin.create_topics({theirs: theirs_is}, wait_for_metadata=True)
    run("apply")

    assert run("bind", "store", theirs, "--format", "segment")[0] == 0

    assert (
        f"  - {{topic: {theirs}, format: segment}}\n"
        in (topics_dir / "channels" / "store.yaml").read_text()
    )
    code, said = run("plan", "--json")
    assert code == 1
    assert [json.loads(line)["topic"] for line in said.splitlines()] == [f"{theirs}.dlq"]
    assert run("apply")[0] == 0
    assert run("plan")[0] == 0
    assert read(broker, theirs).partitions == 5


def test_the_function_that_up_uses_says_no_in_words(
    broker: Broker, topic_prefix: str, topics_dir: Path
) -> None:
    """A stack that cannot be made as declared does not start half made."""
    rules_dir = ROOT / "adaptive_stream" / "rules"
    apply_topics(broker.bootstrap, load_catalog(topics_dir, rules_dir, topic_prefix))
    rewrite(topics_dir / "profiles" / "laptop.yaml", "identifier: 4", "identifier: 5")
    changed = load_catalog(topics_dir, rules_dir, topic_prefix)

    with pytest.raises(PlanRefused, match="its records are placed by identifier"):
        apply_topics(broker.bootstrap, changed)


def test_a_plan_without_a_cluster_says_that_nobody_answers(run: Run) -> None:
    """An operator with a wrong address is told so at once, not after a client's patience."""
    code, said = run("plan", "--bootstrap", "127.0.0.1:1")

    assert code == 3
    assert "no Kafka answers at 127.0.0.1:1" in said
