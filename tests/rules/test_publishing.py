"""Rules come into force through rules.v1: whoever publishes, whoever dies, whoever reads it."""

from collections.abc import Callable

import pytest

from adaptive_stream.catalog.bundle import bundle_of
from adaptive_stream.catalog.edits import Edited, pause, resume
from adaptive_stream.catalog.publishing import Append, first, publishing
from adaptive_stream.catalog.rules import read_dir
from adaptive_stream.catalog.shelf import ACTIVE, PAST_MIN, Shelf
from tests.rules.log import RulesLog
from tests.rules.rule_files import CHANNELS, SHIPPED

FIRST = Edited(*bundle_of(read_dir(SHIPPED, []), CHANNELS))
DAY_MS = 86_400_000


def current(shelf: Shelf) -> Edited:
    edited = shelf.current
    assert edited is not None
    return edited


def pausing(name: str) -> Callable[[Shelf, int], Edited]:
    return lambda shelf, at_ms: pause(current(shelf), name, at_ms)


def log_with_first() -> RulesLog:
    log = RulesLog()
    log.run(publishing(first(FIRST), "start"))
    return log


def test_the_files_of_the_first_worker_are_published() -> None:
    """A new deployment runs by its files, and says so in the log."""
    log = log_with_first()
    shelf = log.shelf()
    assert shelf.switch is not None
    assert shelf.switch.id == FIRST.bundle.id
    assert [one.id for one in log.told] == [FIRST.bundle.id]
    assert shelf.edited(FIRST.bundle.id) == FIRST


def test_a_second_worker_changes_nothing() -> None:
    """What is in force stays so, whatever files another worker starts with."""
    log = log_with_first()
    before = [record for record in log.records if record[0] == ACTIVE]
    other = Edited(*bundle_of(read_dir(SHIPPED, []) | {"journeys/x.yaml": b""}, CHANNELS))
    assert not log.run(publishing(first(other), "start")).changed
    assert [record for record in log.records if record[0] == ACTIVE] == before


def test_of_two_who_publish_at_once_neither_undoes_the_other() -> None:
    """Two people press the button in the same moment, and both changes are in force."""
    log = log_with_first()
    slow = publishing(pausing("abandoned-cart"), "pause abandoned-cart")
    effect, result = next(slow), None
    while not (isinstance(effect, Append) and effect.key == ACTIVE):
        result = log.perform(effect)
        effect = slow.send(result)
    log.run(publishing(pausing("win-back"), "pause win-back"))
    assert log.run(slow, log.perform(effect)).changed
    paused = current(log.shelf()).bundle.pauses
    assert set(paused) == {"abandoned-cart", "win-back"}
    revs = [switch.rev for switch in log.told]
    assert revs == sorted(set(revs))
    assert len(revs) == 3


@pytest.mark.parametrize("dies_after", range(7))
def test_who_dies_amid_publishing_leaves_the_old_rules_or_the_new(dies_after: int) -> None:
    """Nothing half published is ever active, and the next command works."""
    log = log_with_first()
    work = publishing(pausing("abandoned-cart"), "pause abandoned-cart")
    result = None
    for _ in range(dies_after):
        try:
            result = log.perform(work.send(result))
        except StopIteration:
            break
    for shelf in (log.shelf(), log.compact()):
        bundle = current(shelf).bundle
        assert bundle == FIRST.bundle or "abandoned-cart" in bundle.pauses
    log.run(publishing(pausing("win-back"), "pause win-back"))
    assert "win-back" in current(log.shelf()).bundle.pauses
    assert log.told[-1] == log.shelf().switch


def test_what_a_log_may_name_can_be_loaded_for_ever() -> None:
    """Twenty ways back at least, and as many as a log of 28 days names; after the cleaner too."""
    log = log_with_first()
    for number in range(PAST_MIN + 10):
        edit = (pause, resume)[number % 2]
        log.now_ms += 10 * DAY_MS

        def edits(shelf: Shelf, at_ms: int, edit: Callable = edit) -> Edited:
            return edit(current(shelf), "abandoned-cart", at_ms)

        log.run(publishing(edits, "edit"))
    for shelf in (log.shelf(), log.compact()):
        assert shelf.active is not None
        assert len(shelf.active.past) == PAST_MIN
        assert all(shelf.edited(one.id) for one in shelf.active.past)
        assert shelf.edited(FIRST.bundle.id) == FIRST
