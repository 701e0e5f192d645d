"""What Kustomize makes of deploy/kubernetes, and the schemas that a manifest is held against."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import yaml

from tests.tools import PROGRAMS

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "deploy" / "kubernetes"
SCHEMAS = Path(__file__).parent / "schemas"
OVERLAYS = ("base", "production", "kafka")
MINORS = kubernetes_validate.utils.all_versions()[-3:]

Manifest = dict[str, Any]


class Invalid(Exception):
    """A manifest that an API server would refuse, or take with a warning."""


def build(directory: Path) -> list[Manifest]:
    """What `kubectl apply -k` would send."""
    return [each for each in yaml.safe_load_all(_kustomize(directory)) if each]


def _kustomize(directory: Path) -> str:
    for command in (["kustomize", "build"], ["kubectl", "kustomize"]):
        program = shutil.which(command[0], path=f"{os.environ['PATH']}{os.pathsep}{PROGRAMS}")
        if program:
            done = subprocess.run(
                [program, command[1], str(directory)], capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise Invalid(done.stderr)
            return done.stdout
    raise FileNotFoundError(
        "the manifests are put together by Kustomize: run `make tools`, or install kubectl"
    )


def check(manifest: Manifest, minor: str) -> None:
    """Raises Invalid when it has a field too many, one too few, or one of another type."""
    own = SCHEMAS / f"{manifest['kind'].lower()}.json"
    try:
        if own.is_file():
            schema = json.loads(own.read_text())
            jsonschema.Draft202012Validator(schema).validate(manifest)
        else:
            kubernetes_validate.validate(manifest, minor, strict=True)
    except jsonschema.ValidationError as error:
        place = "/".join(map(str, error.absolute_path))
        name = f"{manifest['kind']} {manifest['metadata']['name']}"
        raise Invalid(f"{name}, Kubernetes {minor}: {place}: {error.message}") from None
