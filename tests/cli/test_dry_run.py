"""What a change would do to runs under way, as a manager reads it before she publishes."""

from collections import Counter

from adaptive_stream.cli.journeys_dry_run import as_text
from adaptive_stream.stories.dry_run import DUE, NOT_DUE, Change, Telling


def test_a_manager_reads_whom_her_change_concerns() -> None:
    """How many run, what they are told and why, and who keeps their steps."""
    told = {
        Telling("suppress", "in_checkout"): 100,
        Telling("release", "hold_lapsed"): 3,
        Telling(DUE, ""): 3,
        Telling(NOT_DUE, ""): 1,
    }
    change = Change(1_000, 990, begins_otherwise=True, told=Counter(told))
    assert list(as_text("abandoned-cart", change)) == [
        "abandoned-cart: runs under way: 1,000",
        "  due at once: 3",
        "  not due, though they would be: 1",
        "  let loose: 3, because hold_lapsed",
        "  stopped: 100, because in_checkout",
        "  990 keep the steps that they entered with",
        "  it begins otherwise, with what happens from then on",
    ]


def test_a_change_that_concerns_nobody_says_so() -> None:
    """And what is said once for all is told apart from what single runs are told."""
    assert list(as_text("win-back", Change(runs=2))) == [
        "win-back: runs under way: 2",
        "  nobody is told anything else than now",
    ]
    paused = Change(channels=[("email", "hold", "journey_paused")])
    assert list(as_text("win-back", paused)) == [
        "win-back: runs under way: 0",
        "  email is told once for all: hold, because journey_paused",
    ]
