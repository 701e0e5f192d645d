"""What a rebuild took for a moment is given back to the system."""

import psutil

from adaptive_stream.process.memory import give_back

PIECE_BYTES = 4_000
PIECES = 20_000


def test_what_is_no_longer_needed_is_given_back() -> None:
    """A worker that has read back two million customers is not the larger for it ever after."""
    process = psutil.Process()
    kept = [bytes(PIECE_BYTES) for _ in range(PIECES)]
    kept = kept[::500]  # It lies between what goes, so that nothing goes back by itself.
    before = process.memory_info().rss
    give_back()
    given_back = before - process.memory_info().rss
    assert len(kept) == PIECES // 500
    assert given_back > PIECE_BYTES * PIECES // 2
