"""Who sends, who has reported, and who has been silent for longer than its file says."""

from adaptive_stream.engine.board import sender_as_json, senders_board
from adaptive_stream.engine.sender import Sender, silent_after_s
from adaptive_stream.engine.span import Span
from tests.engine.world import DAY, HOUR, MINUTE, TEN, World

ANA, BEN = "email:ana@example.com", "email:ben@example.com"
SENDERS = {
    "sendgrid": Sender(
        "sendgrid", ("email",), ("email",), "recall", silent_after=Span(ms=2 * HOUR)
    ),
    "braze": Sender("braze", ("email", "push"), ("email",), "ask", silent_after=Span(days=1)),
    "meta": Sender("meta", ("ads",), ("email",), "topic"),
}


def told(world: World, now_ms: int) -> list[dict[str, object]]:
    views = [world.state(who) for who in (ANA, BEN)]
    return [sender_as_json(one) for one in senders_board(SENDERS, views, now_ms)]


def test_the_board_shows_the_silent_first_and_the_ones_without_a_file_too() -> None:
    """Each with its last word on any message, and what of it is still to go."""
    world = World()
    for at_ms, who, type_, sender in (
        (TEN, ANA, "scheduled", "sendgrid"),
        (TEN + MINUTE, BEN, "sent", "sendgrid"),
        (TEN - DAY, ANA, "sent", "braze"),
        (TEN - HOUR, BEN, "scheduled", "nobody-s"),
        (TEN - 9 * DAY, ANA, "sent", "meta"),
    ):
        message = f"m-{sender}-{type_}"
        world.tell(f"message.{type_}", at_ms, who, channel="email", message=message, sender=sender)

    now = told(world, TEN + HOUR)
    assert [one["sender"] for one in now] == ["braze", "meta", "nobody-s", "sendgrid"]
    assert [one["silent"] for one in now] == [True, False, False, False]
    assert now[-1] | {"channels": [], "stops_by": "recall"} == {
        "sender": "sendgrid",
        "channels": [],
        "stops_by": "recall",
        "last_report": "2026-03-03T10:01:00Z",
        "silent_for": "PT59M",
        "silent": False,
        "messages_on_their_way": 1,
    }
    assert now[2]["stops_by"] is None

    later = told(world, TEN + 3 * HOUR)
    assert [one["sender"] for one in later if one["silent"]] == ["braze", "sendgrid"]


def test_a_sender_that_has_never_spoken_is_not_silent() -> None:
    """Its file may be there before it is."""
    (braze, *_) = senders_board(SENDERS, [], TEN)
    assert (braze.name, braze.silent, braze.reported_ms) == ("braze", False, None)
    assert sender_as_json(braze)["last_report"] is None


def test_only_those_are_watched_whose_silence_is_news() -> None:
    """In seconds, a day of a tool being 24 hours."""
    assert silent_after_s(SENDERS) == {"sendgrid": 7_200.0, "braze": 86_400.0}
