"""deploy/operations.md knows every setting, and every reason for which a worker does not start."""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from adaptive_stream.process.settings import PREFIX, VARIABLES, Settings
from tests.deploy.manifests import ROOT
from tests.deploy.test_kubernetes import of_kind

DEPLOY = ROOT / "deploy"
TEXT = (DEPLOY / "operations.md").read_text()


def refusals() -> Iterator[str]:
    """The longest fixed piece of each sentence with which a start is refused."""
    for package in ("announce", "checkpoint", "worker"):
        for path in sorted((ROOT / "adaptive_stream" / package).glob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
                if named and node.func.id == "Refusal" and isinstance(
                    node.args[0], ast.Constant | ast.JoinedStr
                ):  # fmt: skip
                    yield max(pieces(node.args[0]), key=len)


def pieces(sentence: ast.Constant | ast.JoinedStr) -> Iterator[str]:
    for part in sentence.values if isinstance(sentence, ast.JoinedStr) else (sentence,):
        if isinstance(part, ast.Constant):
            yield str(part.value).strip(" :")


def test_every_setting_is_explained() -> None:
    """An operator finds each setting by its name, and none that is gone."""
    section = TEXT.split("## Settings")[1].split("\n## ")[0]
    told = set(
        re.findall(r"`([A-Z_]+)`", "".join(re.findall(r"^\|([^|]*)\|", section, re.MULTILINE)))
    )
    declared = {VARIABLES.get(each.name, each.name.upper()) for each in fields(Settings)}

    assert told == declared, f"each without {PREFIX}"


def test_every_refusal_is_explained() -> None:
    """Whoever is woken by a worker that does not start finds its sentence and what to do."""
    found = list(refusals())
    assert len(found) >= 6
    for sentence in found:
        for part in re.split(r": | and ", sentence):
            assert part in TEXT, sentence


@pytest.mark.parametrize("name", ["README.md", "operations.md", "sizing.md"])
def test_links_lead_somewhere(name: str) -> None:
    """A guide that is read at night has no dead ends."""
    text = (DEPLOY / name).read_text()
    for target in re.findall(r"\]\((?!https?:)([^)#]*)(?:#[^)]*)?\)", text):
        assert not target or (DEPLOY / target).exists(), target


def test_commands_name_what_is_there() -> None:
    """Names in the guides are those of the manifests."""
    for text in (path.read_text() for path in (DEPLOY / "README.md", DEPLOY / "operations.md")):
        for path in re.findall(r"(?:-k|--file|-f) (deploy/[a-z./]+|topics/)", text):
            assert Path(ROOT / path).exists(), path


def test_kubectl_names_what_the_manifests_make() -> None:
    """Pods, volumes and sets of the guides' kubectl lines are those of the production overlay."""
    sets = of_kind("production", "StatefulSet")
    made = {"statefulset": set(sets), "pod": {f"{name}-0" for name in sets}}
    made["pvc"] = {
        f"{claim['metadata']['name']}-{name}-0"
        for name, manifest in sets.items()
        for claim in manifest["spec"].get("volumeClaimTemplates", ())
    }
    named = []
    for guide in ("README.md", "operations.md", "runbook.md"):
        named += re.findall(
            r"kubectl [^`\n]*?\b(statefulset|pod|pvc)[ /]([a-z0-9-]+)", (DEPLOY / guide).read_text()
        )
    assert len(named) >= 5
    for kind, name in named:
        assert name in made[kind], f"{kind} {name}"
