"""Who exists before D0 is told on the channels, like everything else."""

import json

import pytest

from adaptive_stream.catalog.faults import CatalogError
from adaptive_stream.stories import grammar
from adaptive_stream.stories.records import Written, written
from adaptive_stream.stories.world import world


def told(line: str) -> list[Written]:
    """What is told of people; the catalogue is the same for all."""
    records = world(grammar.parse(f'S01 "A story"\n{line}\nD0 10:00 not state', "S01.story"))
    return [record for record in records if b'"product.described"' not in record.value]


def test_ana_is_one_customer_who_agreed() -> None:
    """One link names all that Ana has; then her profile and a consent for each channel of hers."""
    facts = [json.loads(record.value) for record in told("world ana")]

    assert [fact["type"] for fact in facts[:2]] == ["identity.linked", "profile.changed"]
    assert set(facts[0]["identifiers"]) == {
        "email", "braze", "loyalty", "cookie", "device", "phone"
    }  # fmt: skip
    agreed = {fact["data"]["channel"]: fact["identifiers"] for fact in facts[2:]}
    assert agreed["push"] == {"device": "ph-a"}
    assert agreed["sms"] == {"phone": "+447700900123"}
    assert set(agreed) == {"email", "push", "sms", "directmail", "ads"}


def test_a_split_ana_has_a_card_that_nobody_linked() -> None:
    """In `ana split` no fact names the loyalty card together with anything else."""
    facts = [json.loads(record.value) for record in told("world ana split")]

    cards = [fact["identifiers"] for fact in facts if "loyalty" in fact["identifiers"]]
    assert cards == [{"loyalty": "L-204"}]


def test_a_world_is_told_before_the_story() -> None:
    """Whatever sets up a world lies before D0 00:00, links first."""
    story = grammar.parse(
        'S01 "A story"\nworld ana ben; contract K-5\nD0 10:00 not state', "S01.story"
    )

    records = world(story)

    assert all(record.at_ms < story.calendar.start_ms for record in records)
    assert b"identity.linked" in records[0].value
    assert b"identity.linked" in records[1].value
    assert b'"contract":"K-5"' in records[-1].value


def test_brackets_change_a_person() -> None:
    """`ana(region=wales)` is Ana in Wales, everything else as it was."""
    facts = [json.loads(record.value) for record in told("world ana(region=wales)")]

    assert facts[1]["data"] == {
        "zone": "Europe/London", "region": "wales", "home_store": "leeds-2"
    }  # fmt: skip


def test_whom_a_story_describes_is_one_customer() -> None:
    """All names of a described person are hers, and she shops where she works."""
    line = "world eve: email:eve@example.com loyalty:L-999, works at leeds-2"

    facts = [json.loads(record.value) for record in told(line)]

    assert facts[0]["type"] == "identity.linked"
    assert facts[0]["identifiers"] == {"email": "eve@example.com", "loyalty": "L-999"}
    assert facts[1]["data"] == {"home_store": "leeds-2"}


def test_somebody_may_be_known_by_one_name_alone() -> None:
    """`Ben known only by` a card: it exists, and nothing links it to his address."""
    facts = [
        json.loads(record.value)
        for record in told("world ana; Ben known only by loyalty:L-310")
        if b"L-310" in record.value
    ]

    assert [fact["identifiers"] for fact in facts] == [{"loyalty": "L-310"}]


def test_what_is_nobodys_yet_is_told_by_nothing() -> None:
    """A device that belongs to nobody yet is a word for the reader; no fact names it."""
    facts = told("world ana ben; device:tab-1 belongs to nobody yet")

    assert not any(b"tab-1" in record.value for record in facts)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("world zoe", "S01.story:2: is nobody that is known yet (zoe)"),
        ("world ana(size=41)", "S01.story:2: is nothing about a person that is known yet (size)"),
        (
            "world eve: loyalty:L-9, sings",
            "S01.story:2: is nothing about a person that is known yet (sings)",
        ),
        ("world cat split", "S01.story:2: has nothing to be split (cat)"),
        (
            "world ana; source leeds-2 reports by nightly file",
            "S01.story:2: is not known yet (",
        ),
        ("world none; contract K-5", "S01.story:2: belongs to nobody: the world has no people"),
    ],
)
def test_a_world_that_is_not_known_is_an_error(line: str, says: str) -> None:
    """No story passes because half of its world is missing."""
    with pytest.raises(CatalogError) as caught:
        told(line)

    assert str(caught.value).startswith(says)


def test_a_broken_price_stays_broken() -> None:
    """A till that writes nonsense is played as it is: the engine must cope, not the runner."""
    story = grammar.parse(
        'S01 "A story"\nworld none\n'
        "D0 10:00 in store order.completed loyalty:L-1 item=boots-41*1@eighty-nine gift=true\n"
        'D0 10:01 in store raw bytes="{not json"\n',
        "S01.story",
    )

    fact = json.loads(written(story.rows[0]).value)
    assert fact["data"]["items"] == [{"sku": "boots-41", "quantity": 1, "price": "eighty-nine"}]
    assert fact["data"]["gift"] is True
    assert "id" not in fact
    assert written(story.rows[1]).value == b"{not json"
