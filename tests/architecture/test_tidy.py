"""What keeps the project readable in an hour. These bounds may only tighten."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import adaptive_stream

ROOT = Path(__file__).parents[2]

FILE_LINES_MAX = 300
SHELL_LINES_MAX = 1_800
TEST_FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 59
COLUMNS_MAX = 100
README_LINES_MAX = {"README.md": 150}
README_OF_A_FOLDER_LINES_MAX = 100
MAKEFILE_LINES_MAX = 100

TOP_LEVEL = {
    ".ci",
    ".dockerignore",
    ".editorconfig",
    ".git",
    ".gitignore",
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "adaptive_stream",
    "deploy",
    "pyproject.toml",
    "tests",
    "topics",
}
SAYS_NOTHING = {"base", "common", "helper", "helpers", "misc", "shared", "util", "utils"}
LEFT_OVER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
OF_ONE_MACHINE = re.compile(r"(?<![\w.])/(root|home|work|Users)/\w")
NOT_TESTED = re.compile(
    r"unittest\.mock|monkeypatch\.setattr\(|mark\.(skip|xfail)|pytest\.(skip|xfail)\("
)
THIS_FILE = Path(__file__).resolve()


def files(*folders: str, suffixes: tuple[str, ...] = (".py",)) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in suffixes and "__pycache__" not in path.parts and path.is_file():
                yield path


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def ignored() -> set[str]:
    """The names at the top that .gitignore lists."""
    lines = (ROOT / ".gitignore").read_text().splitlines()
    return {line.strip("/") for line in lines if line and not line.startswith("#")}


def test_the_top_level() -> None:
    """A newcomer sees a dozen names at the top, each of which has its reason."""
    there = {path.name for path in ROOT.iterdir()}
    assert there - TOP_LEVEL - ignored() == set()
    assert TOP_LEVEL - there - {".git"} == set()


def test_no_file_is_long() -> None:
    """Each file can be read in one sitting."""
    lines = {
        name(path): len(path.read_text().splitlines()) for path in files("adaptive_stream", "tests")
    }
    assert {
        file: count
        for file, count in lines.items()
        if count > (TEST_FILE_LINES_MAX if file.startswith("tests/") else FILE_LINES_MAX)
    } == {}
    assert len((ROOT / "Makefile").read_text().splitlines()) <= MAKEFILE_LINES_MAX


def test_the_shell_is_small() -> None:
    """All that stands between the engine and Kafka is read in an hour."""
    lines = [len(path.read_text().splitlines()) for path in files("adaptive_stream/worker")]
    assert sum(lines) < SHELL_LINES_MAX


def test_no_function_is_long() -> None:
    """Each function fits on a screen."""
    long = [
        f"{name(path)}:{node.lineno} {node.name}: {node.end_lineno - node.lineno + 1} lines"
        for path in files("adaptive_stream", "tests")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES_MAX
    ]
    assert long == []


def test_no_line_is_wide() -> None:
    """Two files stand side by side on a screen."""
    wide = [
        f"{name(path)}:{number}"
        for path in files(*("adaptive_stream", "topics", "tests"), suffixes=(".py", ".yaml"))
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if len(line) > COLUMNS_MAX and "faults" not in path.parts
    ]
    assert wide == []


def test_every_name_says_something() -> None:
    """Nobody has to open a file to learn what it is about."""
    assert [
        name(path) for path in files("adaptive_stream", "tests") if path.stem in SAYS_NOTHING
    ] == []


def test_nothing_is_left_for_later() -> None:
    """What is committed is done."""
    left = [
        f"{name(path)}:{number}: {line.strip()}"
        for path in files(*("adaptive_stream", "topics", "tests"), suffixes=(".py", ".yaml", ".md"))
        if path != THIS_FILE
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if LEFT_OVER.search(line)
    ]
    assert left == []


def test_nothing_knows_one_machine() -> None:
    """The project runs on any machine: no file names a directory of one."""
    of_one = [
        f"{name(path)}:{number}: {line.strip()}"
        for path in [
            *files(
                *(".ci", "adaptive_stream", "deploy", "tests", "topics"),
                suffixes=(".py", ".yaml", ".md", ""),
            ),
            *(ROOT / file for file in ("Makefile", "pyproject.toml", "README.md", "CHANGELOG.md")),
        ]
        if path != THIS_FILE
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if OF_ONE_MACHINE.search(line)
    ]
    assert of_one == []


def folders_with_a_readme() -> list[Path]:
    packages = sorted(
        path
        for path in (ROOT / "adaptive_stream").iterdir()
        if path.is_dir() and path.name != "__pycache__"
    )
    return [ROOT / "adaptive_stream", *packages, ROOT / "topics", ROOT / "deploy", ROOT / "tests"]


@pytest.mark.parametrize("folder", folders_with_a_readme(), ids=name)
def test_each_folder_explains_itself(folder: Path) -> None:
    """Whoever opens a folder finds one page that says what is in it."""
    readme = folder / "README.md"
    assert readme.is_file(), f"{name(readme)} is missing"
    assert len(readme.read_text().splitlines()) <= README_OF_A_FOLDER_LINES_MAX


def test_the_readme_of_the_project_is_short() -> None:
    """The README is read to its end."""
    assert len((ROOT / "README.md").read_text().splitlines()) <= README_LINES_MAX["README.md"]


def test_the_tests_are_listed() -> None:
    """tests/README.md names each of its folders."""
    text = (ROOT / "tests" / "README.md").read_text()
    folders = [path for path in (ROOT / "tests").iterdir() if path.is_dir()]
    assert [p.name for p in folders if f"`{p.name}/`" not in text and p.name != "__pycache__"] == []


def test_every_test_says_what_somebody_gets() -> None:
    """Each test's docstring is a sentence about a customer, a producer or an operator."""
    silent = [
        f"{name(path)}:{node.lineno} {node.name}"
        for path in files("tests")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not (ast.get_docstring(node) or "").endswith((".", "!", "?"))
    ]
    assert silent == []


def test_nothing_is_pretended() -> None:
    """Tests run the real thing: nothing is mocked, skipped or expected to fail."""
    pretended = [
        f"{name(path)}:{number}: {line.strip()}"
        for path in files("tests")
        if path != THIS_FILE
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if NOT_TESTED.search(line)
    ]
    assert pretended == []


def test_the_reading_order_is_true() -> None:
    """Whoever follows the reading order of the package finds each file that it names."""
    named = re.findall(r"`([a-z_/.]+)`", adaptive_stream.__doc__ or "")
    assert len(named) > 5
    assert [path for path in named if not (ROOT / "adaptive_stream" / path).exists()] == []
