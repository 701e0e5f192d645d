"""The shipped files, and a copy of them that a test may spoil."""

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOPICS = ROOT / "topics"
RULES = ROOT / "adaptive_stream" / "rules"


@pytest.fixture
def topics_dir(tmp_path: Path) -> Path:
    """A copy of topics/ for one test."""
    return Path(shutil.copytree(TOPICS, tmp_path / "topics"))


@pytest.fixture
def rules_dir() -> Path:
    """The shipped rules."""
    return RULES
