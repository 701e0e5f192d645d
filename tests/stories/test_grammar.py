"""A story that is not understood whole is not played, and says why, line by line."""

from pathlib import Path

import pytest

from adaptive_stream.catalog.faults import CatalogError
from adaptive_stream.stories import grammar, rows
from adaptive_stream.stories.calendar import Calendar, Moment
from adaptive_stream.stories.story import Item

CASES = sorted((Path(__file__).parents[1] / "cases").glob("*.story"))
HEAD = 'S01 "A story" [A1] part=1\nworld ana\n'


def faults(text: str) -> list[str]:
    with pytest.raises(CatalogError) as caught:
        grammar.parse(text, "S01.story")
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_case_is_read_whole(path: Path) -> None:
    """Every line of every story file is understood, and the file is named after its story."""
    story = grammar.load(path)

    told = [
        line
        for line in path.read_text().partition("\nwhy:")[0].split("\n")
        if line.startswith("D") and line[1].isdigit()
    ]
    read = dict.fromkeys((row.line, row.text) for row in story.rows)  # `times=` makes many of one
    assert [text for _, text in read] == [" ".join(line.split()) for line in told]
    assert story.sid == path.stem
    assert story.part in (1, 2, 4, 5)


def test_a_row_says_who_what_and_when() -> None:
    """A purchase is read with its person, items, price, moment and everything else it tells."""
    line = (
        "D0 10:50 in store order.completed loyalty:L-204 id=pos-1 order=R-77 value=89.00 "
        "item=boots-41*1@89.00 item=socks-2*2@9.00,belt-7 @D0T10:41"
    )

    (row,) = rows.read_rows(line, 3, Calendar())

    assert (row.verb, row.subject, row.action) == ("in", "store", "order.completed")
    assert row.identifiers == ("loyalty:L-204",)
    assert dict(row.fields) == {"id": "pos-1", "order": "R-77", "value": "89.00"}
    assert row.items == (
        Item("boots-41", "1", "89.00"),
        Item("socks-2", "2", "9.00"),
        Item("belt-7"),
    )
    assert row.at_ms - (row.happened_ms or 0) == 9 * 60_000


def test_a_repeated_row_is_numbered() -> None:
    """`times=3` with `{1..3}` is three rows with three numbers."""
    found = rows.read_rows(
        "D0 10:00 in web product.viewed cookie:b item=jacket-{1..3} times=3", 3, Calendar()
    )

    assert [row.items[0].sku for row in found] == ["jacket-1", "jacket-2", "jacket-3"]


def test_a_story_counts_days_on_its_own_clocks() -> None:
    """`D1 08:00` in Madrid after the clocks went back is seven o'clock UTC, as `until_utc` says."""
    story = grammar.parse(
        'S29 "The clocks go back"\ndate 2025-10-25 Europe/Madrid\nworld none\n'
        "D1 08:00 see count topic=state value=0 since=2025-10-26T07:00Z\n",
        "S29.story",
    )

    (row,) = story.rows
    assert row.fields["since"] == Moment(row.at_ms, "2025-10-26T07:00Z")
    assert story.calendar.text(row.at_ms) == "D1T08:00"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("10:00 in web cart.item_added", "does not begin with a time (10:00 in)"),
        ("D0 25:00 in web cart.item_added", "does not begin with a time (D0 25:00)"),
        ("D0 10:00 hears web cart.item_added", "has no such verb (hears)"),
        ("D0 10:00 in shop cart.item_added", "is no channel (shop)"),
        ("D0 10:00 in web cart.item_aded", "is no fact (cart.item_aded)"),
        ("D0 10:00 in web cart.item_added kart=1", "is nothing that a fact says (kart)"),
        ("D0 10:00 in web cart.item_added cart=1 cart=2", "says `cart=` twice (cart=2)"),
        ("D0 10:00 in web cart.item_added boots", "is nothing that a row can say (boots)"),
        ("D0 10:00 in web cart.item_added @tomorrow", "is no time (@tomorrow)"),
        ("D0 10:00 in web cart.item_added item=*2", "is no item (*2)"),
        (
            "D0 10:00 out suppression.email hold",
            "is no topic that stories speak of (suppr",
        ),
        ("D0 10:00 out suppressions.email", "does not say what comes (suppressions.email)"),
        ("D0 10:00 out suppressions.email stop", "never comes on suppressions.email (stop)"),
        (
            "D0 10:00 not suppressions.email hold jurney=x",
            "is nothing that suppressions",
        ),
        ("D0 10:00 out state cart.bougth", "never comes on state (cart.bougth)"),
        ("D0 10:00 out opportunities offer until=D1T26:00", "is no time (D1T26:00)"),
        ("D0 10:00 see custommer email:ana@example.com a=1", "is no query (custommer)"),
        ("D0 10:00 see customer email:ana@example.com", "does not say who and what (D0 10:00 see"),
        (
            "D0 10:00 see count topic=state",
            "does not say how many (D0 10:00 see count",
        ),
        ("D0 10:00 see count topic=nothing value=1", "is no topic to count in (nothing)"),
        ("D0 10:00 in web raw", "does not say what is written (D0 10:00 in web raw)"),
        ("D0 10:00 ask email remind email:a@b.com", "is no journey/instance#step (remind)"),
        ("D0 10:00 ans allow", "answers nothing (D0 10:00 ans allow)"),
        ("D0 10:00 do sing", "is no command (sing)"),
        ("D0 10:00 see metric stale{x} value=1", "names no metric (D0 10:00 see metric"),
        ("D0 10:00 do customer merge email:a@b.com", "does not say who and who (D0 10:00 do"),
        ("D0 10:00 do customer unmerge email:a@b.com loyalty:1 why", "does not say who and who"),
        ('D0 10:00 see why contains="open', "has a quotation mark that is not closed (D0 10:00 se"),
        (
            "D0 10:00 in web order.completed order=Q-{1..3}",
            "is numbered but not repeated (",
        ),
        (
            "D0 10:00 in web order.completed order={1..3} times=2",
            "does not repeat as often",
        ),
    ],
)
def test_a_line_that_is_not_understood_is_an_error(line: str, says: str) -> None:
    """No typing mistake is ignored: the line is named, the piece quoted, a remedy given."""
    (fault,) = faults(HEAD + line)

    assert fault.startswith(f"S01.story:3: {says}")
    assert "\n  hint: " in fault


def test_somebody_is_described() -> None:
    """A world may say who somebody is, when nobody that is known will do."""
    story = grammar.parse(
        'S01 "A story"\nworld eve: loyalty:L-9 email:eve@example.com, works at leeds-2\n'
        "D0 10:00 not state",
        "S01.story",
    )

    (eve,) = story.people
    assert eve.name == "eve"
    assert eve.identifiers == ("loyalty:L-9", "email:eve@example.com")
    assert eve.says == ("works at leeds-2",)


def test_a_command_that_writes_a_fact_names_two() -> None:
    """What parts two identifiers, or makes them one, is a row with both and a reason."""
    (row,) = rows.read_rows(
        'D0 10:50 do customer unmerge email:a@b.com loyalty:L-1 --because "a wrong card"',
        3,
        Calendar(),
    )

    assert (row.action, row.identifiers) == ("customer.unmerge", ("email:a@b.com", "loyalty:L-1"))
    assert row.fields == {"reason": "a wrong card"}


def test_a_likely_meaning_is_suggested() -> None:
    """Who writes `cart.item_aded` is asked whether `cart.item_added` was meant."""
    (fault,) = faults(HEAD + "D0 10:00 in web cart.item_aded cookie:c")

    assert fault == (
        "S01.story:3: is no fact (cart.item_aded)\n  hint: did you mean 'cart.item_added'?"
    )


def test_all_faults_are_told_at_once() -> None:
    """A story with faults everywhere is put right in one go."""
    found = faults(
        "A story\nworld eve: eve@example.com\nload a\nload b\ndate someday\n"
        "D1 10:00 in web cart.emptied cookie:c\nD0 10:00 in web cart.emptied cookie:c\n"
    )

    assert [fault.partition(" (")[0] for fault in found] == [
        "S01.story:1: does not begin with its title",
        "S01.story:2: describes nobody",
        "S01.story:4: says `load` twice",
        "S01.story:5: is no date with a zone",
        "S01.story:7: is earlier than line 6",
    ]


def test_an_empty_file_is_no_story() -> None:
    """A file with nothing in it says so, and does not pass."""
    says = [fault.partition("\n")[0] for fault in faults("# nothing\n")]

    assert says == [
        "S01.story: does not say whose story it is",
        "S01.story: is empty",
        "S01.story: tells nothing",
    ]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A wrong path is an error about the path."""
    with pytest.raises(CatalogError, match=r"S99.story: cannot be read: No such file"):
        grammar.load(tmp_path / "S99.story")
