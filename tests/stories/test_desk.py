"""A manager's desk: what she writes during a story, and what the check then says."""

from pathlib import Path

import pytest

from adaptive_stream.stories.desk import Desk
from adaptive_stream.stories.expect import judge
from adaptive_stream.stories.grammar import parse
from adaptive_stream.stories.story import Story
from adaptive_stream.stories.verdict import FAILED, PASSED

CASE = Path(__file__).parents[1] / "cases" / "S62.story"
SAYS = "'bougth_these_items' is no condition; did you mean 'bought_these_items'?"
WRITES = f"""S62 "A manager writes a rule" [E10] part=4
world ana
load none
D0 09:00     do  journeys new loyalty-gold --from template
D0 09:10     do  journeys check
D0 09:10     see check examples=3 passed=3 unproved=cart_emptied exit=0
D0 09:20     do  journeys check
D0 09:20     see check file=loyalty-gold.yaml line=7 says="{SAYS}" exit=1
D0 09:25     do  journeys check
D0 09:25     see check examples=3 passed=3 unproved=cart_emptied exit=0
D0 09:26     do  journeys explain loyalty-gold
"""


def story(text: str) -> Story:
    return parse(text, str(CASE))


def test_a_manager_writes_a_journey_and_is_answered() -> None:
    """She begins from a template, mistypes a word, is told which, and mends it."""
    told = story(WRITES)
    verdicts = judge(told, [], Desk(told).see)
    assert [(v.result, v.says) for v in verdicts] == [(PASSED, "")] * 3


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("line=7", "line=8", "'line': '7'"),
        ("exit=1", "exit=0", "exit was 1, not 0"),
        ("09:10     see check examples=3", "09:10     see check examples=4", "'examples': '3'"),
    ],
)
def test_what_the_check_did_not_say_is_told(before: str, after: str, says: str) -> None:
    """A row that is wrong fails, and says what the check said."""
    assert before in WRITES
    told = story(WRITES.replace(before, after))
    (failed,) = (v for v in judge(told, [], Desk(told).see) if v.result == FAILED)
    assert says in failed.says


def test_a_journey_is_as_it_was_saved_last() -> None:
    """Whoever publishes from the desk publishes what lies there then."""
    told = story(WRITES)
    desk, start_ms = Desk(told), told.calendar.start_ms
    at = {hour: desk.contents_at(start_ms + hour * 60_000) for hour in (539, 540, 560, 565)}
    path = "journeys/loyalty-gold.yaml"
    assert at[539] == {}
    assert b"says: One sentence" in at[540][path]
    assert b"bougth" in at[560][path]
    assert b"bougth" not in at[565][path]


def test_nothing_passes_without_a_desk() -> None:
    """A runner that has none says so."""
    verdicts = judge(story(WRITES), [])
    assert [verdict.result for verdict in verdicts] == [FAILED] * 3
