"""What a fact costs with a hundred journeys, beside five.

Shipped ones are at work in both. The others are copies of them under other names that listen to
the same facts but start for expensive things alone, which nobody buys here: what is measured is the
looking, not what more journeys would have to say.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench import pipeline, worker
from tests.bench.figures import Figure
from tests.bench.lab import Lab

FEW, MANY = 5, 100
FACTS, CUSTOMERS = (60_000, 5_000), (4_000, 330)
NEVER = {"cart": "cart.value >= 90000", "order": "order.value >= 90000"}


def measure(quick: bool, say: Callable[[str], None]) -> Iterator[Figure]:
    """Few, then many, each on a broker of its own."""
    found = {}
    for count in (FEW, MANY):
        with Lab(say) as lab:
            rules_dir = lab.directory / "rules"
            write_rules(rules_dir, count)
            worker.apply(lab, rules_dir)
            with worker.Worker(lab, rules_dir=rules_dir) as ours:
                found[count] = pipeline.drained(lab, ours, FACTS[quick], CUSTOMERS[quick])
    detail = {f"step_us_with_{count}": each["step_us"] for count, each in found.items()}
    detail["facts"] = FACTS[quick]
    ratio = found[FEW]["per_cpu_s"] / found[MANY]["per_cpu_s"]
    yield Figure("journeys_100_vs_5", ratio, detail)


def write_rules(rules_dir: Path, count: int) -> None:
    """`count` journeys: as many of the shipped ones, and copies for what is left."""
    shutil.copytree(worker.RULES_DIR, rules_dir)
    journeys_dir = rules_dir / "journeys"
    shipped = sorted(journeys_dir.glob("*.yaml"))
    for path in shipped[count:]:
        path.unlink()
    shipped = shipped[:count]
    moulds = [path for path in shipped if _thing(path) in NEVER]
    for number in range(count - len(shipped)):
        mould = moulds[number % len(moulds)]
        name = f"{mould.stem}-{number}"
        text = mould.read_text().partition("\nexamples:")[0] + "\n"
        text = re.sub(r"(?m)^journey: .*$", f"journey: {name}", text)
        text = re.sub(r"(?m)^(  )only_if: .*\n", "", text, count=1)
        only = f"  only_if: {NEVER[_thing(mould)]}\n"
        text = re.sub(r"(?m)^(  for_each: .*\n)", rf"\1{only}", text, count=1)
        (journeys_dir / f"{name}.yaml").write_text(text)


def _thing(path: Path) -> str:
    found = re.search(r"(?m)^  for_each: (\w+)", path.read_text())
    return found[1] if found else ""
