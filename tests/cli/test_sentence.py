"""Whatever happens to a customer can be told in words that a support agent understands."""

import pytest

from adaptive_stream.cli.sentence import FACTS, fact_sentence, transition_sentence
from adaptive_stream.engine.fact import FACT_TYPES, REQUEST, WITHOUT_CUSTOMER, Fact, Line

TOLD = sorted(FACT_TYPES - WITHOUT_CUSTOMER - set(REQUEST))


def fact(type_: str, *lines: Line, **data: object) -> Fact:
    return Fact("f-1", type_, 0, "store", "leeds-2", ("loyalty:L-204",), lines=lines, data=data)


def test_every_fact_about_a_customer_has_its_words():
    """No timeline shows the name that a program gave to what she did."""
    assert sorted(FACTS) == TOLD


@pytest.mark.parametrize("type_", TOLD)
def test_a_fact_that_says_nothing_more_is_told_all_the_same(type_):
    """A till that sends no details leaves no gaps and no braces in the sentence."""
    says = fact_sentence(fact(type_))

    assert says
    assert not set("{}|_") & set(says)
    assert says == " ".join(says.split())


@pytest.mark.parametrize(
    ("told", "says"),
    [
        (
            fact("order.refunded", Line("boots-41", 2), order="R-77", reason="too small"),
            "brought back boots-41 x2 (order R-77) because too small",
        ),
        (fact("order.completed", value=8900, currency="JPY"), "bought for 8900 JPY"),
        (fact("case.opened", kind="complaint", case="C-1"), "a case was opened: complaint (C-1)"),
        (
            fact("message.scheduled", message="m-1", sender="braze", about=["boots-41", "belt-7"]),
            "a message was planned: m-1 by braze about boots-41, belt-7",
        ),
        (
            fact("consent.withdrawn", purpose="marketing", channel="email"),
            "withdrew her consent to marketing by email",
        ),
    ],
)
def test_what_is_known_of_a_fact_is_told(told, says):
    """Items, amounts in their currency, order and reason stand where a person expects them."""
    assert fact_sentence(told) == says


@pytest.mark.parametrize(
    ("transition", "says"),
    [
        ({"name": "cart.bought", "key": "cart-9"}, "what was in cart cart-9 is bought"),
        ({"name": "customer.merged", "into": "c-1"}, "is now part of c-1"),
        ({"name": "customer.merged", "was": ["c-2", "c-3"]}, "is known to be one with c-2, c-3"),
        ({"name": "profile.changed", "fields": ["zone"]}, "new in her profile: zone"),
        ({"name": "exposure.seen", "key": "winter"}, "exposure seen winter"),
    ],
)
def test_what_became_of_it_is_told(transition, says):
    """Transitions have their words; one of a later version is shown by its name."""
    assert transition_sentence(transition) == says
