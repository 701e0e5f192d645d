"""Runs worlds: `make simulate SEED=n` repeats one and tells what befell it, `N=…` runs many."""

import argparse
import subprocess
import sys
import time

from tests.simulation.simulation import Setting, Simulation
from tests.simulation.world import Broken


def main() -> int:
    """Returns how many worlds failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, help="repeat this world, step by step")
    parser.add_argument("--runs", type=int, default=500, help="how many, from seed 0 on")
    args = parser.parse_args()
    seeds = range(args.runs) if args.seed is None else range(args.seed, args.seed + 1)
    print(f"SEED={seeds[0]}..{seeds[-1]} COMMIT={commit()}", flush=True)
    began = time.perf_counter()
    failed = [seed for seed in seeds if not holds(seed, tell=args.seed is not None)]
    took = time.perf_counter() - began
    print(f"{len(seeds)} worlds in {took:.1f} s, {len(failed)} failed")
    return len(failed)


def holds(seed: int, tell: bool) -> bool:
    """Whether the world of this seed keeps the invariants."""
    simulation = Simulation(seed, Setting())
    try:
        simulation.run()
    except Broken as broken:
        print(f"seed {seed}: {broken}\nrepeat it: make simulate SEED={seed}", flush=True)
        return False
    finally:
        if tell:
            print("\n".join(simulation.world.trace))
    return True


def commit() -> str:
    """The one that is checked out, so that a seed means something later."""
    command = ["git", "describe", "--always", "--dirty"]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    return told.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
