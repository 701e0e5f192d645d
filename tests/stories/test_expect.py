"""A story that tells something else than what came out fails, whatever it has wrong."""

import json

import pytest

from adaptive_stream.stories import grammar, report
from adaptive_stream.stories.calendar import Calendar, iso
from adaptive_stream.stories.expect import judge
from adaptive_stream.stories.output import Output
from adaptive_stream.stories.story import Story
from adaptive_stream.stories.verdict import FAILED, PASSED, PENDING, Verdict

CALENDAR = Calendar()


def ms(text: str) -> int:
    moment = CALENDAR.moment(text)
    assert moment is not None
    return moment.at_ms


def came(topic: str, at: str, **value: object) -> Output:
    return Output(topic, ms(at), "c-1", {"customer": "c-1", "known_time": iso(ms(at)), **value})


def suppression(at: str, action: str = "suppress", **value: object) -> Output:
    told = {
        "action": action,
        "journey": "abandoned-cart",
        "instance": "cart-9",
        "steps": ["remind", "discount"],
        "because": "bought_these_items",
        "recipients": [
            {"type": "email", "value": "ana@example.com"},
            {"type": "braze", "value": "bz-1"},
        ],
        "until": None,
    }
    return came("suppressions.email", at, **{**told, **value})


def state(at: str, *transitions: dict[str, object], **value: object) -> Output:
    told = {"event_time": iso(ms("D0T10:41")), "transitions": list(transitions)}
    return came("state", at, **{**told, **value})


def contested(kind: str, times: int) -> dict[str, object]:
    return {"type": kind, "reason": "pace", "value": times}


OUTPUTS = [
    Output(
        "customer-state",
        ms("D0T10:00"),
        "c-1",
        {
            "customer": "c-1",
            "identifiers": [{"type": "email", "value": "ana@example.com"}],
            "carts": {"cart-9": {"added_at": iso(ms("D0T10:00")), "time_source": "corrected"}},
            "orders": {"count": 0, "value": 0.0},
        },
    ),
    suppression("D0T10:30", "hold", until=iso(ms("D1T10:30")), because="just_bought"),
    suppression("D0T10:41"),
    state(
        "D0T10:41",
        {"name": "cart.bought", "key": "cart-9", "cart": "cart-9"},
        {"name": "order.added", "order": "R-77", "event_time": iso(ms("D0T10:40"))},
    ),
    came(
        "opportunities",
        "D0T10:41",
        action="offer",
        kind="instead",
        offer="care-kit",
        about=["boots-41"],
        replaces={"journey": "abandoned-cart", "instance": "cart-9"},
    ),
    state("D0T10:50", {"name": "customer.merged", "into": "c-0"}),
    state("D0T10:50", {"name": "customer.merged"}, was=["c-1"], customer="c-0"),
    suppression("D0T11:00", "release", steps=["nudge"]),
    suppression("D0T11:00", "release", steps=["nudge"], member="m-2"),
]


def verdicts(*lines: str, outputs: list[Output] = OUTPUTS) -> tuple[Story, list[Verdict]]:
    text = 'S01 "A story"\nworld ana\n' + "\n".join(lines)
    story = grammar.parse(text, "S01.story")
    return story, judge(story, outputs)


ADDED = "D0 11:00 see customer email:ana@example.com carts.cart-9.added_at=D0T10:00"
SUPPRESSED = "D0 10:41 out suppressions.email suppress"


@pytest.mark.parametrize(
    "line",
    [
        SUPPRESSED,
        SUPPRESSED + " steps=discount,remind recipients=braze:bz-1,email:ana@example.com",
        SUPPRESSED + " journey=abandoned-cart because=bought_these_items until=none",
        SUPPRESSED + " customer=ana",
        "D0 10:30 out suppressions.email hold until=D1T10:30",
        "D0 10:41 out state cart.bought cart=cart-9 event_time=D0T10:41",
        "D0 10:41 out state order.added order=R-77 event_time=D0T10:40 known_time=D0T10:41",
        "D0 10:41 out opportunities offer kind=instead replaces=abandoned-cart/cart-9",
        "D0 10:50 out state customer.merged",
        "D0 10:50 out state customer.merged into=c-0",
        "D0 10:29 not suppressions.email",
        "D0 10:40 not suppressions.email suppress",
        "D0 11:00 not suppressions.email hold since=D0T10:31",
        "D0 11:00 not suppressions.push",
        "D0 11:00 not state cart.bought cart=cart-8",
        "D0 11:00 see customer email:ana@example.com orders.count=0 orders.value=0.00",
        "D0 11:00 see customer email:ana@example.com preferences.size=none",
        ADDED + " time_source=corrected",
        "D0 09:00 see customer email:ana@example.com found=false",
        "D0 11:00 see count topic=suppressions.email action=suppress value=1",
        "D0 11:00 see count topic=state transition=cart.bought value=1",
        "D0 11:00 see count topic=suppressions.email since=D0T10:31 max=3",
    ],
)
def test_a_true_row_passes(line: str) -> None:
    """What came out, told as it came out, is as expected."""
    assert [verdict.result for verdict in verdicts(line)[1]] == [PASSED]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("D0 10:42 out suppressions.email suppress", "did not come"),
        (SUPPRESSED + " steps=remind", "did not come"),
        (SUPPRESSED + " steps=remind,discount,nudge", "did not come"),
        (SUPPRESSED + " because=bought_part", "did not come"),
        (SUPPRESSED + " until=D1T10:41", "did not come"),
        (SUPPRESSED + " customer=ben", "did not come"),
        (SUPPRESSED + " has_not=ana@example.com", "did not come"),
        ("D0 10:41 out suppressions.push suppress", "did not come"),
        ("D0 10:30 out suppressions.email hold until=none", "did not come"),
        ("D0 10:30 out suppressions.email hold until=D1T10:31", "did not come"),
        ("D0 10:41 out state cart.bought event_time=D0T10:40", "did not come"),
        ("D0 10:41 out opportunities offer kind=instead about=socks-2", "did not come"),
        ("D0 10:41 out opportunities withdraw offer=care-kit", "did not come"),
        ("D0 11:00 out suppressions.email release", "came 2 times, not once"),
        ("D0 10:41 not suppressions.email suppress", "came, and must not"),
        ("D14 12:00 not state cart.bought", "came, and must not"),
        ("D0 11:00 not opportunities offer kind=instead since=D0T10:41", "came, and must not"),
        ("D0 11:00 see customer email:ana@example.com orders.count=1", "is known otherwise"),
        ("D0 11:00 see customer email:ana@example.com found=false", "is known"),
        ("D0 11:00 see customer email:ben@example.com orders.count=0", "is nobody that is known"),
        ("D0 11:00 see count topic=suppressions.email action=suppress value=2", "are 1, not 2"),
        ("D0 11:00 see count topic=suppressions.email max=3", "are 4, more than 3"),
    ],
)
def test_a_wrong_row_fails(line: str, says: str) -> None:
    """One wrong word, time or number in a row is enough for it to fail."""
    (verdict,) = verdicts(line)[1]

    assert (verdict.result, verdict.says) == (FAILED, says)


@pytest.mark.parametrize(
    ("line", "waits_for"),
    [
        ("D0 11:00 ask email abandoned-cart/cart-9#remind email:ana@example.com", "the gate"),
        ("D0 11:00 out decisions judged message=m-1", "the topic decisions"),
        ("D0 11:00 not view.store put", "the topic view.store"),
        (
            "D0 11:00 see metric stale_sends_total{blame=source_late} value=0",
            "the metric stale_sends_total",
        ),
        ("D0 11:00 see sender braze asked=0%", "the query `sender`"),
        ("D0 11:00 see count topic=decisions max=99", "the topic decisions"),
        ("D0 11:00 do customer forget email:ana@example.com", "the command `customer`"),
    ],
)
def test_a_row_of_a_later_feature_is_pending(line: str, waits_for: str) -> None:
    """What cannot be judged yet is never passed, not even when it would be true."""
    (verdict,) = verdicts(line)[1]

    assert (verdict.result, verdict.says) == (PENDING, waits_for)


def test_a_story_of_which_nothing_can_be_judged_is_pending() -> None:
    """A story that waits as a whole is not called passed."""
    story, found = verdicts("D0 11:00 ask email none/none#any email:ana@example.com message=m-1")

    assert report.summary(story, found).startswith("S01 pending: 0 rows as expected, 1 pending")


def test_a_fact_that_is_refused_fails_its_row() -> None:
    """A story with a fact that nobody can take in says so, and does not wait in vain."""
    story = grammar.parse(
        'S01 "A story"\nworld ana\n'
        "D0 10:00 in web cart.item_added cart=cart-9 item=boots-41*1@89.00\n"
        'D0 10:01 in web raw bytes="{not json"\n'
        "D0 10:02 in web raw topic=segment.events file=samples/one.json\n",
        "S01.story",
    )
    refused = [
        Output("dlq.web", row.at_ms, "", {"reason": "no_identity", "line": row.line})
        for row in story.rows
    ]

    found = [(verdict.row.line, verdict.result, verdict.says) for verdict in judge(story, refused)]

    assert found == [
        (3, FAILED, "was refused: no_identity"),
        (5, PENDING, "records of sample files"),
    ]


def test_a_failure_is_told_in_the_words_of_the_story() -> None:
    """A marketer reads which row failed, what came near, and what about it is different."""
    story, found = verdicts(
        "D0 10:30 out suppressions.email hold because=renewing until=D6T18:04",
        "D0 10:42 out suppressions.push suppress",
        "D0 11:00 ask email none/none#any email:ana@example.com",
    )

    assert report.failures(story, found) == (
        "S01.story:3: did not come\n"
        "  wanted  D0 10:30 out suppressions.email hold because=renewing until=D6T18:04\n"
        "  near    D0T10:30 hold journey=abandoned-cart instance=cart-9 steps=remind,discount "
        "because=just_bought\n"
        "            because is just_bought, not renewing\n"
        "            until is D1T10:30, not D6T18:04\n"
        "  near    D0T10:41 suppress journey=abandoned-cart instance=cart-9 steps=remind,discount "
        "because=bought_these_items\n"
        "            it is suppress, not hold\n"
        "            because is bought_these_items, not renewing\n"
        "            until is none, not D6T18:04\n"
        "            it was known at D0T10:41, not at D0T10:30\n"
        "  near    D0T11:00 release journey=abandoned-cart instance=cart-9 steps=nudge "
        "because=bought_these_items\n"
        "            it is release, not hold\n"
        "            because is bought_these_items, not renewing\n"
        "            until is none, not D6T18:04\n"
        "            it was known at D0T11:00, not at D0T10:30\n"
        "S01.story:4: did not come\n"
        "  wanted  D0 10:42 out suppressions.push suppress\n"
        "  came    nothing at all on suppressions.push"
    )
    assert report.summary(story, found) == (
        "S01 failed: 0 rows as expected, 2 not, 1 pending (the gate)  A story"
    )


def test_a_verdict_can_be_read_by_a_program() -> None:
    """`--json` says the same: what passed, what failed, what came near."""
    story, found = verdicts(SUPPRESSED, SUPPRESSED + " because=bought_part")

    told = json.loads(json.dumps(report.as_json(story, found)))

    assert told["rows"] == {"passed": 1, "failed": 1, "pending": 0}
    assert told["result"] == "failed"
    assert told["failures"][0]["near"][0]["differs"] == [
        {"field": "because", "wanted": "bought_part", "is": "bought_these_items"}
    ]


MERGED = [
    Output("customer-state", ms("D0T09:00"), "c-1", {"identifiers": ["email:a@b.com"], "n": 1}),
    Output("customer-state", ms("D0T09:00"), "c-2", {"identifiers": ["loyalty:L-1"], "n": 2}),
    Output("customer-state", ms("D0T10:00"), "c-2", {"merged_into": "c-1"}),
    Output(
        "customer-state",
        ms("D0T10:00"),
        "c-1",
        {"identifiers": ["email:a@b.com", "loyalty:L-1"], "n": 3},
    ),
    state("D0T10:30", {"name": "customer.unmerged", "contacts_that_rested_on_it": ["m-1", "m-2"]}),
    Output("metric", ms("D0T11:00"), "merges_total", {"value": 2}),
    Output("metric", ms("D0T11:00"), "identifiers_contested_total", contested("loyalty", 1)),
    Output("metric", ms("D0T11:00"), "identifiers_contested_total", contested("email", 2)),
    Output("state-size", ms("D0T11:00"), "c-1", {"bytes": 900}),
]


@pytest.mark.parametrize(
    "line",
    [
        "D0 11:00 see customer loyalty:L-1 id_of=D0T09:30 n=3",
        "D0 11:00 see customer email:a@b.com id_of=D0T09:30 n=3",
        "D0 09:40 see customer loyalty:L-1 id_of=D0T09:30 n=2",
        "D0 11:00 see unmerge-report contacts_that_rested_on_it=2",
        "D0 11:00 see unmerge-report contacts_that_rested_on_it=m-2,m-1",
        "D0 11:00 see metric merges_total value=2",
        "D0 11:00 see metric identifiers_contested_total value=3",
        "D0 11:00 see metric identifiers_contested_total{type=email} value=2",
        "D0 11:00 see metric identifiers_contested_total{type=phone} value=0",
        "D0 11:00 see customer email:a@b.com state_bytes_max=900",
    ],
)
def test_what_was_seen_passes(line: str) -> None:
    """An old id leads to the new customer; reports, metrics and sizes are what the runner saw."""
    (verdict,) = verdicts(line, outputs=MERGED)[1]

    assert verdict.result == PASSED, verdict


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("D0 11:00 see customer loyalty:L-1 id_of=D0T09:30 n=2", "is known otherwise"),
        ("D0 11:00 see customer phone:+441 id_of=D0T09:30 n=2", "is nobody that is known"),
        ("D0 11:00 see unmerge-report contacts_that_rested_on_it=0", "says otherwise"),
        ("D0 10:00 see unmerge-report from=n", "tells nothing: no merge was undone"),
        ("D0 11:00 see metric identifiers_contested_total{type=email} value=1", "is 2, not 1"),
        ("D0 11:00 see customer email:a@b.com state_bytes_max=899", "is known otherwise"),
        ("D0 11:01 see customer email:a@b.com state_bytes_max=900", "is known otherwise"),
    ],
)
def test_what_was_not_seen_fails(line: str, says: str) -> None:
    """Another number, an old id that leads nowhere, and a look that was not taken all fail."""
    (verdict,) = verdicts(line, outputs=MERGED)[1]

    assert (verdict.result, verdict.says) == (FAILED, says)
