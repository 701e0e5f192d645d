"""Stories in which somebody publishes, pauses, tries rules out, or stops the workers."""

from pathlib import Path

import pytest

from adaptive_stream.catalog import CatalogError, load_catalog
from adaptive_stream.stories import engine_world
from adaptive_stream.stories.desk import Desk
from adaptive_stream.stories.expect import judge
from adaptive_stream.stories.grammar import parse
from adaptive_stream.stories.journeys_loaded import rules_of
from adaptive_stream.stories.timeline import timeline
from adaptive_stream.stories.verdict import FAILED, PENDING

ROOT = Path(__file__).parents[2]
CASE = ROOT / "tests" / "cases" / "S54.story"
CHANGES = """S54 "A live change is shown before it bites" part=4
world ana; 10 instances of abandoned-cart running
D0 10:00     do  journeys backtest abandoned-cart.yaml --against live --last 28d
D0 10:00     see diff stopped_more=1 stopped_less=0 per_customer=true reasons=true
D0 10:05     do  journeys publish abandoned-cart.yaml
D0 10:05     out suppressions.email suppress journey=abandoned-cart because=in_checkout
D0 10:05     see instances count=9 stop_rules=new steps=as_entered
D0 10:06     do  journeys rollback abandoned-cart
D0 10:06     see instances count=10 stop_rules=old steps=as_entered
"""
DOWN = """S24 "Down for a while" part=4
world ana
D0 10:00     in  web cart.item_added cookie:ck-a cart=cart-9 item=boots-41*1@89.00
D0 10:20     do  stop workers
D0 10:41     in  store order.completed loyalty:L-204 order=R-77 store=leeds-2 item=belt-7*1@39.00
D0 18:00     do  start workers
D0 18:00     out state cart.abandoned cart=cart-9
D0 18:00     out suppressions.email hold journey=abandoned-cart because=just_bought until=D1T10:41
D1 10:41     out opportunities offer kind=step journey=abandoned-cart step=remind
"""


def failed(text: str) -> list[str]:
    """What failed of it, nothing being pending."""
    story = parse(text, str(CASE))
    catalog = load_catalog(ROOT / "topics", ROOT / "adaptive_stream" / "rules")
    desk, reading = Desk(story), engine_world.reading_of(catalog.channels)
    outputs = engine_world.play(story, rules_of(story, catalog.rules), reading, desk=desk)
    verdicts = judge(story, outputs, desk.see)
    assert not [verdict for verdict in verdicts if verdict.result == PENDING]
    return [verdict.row.text for verdict in verdicts if verdict.result == FAILED]


def test_a_change_stops_at_once_and_steps_stay() -> None:
    """Whom the new stop concerns is stopped, the others keep their steps, and back again."""
    assert failed(CHANGES) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("stopped_more=1", "stopped_more=2"),
        ("stopped_less=0", "stopped_less=1"),
        ("count=9 stop_rules=new", "count=9 stop_rules=old"),
        ("count=10 stop_rules=old", "count=10 stop_rules=new"),
        ("count=9", "count=10"),
    ],
)
def test_what_is_not_so_is_told(before: str, after: str) -> None:
    """A row that says otherwise fails."""
    assert before in CHANGES
    (text,) = failed(CHANGES.replace(before, after))
    assert after.split()[-1] in text


def test_nothing_passes_that_nobody_looked_at() -> None:
    """Who asks for a comparison that was not made, or a shadow that is none, is told so."""
    rows = CHANGES.splitlines()
    assert failed("\n".join([*rows[:2], rows[3]])) == [" ".join(rows[3].split())]
    shadow = "D0 10:00     see shadow side_effects=none"
    assert failed("\n".join([*rows[:2], shadow])) == [" ".join(shadow.split())]


def test_what_waits_while_the_workers_are_stopped_comes_before_any_timer() -> None:
    """Nothing ticks meanwhile; when they start again, facts come first and then the time."""
    assert failed(DOWN) == []
    moments = timeline(parse(DOWN, str(CASE)))
    stop, start = (next(m for m in moments if getattr(m, at)) for at in ("stops", "starts"))
    assert moments.index(start) == moments.index(stop) + 1
    assert [record.at_ms for record in start.records] == [start.at_ms]


@pytest.mark.parametrize(
    "command",
    [
        "journeys publish abandoned-cart",
        "journeys publish abandoned-cart.yaml --shdow",
        "journeys pause abandoned-cart --beacuse late",
        "journeys backtest abandoned-cart.yaml --against yesterday",
        "journeys bless abandoned-cart",
        "stop worker",
    ],
)
def test_a_command_that_is_mistyped_is_an_error(command: str) -> None:
    """No story passes because half of a command was passed over."""
    with pytest.raises(CatalogError, match="is no command that stories know"):
        parse(f'S1 "x"\nworld ana\nD0 10:00 do {command}\n', str(CASE))
