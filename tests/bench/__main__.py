"""make bench: every benchmark, one after the other, each on an empty broker of its own."""

import argparse
import importlib
import os
import signal
import sys
import time
import traceback

from tests.bench.figures import Figure, machine, progress, publish, show

# In the order in which they run; each is a file with measure(quick, say) -> figures.
BENCHMARKS = (
    "stages",
    "one_stage",
    "pipeline",
    "latency",
    "hot",
    "restore",
    "memory",
    "journeys",
    "history",
    "workers",
    "pauses",
)


def main() -> int:
    """0: measured, whatever the figures; 1: something could not be measured."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, five minutes")
    parser.add_argument("--only", choices=BENCHMARKS, help="one benchmark; nothing is published")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # So that labs are tidied up.
    about = {**machine(), "quick": args.quick}
    figures: list[Figure] = []
    failed = []
    for name in [args.only] if args.only else BENCHMARKS:
        began = time.monotonic()
        try:
            for figure in importlib.import_module(f"tests.bench.{name}").measure(
                args.quick, progress
            ):
                progress("")
                show(figure)
                figures.append(figure)
        except Exception:  # noqa: BLE001 (one that fails does not cost the others' figures)
            progress("")
            traceback.print_exc()
            failed.append(name)
        print(f"# {name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    if failed:
        print(f"not measured: {', '.join(failed)}", file=sys.stderr)
    if not args.only:
        publish(figures, {**about, "not_measured": failed})
    return 1 if failed else 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # Threads of clients that have been closed would be waited for.
