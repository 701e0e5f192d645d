"""What ends, rests or follows a run: stop_when, hold_when, restart_when, instead."""

from adaptive_stream.catalog.faults import closest, suggestion
from adaptive_stream.catalog.fields import Fields
from adaptive_stream.catalog.journey_words import GOOD_FOR, Words
from adaptive_stream.engine.fact import WITHOUT_CUSTOMER
from adaptive_stream.engine.journey import Hold, Instead, Restart
from adaptive_stream.engine.span import Span
from adaptive_stream.engine.word import Condition, Use

HOLD_KEYS = ("when", "for", "at_most", "then")
RESTART_KEYS = ("when", "after", "only_if")
INSTEAD_KEYS = ("after", "offer", "unless", "only_if", "good_for", "channels")
INSTEAD_CHANNELS = ("email", "callcentre")


class Stops:
    """What can end a run. `all_read`: no stop rule has a fault, so none is missing here."""

    def __init__(self, journey: Fields, words: Words) -> None:
        self.journey = journey
        self.words = words
        noted = len(journey.faults)
        self.stops = words.uses(journey, "stop_when")
        self.all_read = len(journey.faults) == noted
        self.holds = self._holds()
        self.ending = [use.condition.name for use in self.stops]
        self.ending += [hold.use.condition.name for hold in self.holds if hold.then_stop]

    def _holds(self) -> tuple[Hold, ...]:
        holds: list[Hold] = []
        for node in self.journey.entries("hold_when"):
            what = "an entry of `hold_when`"
            fields = Fields(node, what, self.words.faults, HOLD_KEYS, ("when",))
            use = self.words.use(fields, "when")
            hold = read_hold(fields, use)
            if use is None or hold is None:
                continue
            name = use.condition.name
            at = fields.get("when") or node
            if use in self.stops:
                remedy = "keep it in one of the two: what stops a journey need not hold it"
                fields.note(at, f"{name!r} stops the journey too", remedy)
            if use in [hold.use for hold in holds]:
                fields.note(at, f"{name!r} is listed twice", "keep one")
            holds.append(hold)
        return tuple(holds)

    def restarts(self) -> tuple[Restart, ...]:
        """`restart_when`: only what has stopped a run can begin another."""
        restarts = []
        for node in self.journey.entries("restart_when"):
            what = "an entry of `restart_when`"
            fields = Fields(node, what, self.words.faults, RESTART_KEYS, ("when", "after"))
            use = self.words.use(fields, "when")
            if use is not None:
                self._check_ends(fields, "when", use.condition.name)
            after = fields.span("after", Span(days=1))
            only_if = self.words.expression(fields, "only_if", self.words.speakable())
            if use is not None:
                restarts.append(Restart(use, after, only_if))
        return tuple(restarts)

    def instead(self) -> tuple[Instead, ...]:
        """What is offered when it stopped."""
        # An offer rests on what stopped the journey, which may be an order.
        spoken_of = self.words.speakable() | {"order"}
        instead = []
        for node in self.journey.entries("instead"):
            what = "an entry of `instead`"
            fields = Fields(node, what, self.words.faults, INSTEAD_KEYS, ("after", "offer"))
            after = fields.text("after")
            self._check_ends(fields, "after", after)
            channels = self.words.channels(fields, "channels", sending=False) or INSTEAD_CHANNELS
            instead.append(
                Instead(
                    after,
                    self.words.code(fields, "offer"),
                    channels,
                    fields.span("good_for", GOOD_FOR),
                    self.words.uses(fields, "unless"),
                    self.words.expression(fields, "only_if", spoken_of),
                )
            )
        return tuple(instead)

    def _check_ends(self, fields: Fields, key: str, name: str) -> None:
        if not name or name in self.ending or self._told(name):
            return
        remedy = "add it to `stop_when`"
        if closest(name, self.ending):
            remedy = f"{suggestion(name, self.ending)} (or {remedy})"
        node = fields.get(key) or fields.node
        fields.note(node, f"{name!r} never stops this journey", remedy)

    def _told(self, name: str) -> bool:
        """Whether what is wrong with this word is told elsewhere: one mistake is one fault."""
        conditions = self.words.conditions
        return name in conditions.broken or (not self.all_read and name in conditions.found)


def read_hold(fields: Fields, use: Use | None) -> Hold | None:
    """How long a hold lasts; None when it is not known what holds."""
    at_most, lasts = fields.optional_span("at_most"), fields.optional_span("for")
    then_stop = fields.choice("then", ("stop",)) == "stop"
    if use is None:
        return None
    name = use.condition.name
    if at_most and lasts:
        says = f"{name!r} has both `for` and `at_most`"
        remedy = "keep `for` if it always lasts that long, `at_most` if it can end earlier"
        fields.note(fields.node, says, remedy, "")
    if not at_most and not lasts and not ends_by_itself(use.condition):
        says = f"nothing ever ends the hold for {name!r}"
        fields.note(fields.node, says, "add `for: 24h`, or `at_most: 24h`", "")
    if then_stop and not at_most and not lasts:
        remedy = "add `at_most: 24h`: that is when it stops"
        fields.note(fields.node, "`then: stop` needs a time", remedy, "")
    return Hold(use, at_most, lasts, then_stop)


def ends_by_itself(condition: Condition) -> bool:
    """Whether a fact or the clock ends it, or it is looked up when she is decided about."""
    by_clock = condition.where is not None and "now" in condition.where.names
    looked_up = not WITHOUT_CUSTOMER.isdisjoint(condition.hears)
    return bool(condition.ends_on) or by_clock or looked_up
