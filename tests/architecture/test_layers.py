"""The engine stays pure because breaking it breaks the build: shown by breaking it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUFF = "ruff"
IMPORTS = "lint-imports"

SABOTAGES = {
    "the engine imports faust": ("engine/clock.py", "import faust\n", (RUFF, IMPORTS)),
    "the engine reads a clock": (
        "engine/clock.py",
        "import time\nt = time.time()\n",
        (RUFF, IMPORTS),
    ),
    "a format asks for the date": (
        "formats/late.py",
        '"""Late."""\nimport datetime\nd = datetime.datetime.now(datetime.UTC)\n',
        (RUFF,),
    ),
    "an output rolls a die": ("outputs/die.py", '"""Die."""\nimport random\n', (RUFF, IMPORTS)),
    "the engine reads a setting": (
        "engine/span.py",
        "import os\no = os.environ\n",
        (RUFF, IMPORTS),
    ),
    "the engine knows an output": (
        "engine/span.py",
        "import adaptive_stream.outputs\n",
        (IMPORTS,),
    ),
    "a format knows an output": (
        "formats/late.py",
        '"""Late."""\nimport adaptive_stream.outputs\n',
        (IMPORTS,),
    ),
    "the catalogue knows the worker": (
        "catalog/late.py",
        '"""Late."""\nimport adaptive_stream.worker\n',
        (IMPORTS,),
    ),
    "a stage knows the shell": (
        "stages/late.py",
        '"""Late."""\nimport adaptive_stream.worker\n',
        (IMPORTS,),
    ),
    "a checkpoint is made by a client": (
        "checkpoint/late.py",
        '"""Late."""\nimport aiokafka\n',
        (IMPORTS,),
    ),
    "a supervisor knows Faust": (
        "process/late.py",
        '"""Late."""\nimport mode\n',
        (IMPORTS,),
    ),
    "the clock knows Faust": (
        "announce/late.py",
        '"""Late."""\nimport faust\n',
        (RUFF, IMPORTS),
    ),
    "the worker knows the broker": (
        "worker/late.py",
        '"""Late."""\nimport adaptive_stream.broker\n',
        (IMPORTS,),
    ),
    "a package without a place": ("helpers/__init__.py", '"""Help."""\n', (IMPORTS,)),
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project's code and checks, to be spoilt."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(
        ROOT / "adaptive_stream",
        tmp_path / "adaptive_stream",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    return tmp_path


def complaints(root: Path) -> tuple[str, ...]:
    """The checks of `make check` that fail there."""
    scripts = Path(sys.executable).parent
    checks = {
        RUFF: [scripts / "ruff", "check", "--no-cache", "--select", "TID", "adaptive_stream"],
        IMPORTS: [scripts / "lint-imports", "--no-cache"],
    }
    return tuple(
        name
        for name, command in checks.items()
        if subprocess.run(command, cwd=root, capture_output=True, check=False).returncode
    )


def test_the_project_as_it_is(copy: Path) -> None:
    """Whoever runs the checks on the project as it is hears no complaint."""
    assert complaints(copy) == ()


@pytest.mark.parametrize("sabotage", SABOTAGES)
def test_a_broken_layer_breaks_the_build(copy: Path, sabotage: str) -> None:
    """A pure file that looks at the world, or one that looks up, never reaches a customer."""
    file, code, expected = SABOTAGES[sabotage]
    path = copy / "adaptive_stream" / file
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as spoilt:
        spoilt.write(code)
    assert complaints(copy) == expected
