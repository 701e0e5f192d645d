"""The rules that are shipped, as the engine gets them and as a manager reads them."""

import re
from pathlib import Path

import pytest

from adaptive_stream.catalog.explain import explain, standing_text
from adaptive_stream.catalog.journeys import JourneyFile
from adaptive_stream.catalog.rules import load_rules, read_rules
from adaptive_stream.catalog.standing import StandingEntry
from adaptive_stream.engine.journey import Journey
from adaptive_stream.engine.reason import SENTENCES, sentence
from adaptive_stream.engine.source import Sources
from adaptive_stream.engine.span import Span
from adaptive_stream.stories.examples import (
    conditions,
    run_examples,
    run_standing,
    standing_conditions,
)
from tests.rules.rule_files import CHANNELS, ROOT, SHIPPED, copied, shipped

EXPLAINED = Path(__file__).parent / "explained"
FILES = shipped()
HOUR_MS = 3_600_000


def journey(name: str) -> Journey:
    return next(file.journey for file in FILES.journeys if file.journey.name == name)


def of_name(file: JourneyFile) -> str:
    return file.journey.name


def of_rule(entry: StandingEntry) -> str:
    return entry.rule.use.condition.name


@pytest.mark.parametrize("file", FILES.journeys, ids=of_name)
def test_each_journey_does_what_its_examples_say(file: JourneyFile) -> None:
    """Whoever takes a shipped journey gets what its file promises, shown by examples that pass."""
    results = run_examples(file, FILES.rules)
    assert [result.why for result in results if not result.passed] == []
    assert len(results) >= 4


@pytest.mark.parametrize("file", FILES.journeys, ids=of_name)
def test_each_condition_of_a_journey_is_shown_by_an_example(file: JourneyFile) -> None:
    """No stop or hold rule can be lost from a shipped journey without an example that fails."""
    results = run_examples(file, FILES.rules)
    shown = {name for result in results for name in result.conditions_shown}
    assert set(conditions(file.journey)) <= shown


@pytest.mark.parametrize("entry", FILES.standing, ids=of_rule)
def test_each_standing_rule_does_what_its_examples_say(entry: StandingEntry) -> None:
    """What holds for each message of every tool is shown, four times and more, and proved."""
    results = run_standing(entry, FILES.rules)
    assert [result.why for result in results if not result.passed] == []
    assert len(results) >= 4
    shown = {name for result in results for name in result.conditions_shown}
    assert set(standing_conditions(entry)) == shown


def test_the_standing_rules_are_read_in_plain_english() -> None:
    """A manager who never saw the file reads all that holds."""
    expected = (EXPLAINED / "standing.txt").read_text("utf-8")
    assert standing_text(entry.rule for entry in FILES.standing) == expected


@pytest.mark.parametrize("file", FILES.journeys, ids=of_name)
def test_a_manager_reads_a_journey_in_plain_english(file: JourneyFile) -> None:
    """A manager who never saw the file reads all that the journey does."""
    name = file.journey.name
    expected = (EXPLAINED / f"{name}.txt").read_text("utf-8")
    assert explain(file.journey, "No example shows `cart_emptied`.") == expected


def test_every_reason_has_a_sentence() -> None:
    """Whoever asks why reads a sentence, never a bare code, and never two that disagree."""
    for file in FILES.journeys:
        for use in file.journey.uses():
            assert sentence(use.condition.name, FILES.rules) not in ("", use.condition.name)
    for reason, says in SENTENCES.items():
        assert sentence(reason, FILES.rules) == says
        if reason in FILES.conditions:
            assert FILES.conditions[reason].says == says


def test_every_reason_that_the_engine_gives_is_listed() -> None:
    """A reason that is in no list would reach a person without its sentence."""
    given = set()
    for path in (ROOT / "adaptive_stream" / "engine").rglob("*.py"):
        if path.name == "reason.py":
            continue
        text = path.read_text("utf-8")
        given |= set(re.findall(r'Verdict\("stopped", "([a-z_]+)"', text))
        given |= set(re.findall(r'RELEASED_BY[^\n]*, "([a-z_]+)"', text))
        for table in re.findall(r"(?:RELEASED_BY|REVERSED) = \{(.*?)\}", text, re.DOTALL):
            given |= set(re.findall(r': "([a-z_]+)"', table))
    assert given
    assert given <= set(SENTENCES)


def test_the_abandoned_cart_is_what_the_stories_say() -> None:
    """The reminder goes after half an hour, the discount three days later at the same time."""
    cart = journey("abandoned-cart")
    assert [(s.name, s.wait, s.by, s.good_for, s.offer) for s in cart.steps] == [
        ("remind", Span(ms=HOUR_MS // 2), ("email",), Span(ms=12 * HOUR_MS), None),
        ("discount", Span(days=3), ("email",), Span(ms=12 * HOUR_MS), "cart-10"),
        ("nudge", Span(days=1), ("push",), Span(ms=12 * HOUR_MS), None),
    ]
    assert (cart.for_each, cart.not_older_than) == ("cart", Span(ms=HOUR_MS))
    assert cart.instead[0].channels == ("email", "callcentre")
    assert FILES.rules.policy.cart_abandoned_after_ms == HOUR_MS // 2
    assert FILES.rules.policy.endpoints["email"] == ("email", "braze")


def test_the_id_of_the_rules_changes_with_any_byte(tmp_path: Path) -> None:
    """Each decision names the rules it was made by; other rules never have the same name."""
    rules_dir = copied(tmp_path)
    before = load_rules(rules_dir, CHANNELS).id
    assert before == FILES.rules.id == load_rules(SHIPPED, CHANNELS).id
    assert re.fullmatch(r"r-[0-9a-f]{12}", before)
    path = rules_dir / "journeys" / "win-back.yaml"
    path.write_text(path.read_text("utf-8") + "# changed\n", "utf-8")
    assert load_rules(rules_dir, CHANNELS).id != before


class Channel:
    """A channel that can carry these facts only."""

    def __init__(self, *carries: str) -> None:
        self.endpoints = ("email",)
        self.carries = carries
        self.sources = Sources()


def test_a_journey_waits_only_for_channels_that_can_tell_it_something() -> None:
    """A channel that lags does not delay journeys that it has nothing to say to."""
    channels = {
        "web": Channel("cart.item_added", "order.completed"),
        "backoffice": Channel("contract.renewal_due", "order.refunded"),
        "store": Channel("store.visited"),
        "email": Channel("message.sent"),
        "push": Channel("message.opened"),
        "callcentre": Channel("case.opened"),
        "directmail": Channel("message.handed_over"),
        "ads": Channel("message.cancelled"),
    }
    files = read_rules(SHIPPED, channels)
    assert files.faults == ()
    heeds = {file.journey.name: file.journey.heeds for file in files.journeys}
    assert heeds == {
        "abandoned-cart": {"web", "store", "backoffice", "push"},
        "renewal-discount": {"backoffice"},
        "review-request": {"web", "backoffice"},
        "win-back": {"web"},
        "onboarding": {"web"},
        "price-drop": {"web"},
    }
    assert files.rules.policy.cart_heeds == {"web", "backoffice"}


def test_the_journey_and_the_condition_of_the_readme_are_right(tmp_path: Path) -> None:
    """A new business user who copies from the page gets no fault and examples that pass."""
    page = (SHIPPED / "README.md").read_text("utf-8")
    journey_text, examples, condition = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    rules_dir = copied(tmp_path, abandoned_cart=journey_text + examples)
    path = rules_dir / "conditions.yaml"
    mine = condition.replace("just_bought:", "my_word:")
    path.write_text(path.read_text("utf-8") + mine, "utf-8")
    files = read_rules(rules_dir, CHANNELS)
    assert files.faults == ()
    assert "my_word" in files.conditions
    (file,) = (file for file in files.journeys if file.journey.name == "abandoned-cart")
    assert [result.why for result in run_examples(file, files.rules)] == [""]
