"""What `pip install adaptive-stream` brings is all that it takes to run."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = {"topics": "adaptive_stream/_topics", "adaptive_stream": "adaptive_stream"}


def test_the_wheel_is_whole(tmp_path: Path) -> None:
    """Whoever installs the package without its repository has every topic, rule, lock and story."""
    build = ("-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path))
    subprocess.run([sys.executable, *build], cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    there = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        f"{inside}/{path.relative_to(ROOT / folder)}"
        for folder, inside in FOLDERS.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert "adaptive_stream/rules/journeys/abandoned-cart.yaml" in wanted
    assert wanted - there == set()
