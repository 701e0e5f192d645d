"""Contracts, cases, consent, messages, profile: the parts that are not carts or orders."""

from tests.engine.world import DAY, HOUR, MINUTE, TEN, World

ANA = "email:ana@example.com"
PHONE = "phone:+447700900123"


def test_looking_at_a_renewal_is_not_renewing() -> None:
    """Intent moves nothing; starting does, and what happened last counts."""
    world = World()
    for minute, (type_, status) in enumerate(
        (
            ("contract.renewal_due", "renewal_due"),
            ("renewal.viewed", "renewal_due"),
            ("renewal.started", "renewing"),
            ("contract.renewed", "renewed"),
        )
    ):
        world.tell(type_, TEN + minute * MINUTE, ANA, contract="K-5", ends_ms=TEN + 14 * DAY)
        assert world.state(ANA)["contracts"]["K-5"]["status"] == status

    assert world.news() == ["journey.entered", "contract.renewing", "contract.renewed"]


def test_a_late_report_does_not_turn_a_renewal_back() -> None:
    """The contract system reports at night what was due in the morning."""
    world = World()
    world.tell("contract.renewed", TEN + HOUR, ANA, contract="K-5")
    world.tell("contract.renewal_due", TEN, ANA, contract="K-5", log_ms=TEN + DAY)

    assert world.state(ANA)["contracts"]["K-5"]["status"] == "renewed"


def test_a_complaint_is_open_until_it_is_closed() -> None:
    """A case that is opened again is open again."""
    world = World()
    world.tell("case.opened", TEN, ANA, channel="callcentre", case="C-1", kind="complaint")
    assert world.state(ANA)["cases"]["C-1"]["status"] == "open"
    world.tell("case.closed", TEN + HOUR, ANA, channel="callcentre", case="C-1")
    assert world.state(ANA)["cases"]["C-1"]["status"] == "closed"
    world.tell("case.opened", TEN + 2 * HOUR, ANA, channel="callcentre", case="C-1")
    assert world.state(ANA)["cases"]["C-1"]["status"] == "open"

    assert world.news() == [
        "service.complaint_open",
        "service.complaint_closed",
        "service.complaint_open",
    ]


def test_the_closing_of_a_case_may_come_first() -> None:
    """Nobody hears of a complaint that was over before we knew of it."""
    world = World()
    world.tell("case.closed", TEN + HOUR, ANA, channel="callcentre", case="C-1")
    world.tell("case.opened", TEN, ANA, channel="callcentre", case="C-1", kind="complaint")

    assert world.state(ANA)["cases"]["C-1"]["status"] == "closed"
    assert world.news() == []


def consent(world: World, channel: str = "email") -> dict[str, str]:
    rows = world.state(ANA)["consent"]
    return {row["endpoint"]: row["status"] for row in rows if row["channel"] == channel}


def test_consent_belongs_to_the_address() -> None:
    """What she said of one address binds no other."""
    world = World()
    world.tell("identity.linked", TEN, ANA, "email:work@example.com")
    world.tell("consent.given", TEN, ANA, channel="email", proof="form-9")
    world.tell("consent.withdrawn", TEN + MINUTE, "email:work@example.com", channel="email")

    assert consent(world) == {ANA: "given", "email:work@example.com": "withdrawn"}


def test_of_two_words_at_once_the_withdrawal_counts() -> None:
    """Whichever of them came first."""
    for types in (
        ("consent.given", "consent.withdrawn"),
        ("consent.withdrawn", "consent.given"),
    ):
        world = World()
        for type_ in types:
            world.tell(type_, TEN, ANA, channel="email")

        assert consent(world) == {ANA: "withdrawn"}


def test_consent_that_asks_for_a_confirmation_is_none_until_it_comes() -> None:
    """Somebody else may have typed her address."""
    world = World()
    world.tell("consent.given", TEN, ANA, channel="email", confirm="required")
    assert consent(world) == {ANA: "unconfirmed"}
    world.tell("consent.confirmed", TEN + MINUTE, ANA, channel="email")
    assert consent(world) == {ANA: "given"}


def test_a_withdrawal_by_telephone_binds_every_address() -> None:
    """She named none, so it is about all of them."""
    world = World()
    world.tell("identity.linked", TEN, ANA, PHONE)
    world.tell("consent.withdrawn", TEN + MINUTE, PHONE, channel="directmail")

    assert consent(world, "directmail") == {"*": "withdrawn"}


def test_each_change_of_consent_is_told_and_counted() -> None:
    """An answer of the gate names the epoch that it rests on."""
    world = World()
    world.tell("consent.given", TEN, ANA, channel="email")
    world.tell("consent.given", TEN + MINUTE, ANA, channel="email")
    world.tell("consent.withdrawn", TEN + HOUR, ANA, channel="email")

    assert world.news() == ["consent.changed", "consent.changed"]
    assert world.state(ANA)["consent_epoch"] == 2


def test_a_message_is_what_was_last_said_of_it() -> None:
    """Planned, sent, opened: one message, in whatever order the reports come."""
    reports = ("message.scheduled", "message.sent", "message.opened")
    for order in (reports, tuple(reversed(reports))):
        world = World()
        for type_ in order:
            at_ms = TEN + reports.index(type_) * MINUTE
            world.tell(type_, at_ms, ANA, channel="email", message="m-1", sender="braze")

        assert world.state(ANA)["messages"]["m-1"] == {
            "sender": "braze",
            "reported": "2026-03-03T10:02:00Z",
            "status": "opened",
            "channel": "email",
        }


def test_of_her_profile_the_last_word_on_each_field_counts() -> None:
    """A late file does not undo what she has said since."""
    world = World()
    world.tell("profile.changed", TEN + HOUR, ANA, zone="Europe/Paris", home_store="leeds-2")
    world.tell("profile.changed", TEN, ANA, zone="Europe/London", region="yorkshire")

    assert world.state(ANA)["profile"] == {
        "home_store": "leeds-2",
        "region": "yorkshire",
        "zone": "Europe/Paris",
    }
    (first, second) = [t.fields["fields"] for t in world.transitions()]
    assert (first, second) == (["home_store", "zone"], ["region"])
