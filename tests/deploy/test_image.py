"""deploy/Dockerfile makes a small image that runs as nobody and holds no secret."""

import re
import tomllib

from tests.deploy.manifests import ROOT

DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()
FINAL = DOCKERFILE.rsplit("\nFROM ", 1)[1]
LOCKED = dict(
    re.findall(
        r"^([a-z0-9-]+)==(\S+)", (ROOT / "deploy" / "requirements.txt").read_text(), re.MULTILINE
    )
)


def test_every_base_is_pinned() -> None:
    """The same commit makes the same image."""
    assert re.search(r"^ARG PYTHON=python:3\.\d+\.\d+-slim-\w+$", DOCKERFILE, re.MULTILINE)
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"${PYTHON}"}


def test_the_image_runs_as_nobody() -> None:
    """A number, since Kubernetes cannot tell whether a name is root."""
    (user,) = re.findall(r"^USER (\d+):(\d+)$", FINAL, re.MULTILINE)
    assert user == ("10001", "10001")


def test_the_final_stage_installs_nothing() -> None:
    """Whoever breaks in finds no compiler, no package manager and no source."""
    assert not re.search(r"pip install|apt-get|COPY (?!--from=build)", FINAL)
    assert "pip uninstall" in FINAL


def test_no_key_is_baked_in() -> None:
    """The tenant key comes when the container starts, never from a layer."""
    assert "TENANT" not in DOCKERFILE
    assert "PASSWORD" not in DOCKERFILE


def test_dependencies_are_the_projects() -> None:
    """What the tests ran with is what the image has, and each file of it is known by its hash."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for dependency in project["dependencies"]:
        name, version = dependency.lower().split("==")
        assert LOCKED.get(name) == version, f"{name}: write deploy/requirements.txt again"


def test_the_image_is_made_of_what_is_named() -> None:
    """No data directory, key file or .git comes into the build."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    lines = [line for line in lines if line and not line.startswith("#")]

    assert lines[0] == "*"
    for line in lines[1:]:
        assert line == "**/__pycache__" or (ROOT / line.removeprefix("!")).exists(), line
