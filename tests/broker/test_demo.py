"""`make demo`, as the README prints it."""

import json
import re
import subprocess
import sys
from pathlib import Path

import psutil

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
    left = [p for p in psutil.process_iter(["cmdline"]) if p.pid not in before]
    ours = [p for p in left if "adaptive-stream-demo-" in " ".join(p.info["cmdline"] or ())]
    assert not ours
