"""How much a test plays of what is drawn: all of it, but on other Pythons a share (versions.py)."""

import os

_SHARE = int(os.environ.get("TESTS_SHARE", "1"))


def some(count: int) -> int:
    """So many, or the share of them that is asked for."""
    return max(1, count // _SHARE)
