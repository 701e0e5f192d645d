"""When a story writes and when its clock ticks; whose a record is when stories share a cluster."""

import json

from adaptive_stream.stories import grammar
from adaptive_stream.stories.names import Names
from adaptive_stream.stories.output import Output
from adaptive_stream.stories.story import Story
from adaptive_stream.stories.timeline import Moment, merged, minutes, timeline

MINUTE_MS = 60_000


def story(*rows: str) -> Story:
    return grammar.parse('S01 "A story"\nworld ben\n' + "\n".join(rows), "S01.story")


def test_the_clock_stands_at_every_row() -> None:
    """A row that only looks is a time too; what comes in at one time is in front of its tick."""
    told = story(
        "D0 10:41:07 in web cart.emptied email:ben@example.com",
        "D0 10:41:07 in store store.visited loyalty:L-310",
        "D0 11:00 not state cart.emptied",
    )

    moments = timeline(told)

    start_ms = told.calendar.start_ms
    assert [moment.ticks for moment in moments] == [False, False, True, True, True]
    assert moments[2] == Moment(start_ms, (), ticks=True)
    assert [record.channel for record in moments[3].records] == ["web", "store"]
    assert moments[4] == Moment(start_ms + 11 * 60 * MINUTE_MS, (), ticks=True)


def test_the_minutes_between_two_rows() -> None:
    """Whole minutes, neither the one that has been nor the one that comes with the row."""
    assert list(minutes(60_000, 240_000)) == [120_000, 180_000]
    assert list(minutes(67_000, 125_000)) == [120_000]
    assert list(minutes(60_000, 61_000)) == []


def test_stories_that_are_played_together_share_a_clock() -> None:
    """All that any of them writes, ticks wherever one of them has one."""
    one = Moment(1, (), ticks=True)
    two = Moment(1, (), ticks=False)

    assert merged([[one, Moment(5, (), ticks=False)], [two]]) == [
        one,
        Moment(5, (), ticks=False),
    ]


def test_a_story_has_people_of_its_own() -> None:
    """Under another address and card nobody meets the Ben of another story."""
    told = story("D0 10:00 in web cart.emptied email:ben@example.com loyalty:L-310")
    names = Names(told, 7)

    (record,) = timeline(told)[-1].records

    assert json.loads(names.value(record.value))["identifiers"] == {
        "email": "ben07@example.com",
        "loyalty": "L-31007",
    }
    assert names.value(b"{not json") == b"{not json"


def test_a_story_sees_its_own_people_under_their_names() -> None:
    """Of all that came out only what is about its people, as if it had been alone."""
    names = Names(story("D0 10:00 in web cart.emptied email:ben@example.com"), 7)

    def ben(number: int) -> list[object]:
        return [{"type": "email", "value": f"ben{number:02d}@example.com"}]

    outputs = [
        Output("customer-state", 1, "c-7", {"identifiers": ben(7)}),
        Output("customer-state", 1, "c-8", {"identifiers": ben(8)}),
        Output("suppressions.email", 2, "c-8", {"recipients": ben(8)}),
        Output("suppressions.email", 2, "c-7", {"recipients": ben(7), "steps": ["remind"]}),
        Output("customer-state", 3, "c-7", {"endpoint": "email:ben07@example.com"}),
    ]

    assert [(one.key, one.value) for one in names.mine(outputs)] == [
        ("c-7", {"identifiers": [{"type": "email", "value": "ben@example.com"}]}),
        (
            "c-7",
            {
                "recipients": [{"type": "email", "value": "ben@example.com"}],
                "steps": ["remind"],
            },
        ),
        ("c-7", {"endpoint": "email:ben@example.com"}),
    ]
