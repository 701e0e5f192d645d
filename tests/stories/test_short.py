"""Examples of journeys: the short form of a story, and what it shows of the journey."""

from pathlib import Path

import pytest

from adaptive_stream.catalog import load_catalog
from adaptive_stream.catalog.examples import Example
from adaptive_stream.catalog.faults import CatalogError
from adaptive_stream.catalog.journeys import JourneyFile
from adaptive_stream.catalog.rules import RuleFiles, read_rules
from adaptive_stream.stories import examples
from adaptive_stream.stories.examples import ExampleResult, run_examples
from adaptive_stream.stories.short import read_example
from adaptive_stream.stories.story import Story

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def files() -> RuleFiles:
    rules_dir = ROOT / "adaptive_stream" / "rules"
    return read_rules(rules_dir, load_catalog(ROOT / "topics", rules_dir).channels)


def read(story: str, expect: str) -> Story:
    return read_example("journeys/j.yaml", "it", "abandoned-cart", (story, 11), (expect, 21))


def run(files: RuleFiles, story: str, expect: str) -> ExampleResult:
    journey = next(file for file in files.journeys if file.journey.name == "abandoned-cart")
    example = Example("it", story, expect, 9, 10, 20)
    (result,) = run_examples(JourneyFile(journey.file, journey.journey, (example,)), files.rules)
    return result


def test_a_short_row_is_a_row_of_a_full_story() -> None:
    """Who, cart, order, store and price are filled in; what is written counts more."""
    story = read(
        "10:00 web cart.item_added boots-41\n"
        "\n"
        "10:41 store order.completed boots-41, socks-2*2 loyalty:L-7\n"
        "D1 09:00 store order.refunded boots-41@79.00 @D0T20:00\n"
        "D2 09:00 web order.placed order=W-9\n",
        "11:00 email due remind",
    )

    cart, bought, _, refunded, placed = story.rows
    assert (cart.line, cart.identifiers, dict(cart.fields)) == (
        11, ("cookie:ck-a",), {"cart": "cart-1"}
    )  # fmt: skip
    assert [(item.sku, item.quantity, item.price) for item in bought.items] == [
        ("boots-41", "1", "89.00"),
        ("socks-2", "2", "9.00"),
    ]
    assert (bought.line, bought.identifiers) == (13, ("loyalty:L-7",))
    assert dict(bought.fields) == {"order": "R-1", "store": "leeds-2"}
    assert refunded.items[0].price == "79.00"
    assert refunded.fields["order"] == "R-1"
    assert placed.fields["order"] == "W-9"


def test_a_purchase_is_a_new_order_and_what_follows_speaks_of_it() -> None:
    """Two purchases are two orders; a payment, a delivery or a refund is about the last one."""
    story = read(
        "10:00 web order.completed boots-41\n10:01 web order.placed socks-2\n"
        "10:02 web order.completed socks-2\n10:03 web order.completed belt-7\n"
        "10:04 web order.cancelled\n",
        "11:00 not email due remind",
    )

    assert [row.fields["order"] for row in story.rows[:5]] == ["R-1", "R-2", "R-2", "R-3", "R-3"]


@pytest.mark.parametrize(
    ("story", "expect", "says"),
    [
        (
            "web cart.item_added",
            "11:00 email due remind",
            "11: does not begin with a time (D0 web)",
        ),
        ("10:00 web", "11:00 email due remind", "11: ends too early (10:00 web)"),
        ("10:00 shop order.completed", "11:00 email due remind", "11: is no channel (shop)"),
        ("10:00 web cart.filled", "11:00 email due remind", "11: is no fact (cart.filled)"),
        (
            "10:00 web cart.item_added boats",
            "11:00 email due remind",
            "11: is nothing that the cat",
        ),
        (
            "10:00 web cart.emptied",
            "11:00 email sends remind",
            "21: is nothing that can come of an",
        ),
        (
            "10:00 web cart.emptied",
            "11:00 mail due remind",
            "21: is no channel on which she can be",
        ),
        (
            "10:00 web cart.emptied",
            "11:00 email due",
            "21: does not say which step is due (11:00 em",
        ),
        ("10:00 web cart.emptied", "11:00 offer", "21: ends too early (11:00 offer)"),
        (
            "10:00 web cart.emptied",
            "11:00 offer care-kit free",
            "21: is more than an offer can say",
        ),
        ("10:00 web cart.emptied", "11:00 email hold until soon", "21: is no time (soon)"),
        ("10:00 web cart.emptied", "11:00 email hold because", "21: ends too early (because)"),
        (
            "11:00 web cart.emptied\n10:00 web cart.emptied",
            "12:00 offer care-kit",
            "12: is earlier",
        ),
    ],
)
def test_a_short_row_that_is_not_understood_is_an_error(story: str, expect: str, says: str) -> None:
    """An example with a typing mistake is told its line in the journey's file."""
    with pytest.raises(CatalogError) as caught:
        read(story, expect)

    assert str(caught.value).startswith(f"journeys/j.yaml:{says}")


def test_an_example_passes_and_shows_what_it_needs(files: RuleFiles) -> None:
    """What she bought stops the mail, and the example shows `bought_these_items` by needing it."""
    result = run(
        files,
        "10:00 web cart.item_added boots-41\n10:41 store order.completed boots-41",
        "10:41 email suppress remind, discount because bought_these_items\n10:41 offer care-kit",
    )

    assert (result.passed, result.why) == (True, "")
    assert result.conditions_shown == {"cart_abandoned", "bought_these_items"}


def test_an_example_that_is_wrong_fails_with_a_reason(files: RuleFiles) -> None:
    """A manager who expects a hold where the journey stops reads what came instead."""
    result = run(
        files,
        "10:00 web cart.item_added boots-41\n10:41 store order.completed boots-41",
        "10:41 email hold remind because just_bought",
    )

    assert not result.passed
    assert "abandoned-cart.yaml:21: did not come" in result.why
    assert "it is suppress, not hold" in result.why
    assert result.conditions_shown == frozenset()


def test_an_example_that_cannot_be_read_fails_with_a_reason(files: RuleFiles) -> None:
    """It is not skipped: an example is a promise."""
    result = run(files, "10:00 web cart.filled boots-41", "11:00 email due remind")

    assert not result.passed
    assert "is no fact (cart.filled)" in result.why


def test_every_shipped_journey_is_shown_whole(files: RuleFiles) -> None:
    """All shipped examples pass, and no condition of a shipped journey is without an example."""
    for file in files.journeys:
        results = run_examples(file, files.rules)

        assert [(result.name, result.why) for result in results if not result.passed] == []
        shown = frozenset().union(*(result.conditions_shown for result in results))
        assert set(examples.conditions(file.journey)) <= shown


def test_what_comes_at_a_time_that_nobody_can_say_came_once(files: RuleFiles) -> None:
    """`once` is for what a price brings: it is seen within the hour, nobody knows when."""
    story = "10:00 web cart.item_added boots-41"
    assert run(files, story, "12:00 once email due remind").passed
    early = run(files, story, "10:59 once email due remind")
    assert "are 0, not 1" in early.why


def test_a_standing_rule_speaks_of_messages_and_purposes() -> None:
    """Its examples name a message by its id, or a purpose; no journey is in force."""
    told = ("10:00 email message.scheduled about=boots-41", 1)
    row = "10:41 email suppress m-1 because about_bought_items"
    story = read_example("policy/standing.yaml", "it", "", told, (row, 3))
    (wanted,) = (one for one in story.rows if one.verb == "out")
    assert wanted.fields == {
        "scope": "message",
        "message": "m-1",
        "because": "about_bought_items",
    }
    assert story.load == ()
    row = "10:41 email hold marketing"
    story = read_example("policy/standing.yaml", "it", "", told, (row, 3))
    assert story.rows[-1].fields == {"scope": "purpose", "purpose": "marketing"}


def test_what_is_said_of_an_item_is_said_of_nobody() -> None:
    """A price has no customer: the row names the item alone."""
    story = read("10:00 backoffice product.price_changed boots-41 price=79.00", "11:00 offer x")
    (told,) = (row for row in story.rows if row.verb == "in")
    assert (told.identifiers, told.fields["sku"]) == ((), "boots-41")
