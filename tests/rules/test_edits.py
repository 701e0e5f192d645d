"""What publishing, pausing and rolling back make of the rules in force, and of runs under way."""

from collections.abc import Callable

import msgspec
import pytest

from adaptive_stream.catalog.bundle import bundle_of, decode_bundle, encode_bundle
from adaptive_stream.catalog.edits import (
    EARLIER_MAX,
    Edited,
    EditError,
    pause,
    publish,
    publish_shadow,
    resume,
    roll_back,
)
from adaptive_stream.catalog.faults import CatalogError
from adaptive_stream.catalog.published import compiled, steps_version
from adaptive_stream.catalog.rules import read_dir
from adaptive_stream.engine.journey import SEMANTICS, SHADOW, Rules
from tests.rules.rule_files import CHANNELS, SHIPPED, shipped

PATH = "journeys/abandoned-cart.yaml"
DAY_MS = 86_400_000
T0 = 1_772_532_000_000
FILES = read_dir(SHIPPED, [])
FIRST = Edited(*bundle_of(FILES, CHANNELS))


def changed(old: str, new: str, path: str = PATH) -> bytes:
    text = FILES[path].decode()
    assert old in text
    return text.replace(old, new, 1).encode()


OTHER_WAIT = changed("wait: 3d", "wait: 4d")
OTHER_STOP = changed("stop_when: [", "stop_when: [bought_anything, ")


def rules(edited: Edited) -> Rules:
    return compiled(edited.bundle, edited.contents)


def published(content: bytes, now: Edited = FIRST, at_ms: int = T0) -> Edited:
    return publish(now, {PATH: content}, CHANNELS, at_ms)


def test_files_and_a_bundle_of_them_are_the_same_rules() -> None:
    """Who checks a directory reads the name that decisions will carry once it is published."""
    assert rules(FIRST).id == shipped().rules.id


def test_a_bundle_survives_the_log_byte_for_byte() -> None:
    """A worker on another machine compiles what was published, under the same name."""
    bundle = pause(published(OTHER_WAIT), "abandoned-cart", T0).bundle
    assert decode_bundle(encode_bundle(bundle)).id == bundle.id


def test_a_stop_rule_bites_for_all_and_leaves_the_steps() -> None:
    """A change of what stops a journey is no other version of its steps."""
    before, after = rules(FIRST), rules(published(OTHER_STOP))
    name = "abandoned-cart"
    assert after.by_name[name].version == before.by_name[name].version
    assert len(after.by_name[name].stop_when) == len(before.by_name[name].stop_when) + 1
    assert not after.earlier


def test_runs_keep_the_steps_that_they_entered_with() -> None:
    """Nobody gets a second reminder, or jumps one, because somebody moved a wait."""
    before, after = rules(FIRST), rules(published(OTHER_WAIT))
    name = "abandoned-cart"
    version = before.by_name[name].version
    then = after.of_run(name, version)
    assert then is not None
    assert steps_version(then) == version
    assert after.of_run(name, after.by_name[name].version) is after.by_name[name]
    assert [step.wait for step in then.steps] == [s.wait for s in before.by_name[name].steps]
    assert steps_version(after.by_name[name]) != version


def test_earlier_steps_go_by_the_stop_rules_of_today() -> None:
    """A run that entered before both changes stops by the newest rule."""
    after = rules(published(OTHER_STOP.replace(b"wait: 3d", b"wait: 4d")))
    (then,) = after.earlier.values()
    assert then.stop_when == after.by_name["abandoned-cart"].stop_when


def test_migrate_moves_runs_to_the_new_steps() -> None:
    """A file that says so takes everybody along."""
    content = OTHER_WAIT + b"migrate: true\n"
    assert not rules(published(content)).earlier


def test_earlier_steps_are_forgotten_when_no_run_can_have_them() -> None:
    """A journey that is edited for years does not grow."""
    edited = FIRST
    for number in range(EARLIER_MAX + 5):
        edited = published(changed("wait: 3d", f"wait: {number + 73}h"), edited, T0 + number)
    assert len(edited.bundle.earlier["abandoned-cart"]) == EARLIER_MAX
    later = published(changed("wait: 3d", "wait: 30h"), edited, T0 + 40 * DAY_MS)
    assert len(later.bundle.earlier["abandoned-cart"]) == 1
    assert set(later.bundle.contents) == set(later.contents)


def test_a_way_back_keeps_no_copy_of_the_steps() -> None:
    """Steps that are in force again need no record of how they were."""
    back = roll_back(published(OTHER_WAIT), FIRST, "abandoned-cart", CHANNELS, T0 + 1)
    version = steps_version(rules(FIRST).by_name["abandoned-cart"])
    assert rules(back).by_name["abandoned-cart"].version == version
    assert [one.version for one in back.bundle.earlier["abandoned-cart"]] != [version]


def test_a_new_journey_starts_for_nobody_of_long_ago() -> None:
    """Publishing a file sends no mail about the carts of last month."""
    content = FILES[PATH].replace(b"journey: abandoned-cart", b"journey: second-look", 1)
    edited = publish(FIRST, {"journeys/second-look.yaml": content}, CHANNELS, T0)
    assert rules(edited).by_name["second-look"].since_ms == T0
    assert rules(edited).by_name["abandoned-cart"].since_ms == 0
    wider = changed("not_older_than: 1h", "not_older_than: 2h")
    assert rules(published(wider)).by_name["abandoned-cart"].since_ms == T0


def test_a_pause_survives_a_publication_and_a_way_back() -> None:
    """Nobody's edit lets loose what somebody else has stopped."""
    paused = pause(FIRST, "abandoned-cart", T0)
    for edited in (
        published(OTHER_WAIT, paused),
        roll_back(published(OTHER_WAIT, paused), FIRST, None, CHANNELS, T0 + 2),
    ):
        assert rules(edited).by_name["abandoned-cart"].paused
    ended = resume(paused, "abandoned-cart", T0 + 5)
    journey = rules(ended).by_name["abandoned-cart"]
    assert not journey.paused
    assert (journey.moved(T0 - 1), journey.moved(T0 + 1), journey.moved(T0 + 9)) == (
        T0 - 1,
        T0 + 5,
        T0 + 9,
    )


@pytest.mark.parametrize(
    "edit",
    [
        lambda: pause(FIRST, "abandoned-crat", T0),
        lambda: resume(FIRST, "abandoned-cart", T0),
        lambda: pause(pause(FIRST, "abandoned-cart", T0), "abandoned-cart", T0),
        lambda: roll_back(FIRST, FIRST, None, CHANNELS, T0),
    ],
)
def test_an_edit_that_makes_no_sense_is_refused(edit: Callable[[], Edited]) -> None:
    """A mistyped name, a second pause and a way back to what is so change nothing."""
    with pytest.raises(EditError):
        edit()


def test_a_wrong_file_is_refused_with_every_fault() -> None:
    """What does not check is not published."""
    with pytest.raises(CatalogError, match="say"):
        published(changed("says:", "say:"))


def test_a_shadow_runs_beside_under_a_name_of_its_own() -> None:
    """The journey in force is untouched until the file is published without --shadow."""
    edited = publish_shadow(FIRST, "abandoned-cart", OTHER_WAIT, T0)
    both = rules(edited).by_name
    assert both["abandoned-cart" + SHADOW].shadow
    assert not both["abandoned-cart"].shadow
    assert both["abandoned-cart" + SHADOW].steps != both["abandoned-cart"].steps
    assert "abandoned-cart" + SHADOW not in rules(published(OTHER_WAIT, edited)).by_name
    ended = roll_back(edited, FIRST, "abandoned-cart", CHANNELS, T0)
    assert ended.bundle == FIRST.bundle


def test_a_journey_that_is_rolled_back_to_nothing_is_withdrawn() -> None:
    """Its senders are told to stop; its name may come back."""
    content = FILES[PATH].replace(b"journey: abandoned-cart", b"journey: second-look", 1)
    path = "journeys/second-look.yaml"
    edited = publish(FIRST, {path: content}, CHANNELS, T0)
    gone = roll_back(edited, FIRST, "second-look", CHANNELS, T0 + 1)
    assert rules(gone).withdrawn == {"second-look": frozenset({"email", "push"})}
    again = publish(gone, {path: content}, CHANNELS, T0 + 2)
    assert not rules(again).withdrawn


def test_rules_for_another_engine_or_newer_time_zones_are_foreign() -> None:
    """A worker goes by older time zones, which no partition in doubt depends on, by nothing that
    it does not know."""
    bundle = FIRST.bundle
    assert bundle.foreign == ""
    assert msgspec.structs.replace(bundle, tzdata="2001a").foreign == ""
    newer = msgspec.structs.replace(bundle, tzdata="2999a")
    assert newer.foreign == "was published for time zones 2999a"
    assert newer.id != bundle.id
    other = msgspec.structs.replace(bundle, semantics=SEMANTICS + 1)
    assert other.foreign == f"was published for engine {SEMANTICS + 1}"
