"""Rule files for tests: the shipped ones, with a file put in or taken out."""

import shutil
from pathlib import Path

from adaptive_stream.catalog.channels import load_channels
from adaptive_stream.catalog.rules import RuleFiles, read_rules

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "adaptive_stream" / "rules"
CHANNELS = load_channels(ROOT / "topics", [])


def shipped() -> RuleFiles:
    return read_rules(SHIPPED, CHANNELS)


def copied(tmp_path: Path, **texts: str) -> Path:
    """A copy of the shipped rules, with these texts as journeys: name -> text."""
    rules_dir = tmp_path / "rules"
    shutil.copytree(SHIPPED, rules_dir)
    for name, text in texts.items():
        path = rules_dir / "journeys" / f"{name.replace('_', '-')}.yaml"
        path.write_text(text, "utf-8")
    return rules_dir
