"""Runs the tests twice: those that measure time last and alone, all others in parallel. Those of
`make chaos` are left to it.

`make test ARGS=...` passes pytest's own words on to both. What one run finds, the other does not
hide: both closing lines are shown, and either failing fails all.
"""

import argparse
import os
import subprocess
import sys

# Four processes on two cores: the longest files, which come first (tests/conftest.py), wait for
# Kafka much of their time. A file's tests stay together.
TOGETHER = ("-n", "4", "--dist", "loadfile", "--no-loadscope-reorder")
ALONE = ("-n", "0")
SHORT = "not chaos"
OK, INTERRUPTED, NONE_CHOSEN = 0, 2, 5  # Of pytest's exit codes.


def main(words: list[str]) -> int:
    """The first exit code that is a failure, NONE_CHOSEN if neither run had a test, else 0."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-m", dest="marks", default="")
    known, rest = parser.parse_known_args(words)
    chosen = f"({known.marks}) and " if known.marks else ""
    # Whatever the shell says: the project is started hundreds of times, and not compiled each time.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    codes = []
    for marks, options in (
        (f"not timing and {SHORT}", (*TOGETHER, *rest)),
        (f"timing and {SHORT}", (*rest, *ALONE)),
    ):
        command = [sys.executable, "-m", "pytest", *options, "-m", chosen + marks]
        codes.append(subprocess.run(command, check=False).returncode)
        if codes[-1] == INTERRUPTED:
            break
    failed = [code for code in codes if code not in (OK, NONE_CHOSEN)]
    return failed[0] if failed else min(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
