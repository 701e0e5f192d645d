"""`make test` as CI trusts it: two runs of pytest, and neither hides the other's failure."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).parents[1] / "run.py"
TESTS = """
import os
import pytest

def test_together():
    assert "PYTEST_XDIST_WORKER" in os.environ and {together}

@pytest.mark.timing
def test_alone():
    assert "PYTEST_XDIST_WORKER" not in os.environ and {alone}
"""


@pytest.mark.parametrize(
    ("together", "alone", "code", "closing"),
    [
        (True, True, 0, ["1 passed", "1 passed"]),
        (False, True, 1, ["1 failed", "1 passed"]),
        (True, False, 1, ["1 passed", "1 failed"]),
    ],
)
def test_either_run_fails_all(
    tmp_path: Path, together: bool, alone: bool, code: int, closing: list[str]
) -> None:
    """Tests that measure time run after the others and alone; both closing lines are shown."""
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = timing\n")
    (tmp_path / "test_two.py").write_text(TESTS.format(together=together, alone=alone))
    # This test may itself run on a worker of xdist; what it runs must not take itself for one.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    ended = subprocess.run(
        [sys.executable, RUN, "-p", "no:cacheprovider"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    lines = [line for line in ended.stdout.splitlines() if line.startswith("=") and " in " in line]
    assert ended.returncode == code, ended.stdout + ended.stderr
    assert [told for told, line in zip(closing, lines, strict=True) if told in line] == closing
