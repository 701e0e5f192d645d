"""A journey to begin with: a template, or a journey that there is, under another name."""

import re
from collections.abc import Mapping
from pathlib import Path

TEMPLATES = Path(__file__).parent / "templates"
_NAMED = re.compile(r"^journey: *\S+", re.MULTILINE)


def templates() -> dict[str, bytes]:
    """The content of each template by its name."""
    return {path.stem: path.read_bytes() for path in sorted(TEMPLATES.glob("*.yaml"))}


def begun(name: str, template: str, journeys: Mapping[str, bytes]) -> bytes:
    """The content of a journey of this name. `journeys`: those that there are, by name. Raises
    KeyError when there is neither a template nor a journey of the name `template`."""
    source = ({**journeys} | templates())[template].decode()
    return _NAMED.sub(f"journey: {name}", source, count=1).encode()
