"""`make demo`, as the README prints it."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

pytestmark = [pytest.mark.broker, pytest.mark.slow(75)]

RULES = Path(__file__).parents[2] / "adaptive_stream" / "rules"
README = Path(__file__).parents[2] / "README.md"
DEMO = [sys.executable, "-m", "adaptive_stream", "demo"]
WITHIN_S = 180


def _settled(text: str) -> list[str]:
    """What is the same in every run: without ports, ids and times."""
    text = re.sub(r"127\.0\.0\.1:\d+", "HOST", text)
    text = re.sub(r"c-[0-9a-v]{16}\.\d+", "ID", text)
    text = re.sub(r"\+\d+ ms", "+N ms", text)
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def test_the_demo_prints_what_the_readme_prints() -> None:
    """A newcomer sees what the README promises, and the exit code says that it came true."""
    shown = README.read_text().split("<!-- demo -->")[1].split("<!-- /demo -->")[0]

    done = subprocess.run(DEMO, capture_output=True, text=True, timeout=WITHIN_S, check=False)

    assert done.returncode == 0, done.stderr
    assert _settled(done.stdout) == _settled(shown.strip().strip("`"))


def test_the_demo_leaves_no_process_behind() -> None:
    """What the demo started is gone when it ends, and its JSON form has a line for each record."""
    before = {process.pid for process in psutil.process_iter()}

    done = subprocess.run(
        [*DEMO, "--json"], capture_output=True, text=True, timeout=WITHIN_S, check=False
    )

    topics = [json.loads(line)["topic"] for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr
    assert {"suppressions.email.v1", "suppressions.push.v1", "opportunities.v1"} <= set(topics)
    assert not _left_of_demos(before)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_stopped_leaves_nothing_behind(tmp_path: Path, sign: signal.Signals) -> None:
    """Ctrl-C and `kill` end it at once and quietly: no process, no directory, no traceback."""
    before = {process.pid for process in psutil.process_iter()}
    environ = os.environ | {"TMPDIR": str(tmp_path)}

    with subprocess.Popen(
        DEMO, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ
    ) as demo:
        assert demo.stdout is not None
        assert any("starting the worker" in line for line in demo.stdout)
        demo.send_signal(sign)
        _, said = demo.communicate(timeout=WITHIN_S)

    assert (demo.returncode, said) == (130, "")
    assert list(tmp_path.iterdir()) == []
    assert not _left_of_demos(before)


def test_the_demo_fails_when_a_suppression_is_missing(tmp_path: Path) -> None:
    """Where no journey sends a push, none is stopped: the demo says so, and exits with 1."""
    rules = shutil.copytree(RULES, tmp_path / "rules")
    journey = rules / "journeys" / "abandoned-cart.yaml"
    journey.write_text(journey.read_text().replace("by: push", "by: email"))

    done = subprocess.run(
        [*DEMO, "--rules-dir", str(rules)],
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )

    assert done.returncode == 1, done.stderr
    assert "MISSING: " in done.stdout


def _left_of_demos(before: set[int]) -> list[psutil.Process]:
    """What runs on a demo's directory and did not before."""
    left = [p for p in psutil.process_iter(["cmdline"]) if p.pid not in before]
    return [p for p in left if "adaptive-stream-demo-" in " ".join(p.info["cmdline"] or ())]
