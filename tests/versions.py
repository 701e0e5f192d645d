"""Runs the pure tests on every other Python at hand: `make test-versions`.

Looks on PATH and among pyenv's versions. Each version gets an environment below .venv/versions,
made once per pyproject.toml; a version that is not installed is not tested, and the list of those
that were is printed. They run side by side, and play a share of the histories that are drawn: what
holds for all of them is shown on our own Python, here whether another one differs.
"""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

OLDEST = (3, 11)
NEWEST_MINOR = 14  # The newest that all of our dependencies have wheels for.
CORES = 2
SHARE = "6"  # Of what a test draws: see amount.py.
PURE = ("tests/engine", "tests/formats", "tests/rules", "tests/outputs")
ROOT = Path(__file__).parents[1]
ENVIRONMENTS = ROOT / ".venv" / "versions"
Version = tuple[int, int]


def main() -> int:
    """Returns how many versions failed."""
    ours = sys.version_info[:2]
    others = {version: path for version, path in sorted(at_hand().items()) if version != ours}
    with ThreadPoolExecutor() as pool:  # Much of it is waiting for a package index.
        list(pool.map(prepare, others, others.values()))
    processes = CORES if len(others) == 1 else 0  # Of xdist; 0: the one that is started.
    running = {version: start(version, processes) for version in others}
    failed = [version for version, tests in running.items() if not passes(version, tests)]
    tested = ", ".join(map(dotted, others)) or "none: no other is installed"
    print(f"pure tests ran on Python {tested}", flush=True)
    for version in failed:
        print(f"they FAILED on Python {dotted(version)}", file=sys.stderr)
    return len(failed)


def at_hand() -> dict[Version, Path]:
    """One interpreter for each version that we support and that this machine has."""
    minors = range(OLDEST[1], NEWEST_MINOR + 1)
    candidates = [shutil.which(f"python3.{minor}") for minor in minors]
    pyenv = shutil.which("pyenv")
    if pyenv:
        root = subprocess.run([pyenv, "root"], capture_output=True, text=True, check=True).stdout
        candidates += map(str, Path(root.strip()).glob("versions/*/bin/python"))
    found: dict[Version, Path] = {}
    for candidate in filter(None, candidates):
        version = version_of(candidate)
        if version and OLDEST <= version <= (3, NEWEST_MINOR):
            found.setdefault(version, Path(candidate))
    return found


def version_of(python: str) -> Version | None:
    """None if it does not run: pyenv has a shim for every version, chosen or not."""
    program = "import sys; print(*sys.version_info[:2])"
    told = subprocess.run([python, "-c", program], capture_output=True, text=True, check=False)
    if told.returncode:
        return None
    major, minor = map(int, told.stdout.split())
    return major, minor


def prepare(version: Version, python: Path) -> None:
    """An environment for it, if there is none that is new enough."""
    environment = ENVIRONMENTS / dotted(version)
    made = environment / ".made"
    if not made.exists() or made.stat().st_mtime < (ROOT / "pyproject.toml").stat().st_mtime:
        print(f"Python {dotted(version)} is installed", flush=True)
        subprocess.run([python, "-m", "venv", environment], check=True)
        install = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        install += ("--no-compile",)  # Most of what is installed is never imported by these tests.
        packages = ("--editable", f"{ROOT}[broker,tests]")
        subprocess.run([environment / "bin" / "python", *install, *packages], check=True)
        made.touch()


def start(version: Version, processes: int) -> subprocess.Popen[str]:
    """Its pure tests, under way."""
    tests = [path for path in PURE if (ROOT / path).is_dir()]
    command = ("-m", "pytest", "-q", "-n", str(processes), "-p", "no:cacheprovider", *tests)
    return subprocess.Popen(
        [ENVIRONMENTS / dotted(version) / "bin" / "python", *command],
        cwd=ROOT, env=os.environ | {"TESTS_SHARE": SHARE, "PYTHONDONTWRITEBYTECODE": ""}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def passes(version: Version, tests: subprocess.Popen[str]) -> bool:
    """Whether the pure tests passed there; prints what they said."""
    said, _ = tests.communicate()
    print(f"Python {dotted(version)}:\n{said}", flush=True)
    return not tests.returncode


def dotted(version: Version) -> str:
    """`3.12`, as everybody writes it."""
    return ".".join(map(str, version))


if __name__ == "__main__":
    sys.exit(main())
