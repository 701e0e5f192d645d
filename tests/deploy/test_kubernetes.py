"""The manifests of deploy/kubernetes are what a cluster takes, and say what was decided."""

import copy
from functools import cache
from pathlib import Path

import pytest

from adaptive_stream.catalog import Catalog, load_catalog
from adaptive_stream.outputs import TOPICS as OUTPUTS
from adaptive_stream.outputs.customer_state import TOPIC as VIEWS
from adaptive_stream.process.settings import read_settings
from adaptive_stream.process.supervisor import STAGES, group_of
from adaptive_stream.stages.records import (
    CLOCK,
    CUSTOMER_CHANGELOG,
    CUSTOMER_FACTS,
    IDENTITY_CHANGELOG,
    IDENTITY_FACTS,
    RULES,
)
from tests.deploy.manifests import (
    KUBERNETES,
    MINORS,
    OVERLAYS,
    ROOT,
    Invalid,
    Manifest,
    build,
    check,
)

CHANGELOGS = {"resolve": IDENTITY_CHANGELOG, "step": CUSTOMER_CHANGELOG}
PORTS = {"admit": 9464, "resolve": 9465, "step": 9466}


@cache
def built(overlay: str) -> tuple[Manifest, ...]:
    return tuple(build(KUBERNETES / overlay))


def of_kind(overlay: str, kind: str) -> dict[str, Manifest]:
    return {each["metadata"]["name"]: each for each in built(overlay) if each["kind"] == kind}


def stateful_set(stage: str, overlay: str = "production") -> Manifest:
    return copy.deepcopy(of_kind(overlay, "StatefulSet")[f"adaptive-stream-{stage}"])


def pod_of(manifest: Manifest) -> Manifest:
    return manifest["spec"]["template"]["spec"]


@cache
def catalog() -> Catalog:
    return load_catalog(ROOT / "topics", ROOT / "adaptive_stream" / "rules", "")


def inputs(stage: str) -> set[str]:
    """The topics that a stage's group reads."""
    channels = {each.topic for channel in catalog().channels.values() for each in channel.read}
    return {"admit": {*channels, CLOCK}, "resolve": {IDENTITY_FACTS}, "step": {CUSTOMER_FACTS}}[
        stage
    ]


@pytest.mark.parametrize("minor", MINORS)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_manifest_is_valid(overlay: str, minor: str) -> None:
    """`kubectl apply` meets no unknown field on any of the three latest Kubernetes."""
    manifests = built(overlay)
    assert manifests
    for manifest in manifests:
        check(manifest, minor)


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("StatefulSet", ("spec", "replica"), 2),
        ("StatefulSet", ("spec", "template", "spec", "containers"), {}),
        ("StatefulSet", ("spec", "template", "spec", "terminationGracePeriodSeconds"), "60 s"),
        ("PodDisruptionBudget", ("spec", "maxUnavailible"), 1),
        ("NetworkPolicy", ("spec", "policyTypes"), "Ingress"),
        ("ScaledObject", ("spec", "maxReplicas"), 64),
        ("ScaledObject", ("spec", "triggers", 0, "metadata", "lagThreshold"), {"value": 1}),
        ("ServiceMonitor", ("spec", "endpoints", 0, "intervall"), "15s"),
        ("KafkaUser", ("spec", "authorization", "acls", 0, "operation"), "Read"),
    ],
)
def test_a_broken_manifest_is_refused(
    kind: str, path: tuple[str | int, ...], value: object
) -> None:
    """A slip of the pen is found here, not at night by an API server."""
    overlay = "kafka" if kind == "KafkaUser" else "production"
    manifest = copy.deepcopy(next(iter(of_kind(overlay, kind).values())))
    check(manifest, MINORS[-1])
    place = manifest
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value

    with pytest.raises(Invalid, match=kind):
        check(manifest, MINORS[-1])


def test_a_patch_that_hits_nothing_is_refused(tmp_path: Path) -> None:
    """An overlay whose patch names a path that is gone does not build."""
    overlay = tmp_path / "overlay"
    overlay.mkdir()
    (tmp_path / "service.yaml").write_text((KUBERNETES / "stage" / "service.yaml").read_text())
    (overlay / "service.yaml").write_text((tmp_path / "service.yaml").read_text())
    (overlay / "kustomization.yaml").write_text(
        "resources: [service.yaml]\n"
        "patches:\n"
        "  - target: {kind: Service}\n"
        "    patch: '[{op: replace, path: /spec/nothing/here, value: 1}]'\n"
    )

    with pytest.raises(Invalid, match="nothing"):
        build(overlay)


@pytest.mark.parametrize("stage", STAGES)
def test_each_stage_runs_as_itself(stage: str) -> None:
    """A pod runs its stage, answers where its probes ask, and is a static member by its name."""
    (container,) = pod_of(stateful_set(stage))["containers"]
    environment = {each["name"]: each["valueFrom"] for each in container["env"]}

    assert container["args"] == ["worker", "--stage", stage]
    assert container["ports"] == [{"name": "http", "containerPort": PORTS[stage]}]
    assert environment["ADAPTIVE_STREAM_INSTANCE"]["fieldRef"]["fieldPath"] == "metadata.name"
    assert environment["ADAPTIVE_STREAM_TENANT_KEY"].keys() == {"secretKeyRef"}
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"]["port"] == "http"


@pytest.mark.parametrize("stage", STAGES)
def test_a_long_recovery_is_left_alone(stage: str) -> None:
    """Only readiness waits for partitions: who reads changelogs for an hour is not killed."""
    (container,) = pod_of(stateful_set(stage))["containers"]

    assert container["startupProbe"]["httpGet"]["path"] == "/livez"
    assert container["livenessProbe"]["httpGet"]["path"] == "/livez"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"


@pytest.mark.parametrize("stage", ["resolve", "step"])
def test_stores_outlive_pods(stage: str) -> None:
    """A pod that moves takes its stores along; they are where the worker looks for them."""
    manifest = stateful_set(stage)
    (claim,) = manifest["spec"]["volumeClaimTemplates"]
    (container,) = pod_of(manifest)["containers"]
    mounts = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
    (settings,) = of_kind("production", "ConfigMap").values()

    assert mounts[claim["metadata"]["name"]] == settings["data"]["ADAPTIVE_STREAM_DATA"]


@pytest.mark.parametrize("stage", STAGES)
def test_pods_keep_to_the_restricted_standard(stage: str) -> None:
    """A namespace that enforces `restricted` takes the pods."""
    pod = pod_of(stateful_set(stage))
    (container,) = pod["containers"]

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert set().union(*pod["volumes"]) <= {"name", "emptyDir", "projected"}


def test_the_settings_are_settings(tmp_path: Path) -> None:
    """The worker reads every variable that the manifests set, and takes its value."""
    (settings,) = of_kind("production", "ConfigMap").values()
    data = dict(settings["data"])
    for name in ("ADAPTIVE_STREAM_TLS_CA", "ADAPTIVE_STREAM_TLS_CERT", "ADAPTIVE_STREAM_TLS_KEY"):
        there = tmp_path / Path(data[name]).name
        there.touch()
        data[name] = str(there)
    given = {"topics_dir": ROOT / "topics", "rules_dir": ROOT, "tenant_key": "k" * 16}
    read = read_settings(given, data)

    for name, value in data.items():
        field = {"DATA": "data_dir"}.get(name.removeprefix("ADAPTIVE_STREAM_"))
        field = field or name.removeprefix("ADAPTIVE_STREAM_").lower()
        assert str(getattr(read, field)) == value, name


@pytest.mark.parametrize("stage", STAGES)
def test_each_stage_has_its_user(stage: str) -> None:
    """A pod shows the certificate of the user whose rights fit its stage."""
    users = of_kind("kafka", "KafkaUser")
    tls = next(v for v in pod_of(stateful_set(stage))["volumes"] if v["name"] == "kafka-tls")
    _, certificate = tls["projected"]["sources"]

    assert certificate["secret"]["name"] == f"adaptive-stream-{stage}"
    assert certificate["secret"]["name"] in users


def allowed(stage: str, operation: str, kind: str, name: str) -> bool:
    user = of_kind("kafka", "KafkaUser")[f"adaptive-stream-{stage}"]
    for acl in user["spec"]["authorization"]["acls"]:
        resource = acl["resource"]
        prefix = resource["patternType"] == "prefix"
        hit = name.startswith(resource["name"]) if prefix else name == resource["name"]
        if resource["type"] == kind and hit and operation in acl["operations"]:
            return True
    return False


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_may_read_what_it_reads(stage: str) -> None:
    """With Strimzi's authorizer each stage joins its group, reads its topics and its changelog."""
    assert allowed(stage, "Read", "group", group_of("", stage))
    for topic in catalog().topics:
        assert allowed(stage, "Describe", "topic", topic), topic
    read = {*inputs(stage), IDENTITY_CHANGELOG, RULES, *({VIEWS} if stage == "step" else ())}
    read |= {CUSTOMER_CHANGELOG} if stage != "admit" else set()
    for topic in read:
        assert allowed(stage, "Read", "topic", topic), topic
    if stage in CHANGELOGS:
        for operation in ("Read", "Write", "DescribeConfigs"):
            assert allowed(stage, operation, "topic", CHANGELOGS[stage])


def test_a_stage_may_write_what_it_writes() -> None:
    """Outputs, dead letters, ticks: nothing that the stages write is refused."""
    for stage in STAGES:
        assert allowed(stage, "Write", "topic", RULES)
    for topic in (*OUTPUTS, "customer.facts.v1", "identity.facts.v1", "customer.facts.v1.dlq"):
        assert allowed("step", "Write", "topic", topic), topic
    for topic in ("identity.facts.v1", "customer.facts.v1", "context.v1", "identity.facts.v1.dlq"):
        assert allowed("resolve", "Write", "topic", topic), topic
    dead = [each.dlq for channel in catalog().channels.values() for each in channel.read]
    for topic in (*dead, "clock.v1", "identity.facts.v1", "customer.facts.v1"):
        assert allowed("admit", "Write", "topic", topic), topic
    for stage in STAGES:
        assert allowed(
            "admit", "Describe" if stage != "admit" else "Read", "group", group_of("", stage)
        )


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_may_do_no_more(stage: str) -> None:
    """A stolen certificate writes no purchase into a channel, and no other stage's changelog."""
    others = {log for owner, log in CHANGELOGS.items() if owner != stage}
    channels = {each.topic for channel in catalog().channels.values() for each in channel.read}

    for topic in others | channels:
        assert not allowed(stage, "Write", "topic", topic), topic
    for operation in ("Create", "Delete", "Alter", "AlterConfigs", "All"):
        for topic in catalog().topics:
            assert not allowed(stage, operation, "topic", topic), topic
    for other in set(STAGES) - {stage}:
        assert not allowed(stage, "Read", "group", group_of("", other))


def test_never_more_pods_than_partitions() -> None:
    """The autoscaler stops where another pod would have nothing to do."""
    for name, scaled in of_kind("production", "ScaledObject").items():
        stage = name.removeprefix("adaptive-stream-")
        partitions = max(catalog().topics[topic].partitions for topic in inputs(stage))
        (trigger,) = scaled["spec"]["triggers"]

        assert scaled["spec"]["maxReplicaCount"] <= partitions
        assert scaled["spec"]["minReplicaCount"] >= 1
        assert trigger["metadata"]["consumerGroup"] == group_of("", stage)
        assert trigger["metadata"]["allowIdleConsumers"] == "false"
        assert "replicas" not in stateful_set(stage)["spec"]


def test_an_eviction_takes_one_pod_of_a_stage() -> None:
    """Draining a node pauses one pod's partitions at a time, and each budget has its pods."""
    budgets = of_kind("production", "PodDisruptionBudget")
    assert len(budgets) == len(STAGES)
    for name, budget in budgets.items():
        labels = of_kind("production", "StatefulSet")[name]["spec"]["template"]["metadata"][
            "labels"
        ]
        assert budget["spec"]["maxUnavailable"] == 1
        assert budget["spec"]["selector"]["matchLabels"].items() <= labels.items()
        assert budget["spec"]["selector"]["matchLabels"]["app.kubernetes.io/component"] in name
