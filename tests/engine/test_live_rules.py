"""Rules that change while customers are amid their journeys: what each is told, and what not."""

from dataclasses import replace

from adaptive_stream.engine.decision import CustomerState, Opportunity, Suppression
from adaptive_stream.engine.journey import SHADOW, Journey, Pause, Rules
from adaptive_stream.engine.message import Arrival
from adaptive_stream.engine.span import Span
from adaptive_stream.engine.switch import Switch, switched
from tests.engine.test_journeys import ALL, abandoned, buy, only, steps
from tests.engine.world import DAY, HOUR, MINUTE, TEN, World, shipped_rules

NAME = "abandoned-cart"
REMIND = TEN + HOUR


def over(world: World, rules: Rules) -> None:
    """The partition goes over to these rules, and everybody is judged by them."""
    world.rules = rules
    for customer in sorted(world.customers):
        world.step(Arrival("tick", customer, b"", world.clock.now_ms))
    world.settle()


def cart(**changed: object) -> Journey:
    return only(NAME, **changed).by_name[NAME]


def paused(*pauses: Pause) -> Rules:
    return only(NAME, pauses=pauses)


def test_what_came_due_in_a_pause_is_due_at_its_end() -> None:
    """Her reminder waits for the template to be mended, and the next step counts from there."""
    world = abandoned(rules=only(NAME))
    over(world, paused(Pause(TEN + 40 * MINUTE)))
    world.wait(TEN + 3 * HOUR)
    assert steps(world) == {}
    assert world.told() == []  # Her channels hear of the pause once, for all customers.

    resumed_ms = TEN + 3 * HOUR
    over(world, paused(Pause(TEN + 40 * MINUTE, resumed_ms)))
    world.wait(TEN + 6 * DAY)
    assert steps(world) == {
        "remind": resumed_ms,
        "discount": resumed_ms + 3 * DAY,
        "nudge": resumed_ms + 4 * DAY,
    }


def test_a_stop_bites_in_a_pause() -> None:
    """She buys while the journey is paused, and nothing comes when it goes on."""
    world = abandoned(rules=paused(Pause(TEN)))
    buy(world, TEN + 41 * MINUTE, "boots-41")
    assert world.told() == [("suppress", "bought_these_items", ALL)]
    over(world, paused(Pause(TEN, TEN + 2 * HOUR)))
    world.wait(TEN + 6 * DAY)
    assert steps(world) == {}


def test_who_entered_before_keeps_their_steps_and_obeys_the_new_stop() -> None:
    """A new wait is for new entrants, a new stop for everybody."""
    old = only(NAME, version="v1")
    first, *others = old.by_name[NAME].steps
    later = (replace(first, wait=Span(ms=5 * HOUR)), *others)
    stops = (*old.by_name[NAME].stop_when, *shipped_rules().by_name["win-back"].stop_when)
    journey = cart(version="v2", steps=later, stop_when=stops)
    then = replace(journey, version="v1", steps=old.by_name[NAME].steps)
    new = replace(old, journeys=(journey,), earlier={(NAME, "v1"): then})

    world = abandoned(rules=old)
    over(world, new)
    other = "email:ben@example.com"
    start_ms = TEN + 41 * MINUTE
    world.tell("cart.item_added", start_ms, other, cart="cart-b", items=["boots-41"])
    world.wait(TEN + 8 * HOUR)
    due = {one.instance: one.not_before_ms for one in world.of(Opportunity) if one.kind == "step"}
    assert due == {"cart-9": REMIND, "cart-b": start_ms + 30 * MINUTE + 5 * HOUR}


def test_a_shadow_tells_nobody_and_counts() -> None:
    """What a manager tries out is seen by her alone."""
    live = shipped_rules().by_name[NAME]
    shadow = replace(live, name=NAME + SHADOW, shadow=True)
    beside = replace(shipped_rules(), journeys=(*shipped_rules().journeys, shadow))
    told = []
    for rules in (shipped_rules(), beside):
        world = abandoned(rules=rules)
        world.wait(TEN + 2 * HOUR)
        buy(world, TEN + 3 * HOUR, "boots-41")
        told.append([one for one in world.decisions if not isinstance(one, CustomerState)])
        assert SHADOW not in str(world.decisions)
    assert told[0] == told[1]
    assert world.faults.count(f"shadow_would_have_sent:{NAME}") == 1
    assert world.faults.count(f"shadow_would_have_stopped:{NAME}") == 1


def test_a_new_journey_starts_for_nobody_of_long_ago() -> None:
    """A journey published today mails nobody about a cart of yesterday."""
    world = abandoned(rules=replace(shipped_rules(), journeys=()))
    published_ms = TEN + 5 * HOUR
    world.wait(published_ms)
    over(world, only(NAME, since_ms=published_ms))
    world.wait(TEN + 4 * DAY)
    assert steps(world) == {}
    assert f"not_started:{NAME}:too_old" in world.faults


def test_what_began_before_an_edit_of_the_start_and_was_heard_in_time_starts() -> None:
    """Publishing at a busy hour loses nobody's reminder."""
    world = abandoned(rules=replace(shipped_rules(), journeys=()))
    over(world, only(NAME, since_ms=TEN + 41 * MINUTE))
    world.wait(TEN + 2 * HOUR)
    assert steps(world) == {"remind": REMIND}


def said(old: Rules, new: Rules) -> list[tuple[str, str, str]]:
    found = switched(old, new, Switch(7, new.id, TEN), TEN)
    assert all(isinstance(one, Suppression) and one.scope == "journey" for one in found)
    assert {one.rev for one in found} <= {7}
    return [(one.channel, one.action, one.because) for one in found]


def test_a_pause_is_said_once_to_each_channel_of_the_journey() -> None:
    """The sender of the mail and that of the push hold everything at once."""
    running, held = only(NAME), paused(Pause(TEN))
    channels = sorted(running.by_name[NAME].channels())
    assert said(running, held) == [(one, "hold", "journey_paused") for one in channels]
    assert said(held, running) == [(one, "release", "resumed") for one in channels]
    assert said(held, held) == []


def test_a_journey_that_is_none_any_more_is_stopped() -> None:
    """And let loose when it comes back, for its senders keep the highest word."""
    running = only(NAME)
    gone = replace(running, journeys=(), withdrawn={NAME: running.by_name[NAME].channels()})
    channels = sorted(running.by_name[NAME].channels())
    assert said(running, gone) == [(one, "suppress", "journey_withdrawn") for one in channels]
    assert said(gone, running) == [(one, "release", "journey_published") for one in channels]


def test_a_shadow_is_said_to_no_channel() -> None:
    """Not even when it is paused."""
    running = only(NAME)
    shadow = replace(cart(shadow=True, pauses=(Pause(TEN),)), name=NAME + SHADOW)
    assert said(running, replace(running, journeys=(*running.journeys, shadow))) == []
