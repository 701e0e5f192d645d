"""deploy/compose.yaml is a Compose file, starts in order, and knows when each part is well."""

import copy
import json
import re
from typing import Any

import jsonschema
import pytest
import yaml

from adaptive_stream.process.settings import read_settings
from tests.deploy.manifests import ROOT, SCHEMAS

FILE = ROOT / "deploy" / "compose.yaml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text())
SERVICES = COMPOSE["services"]
SPECIFICATION = jsonschema.Draft202012Validator(
    json.loads((SCHEMAS / "compose-spec.json").read_text())
)
ONE_SHOT = {"topics"}


def test_the_file_is_valid() -> None:
    """`docker compose` understands every word of it."""
    SPECIFICATION.validate(COMPOSE)


@pytest.mark.parametrize(
    ("service", "field", "value"),
    [
        ("worker", "healtcheck", {}),
        ("worker", "depends_on", {"kafka": {"condition": "healthy"}}),
        ("worker", "restart", True),
        ("kafka", "ports", "9092:9092"),
    ],
)
def test_a_broken_file_is_refused(service: str, field: str, value: object) -> None:
    """A slip of the pen is found without an engine at hand."""
    broken = copy.deepcopy(COMPOSE)
    broken["services"][service][field] = value

    with pytest.raises(jsonschema.ValidationError):
        SPECIFICATION.validate(broken)


def test_nobody_starts_before_what_it_needs() -> None:
    """The first start on an empty machine works: Kafka, then its topics, then the worker."""
    for name, service in SERVICES.items():
        for needed, how in service.get("depends_on", {}).items():
            done = "service_completed_successfully" if needed in ONE_SHOT else "service_healthy"
            assert how == {"condition": done}, f"{name} needs {needed}"
            assert needed in ONE_SHOT or "healthcheck" in SERVICES[needed]
    assert set(SERVICES["worker"]["depends_on"]) == {"kafka", "topics"}


def test_who_stays_says_how_it_is() -> None:
    """`up --wait` returns when everything is well, and what falls over is started again."""
    for name, service in SERVICES.items():
        if name not in ONE_SHOT:
            assert "healthcheck" in service, name
            assert service["restart"] == "unless-stopped", name


def test_nothing_listens_to_the_network() -> None:
    """A Kafka without a password can be reached from this machine alone."""
    for service in SERVICES.values():
        for port in service.get("ports", ()):
            assert port.startswith("127.0.0.1:"), port


def test_images_are_pinned() -> None:
    """The same file brings the same versions next month."""
    for name, service in SERVICES.items():
        assert re.fullmatch(r"[a-z./-]+:v?\d+\.\d+\.\d+", service["image"]), name


def test_the_settings_are_settings() -> None:
    """The worker takes what it is told, and no tenant key is in the file."""
    environment = SERVICES["worker"]["environment"]
    key = environment["ADAPTIVE_STREAM_TENANT_KEY"]
    settings = read_settings(
        {"topics_dir": ROOT / "topics", "rules_dir": ROOT},
        {**environment, "ADAPTIVE_STREAM_TENANT_KEY": "k" * 16},
    )

    assert key.startswith("${ADAPTIVE_STREAM_TENANT_KEY:?")
    assert (settings.bootstrap, settings.profile, settings.instance) == (
        "kafka:9092", "laptop", "worker",
    )  # fmt: skip


def test_volumes_are_declared() -> None:
    """What must outlive a container is in a volume of its own."""
    named = {
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", ())
        if not volume.startswith((".", "/"))
    }
    assert named == set(COMPOSE["volumes"])
