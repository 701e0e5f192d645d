"""Progress, for a person who waits at a terminal, and for nobody else."""

import sys
from collections.abc import Callable


def on_terminal() -> Callable[[str], None]:
    """Shows each text in place of the one before it; an empty text clears the line."""
    if not sys.stderr.isatty():
        return lambda _: None

    def say(text: str) -> None:
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)

    return say
