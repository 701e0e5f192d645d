"""What the process no longer needs goes back to the system."""

import ctypes
import ctypes.util


def give_back() -> None:
    """After a rebuild from changelogs: else what it took for a moment counts as ours for good.
    Nothing happens where the C library is not glibc."""
    name = ctypes.util.find_library("c")
    trim = getattr(ctypes.CDLL(name), "malloc_trim", None) if name else None
    if trim is not None:
        trim(0)
