"""What was told beside what the same facts come to now, without Kafka."""

from adaptive_stream.engine.decision import Decision
from adaptive_stream.engine.fact import Fact, encode_fact
from adaptive_stream.engine.journey import Rules
from adaptive_stream.formats import ReadRule
from adaptive_stream.outputs import Record, records
from adaptive_stream.stories.again import compare
from adaptive_stream.stories.in_memory import EngineWorld, Recorded
from tests.engine.world import HOUR, MINUTE, TEN, fact, heeded, shipped_rules

ANA = "email:ana@example.com"
TICKS = [TEN + n * MINUTE for n in range(4 * 60)]
TOLD = ("suppressions.", "opportunities.")


class Town(EngineWorld):
    """Keeps the records that consumers read."""

    def __init__(self, rules: Rules) -> None:
        super().__init__(rules, {name: ReadRule(name) for name in heeded(rules)})
        self.written: list[Record] = []

    def say(self, decision: Decision) -> None:
        """As the worker writes it."""
        self.written += [one for one in records(decision) if one.topic.startswith(TOLD)]


def day(sku: str = "boots-41") -> list[Fact]:
    """A cart that is left, and a purchase in the shop after its mail was due."""
    return [
        fact("cart.item_added", TEN, ANA, items=["boots-41"], cart="cart-9"),
        fact("order.completed", TEN + 2 * HOUR, ANA, channel="store", order="R-1", items=[sku]),
    ]


def recorded(facts: list[Fact]) -> list[Recorded]:
    return [Recorded(one.at_ms, encode_fact(one)) for one in facts]


def told(facts: list[Fact], rules: Rules) -> list[Record]:
    town, left = Town(rules), list(facts)
    for tick in TICKS:
        while left and left[0].at_ms < tick:
            town.take(left[0], left.pop(0).at_ms)
        town.tick(tick)
    return town.written


def test_nothing_differs_while_nothing_changes() -> None:
    """What was told comes out again, and a repeat of it counts once."""
    rules = shipped_rules()
    was = told(day(), rules)
    found = compare(was + was, recorded(day()), TICKS, rules, heeded(rules))
    assert found.differences == ()
    assert found.was == found.now >= 2


def test_a_till_that_was_misread_is_found() -> None:
    """The mapping called the boots by another code: she was mailed on, and would not be."""
    rules = shipped_rules()
    was = told(day(sku="9912"), rules)
    found = compare(was, recorded(day()), TICKS, rules, heeded(rules))
    more = {one.message.because for one in found.differences if one.now > one.was}
    assert "bought_these_items" in more
    assert {one.of for one in found.differences} <= {frozenset({ANA}), frozenset()}

    later = compare(was, recorded(day()), TICKS, rules, heeded(rules), since="2999-01-01")
    assert (later.was, later.now, later.differences) == (0, 0, ())
