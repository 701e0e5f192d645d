"""A journey in plain English: the whole user interface that a manager needs at first.

Rule 1: the text says what the compiled journey does, not what the file says, so that defaults are
told too.
"""

from collections.abc import Iterable
from textwrap import fill

from adaptive_stream.catalog.phrase import phrase
from adaptive_stream.catalog.spoken import listed, spoken
from adaptive_stream.engine.journey import (
    Hold,
    Instead,
    Journey,
    Restart,
    StandingRule,
    Step,
    WaitFor,
)
from adaptive_stream.engine.reason import says
from adaptive_stream.engine.span import Span
from adaptive_stream.engine.word import Condition

COLUMNS = 96

_SENT_AS = {
    "email": "an e-mail", "push": "a push message", "sms": "a text message",
    "app": "a message in the app", "directmail": "a letter", "callcentre": "a call",
}  # fmt: skip
_CHANNELS = {"email": "e-mail", "callcentre": "the call centre", "sms": "text message"}


def explain(journey: Journey, shown: str = "") -> str:
    """The journey as paragraphs. `shown`: what its examples show, as `journeys check` found it."""
    paragraphs = [
        f"{journey.name}: {_sentence(journey.says)}",
        _owner(journey),
        _run(journey),
        _run_by(journey),
        _age(journey),
        *(_wait_for(wait) for wait in journey.wait_for),
        _stops(journey),
        _rests(journey),
        *(_restart(restart) for restart in journey.restart_when),
        *(_instead(instead, journey) for instead in journey.instead),
        f"It ends {spoken(journey.ends)} after it began.",
        shown,
    ]
    return (
        "\n\n".join(fill(text, COLUMNS, break_on_hyphens=False) for text in paragraphs if text)
        + "\n"
    )


def _run(journey: Journey) -> str:
    start = f"When {says(journey.when)}"
    if journey.only_if:
        start += f" and {phrase(journey.only_if)}"
    steps = "; then ".join(_step(step) for step in journey.steps)
    return f"{start}: {steps}."


def _step(step: Step) -> str:
    waits = f"wait {spoken(step.wait)}, then " if step.wait.days or step.wait.ms else ""
    sent_as = listed(
        [_SENT_AS.get(channel, f"a message by {channel}") for channel in step.by], "or"
    )
    text = f"{waits}{sent_as} *{step.send}*"
    if len(step.by) > 1:
        text += ", by the first that reaches her,"
    if step.offer:
        text += f" with the offer *{step.offer}*"
    text += f" (good for {spoken(step.good_for)})"
    if step.unless:
        text += f", unless {listed([says(use) for use in step.unless], 'or')}"
    return text


def _owner(journey: Journey) -> str:
    worth = f"; worth {journey.worth:.2f} a message" if journey.worth else ""
    return f"Owner {journey.owner}; {journey.purpose}{worth}."


def _run_by(journey: Journey) -> str:
    if not journey.run_by:
        return ""
    return f"*{journey.run_by}* counts the steps itself; here it is told what to stop and hold."


def _age(journey: Journey) -> str:
    text = f"If we hear of it more than {spoken(journey.not_older_than)} late, nothing begins."
    thing = "her" if journey.for_each == "customer" else f"a {_named(journey.for_each)}"
    if journey.once:
        text += f" It begins once for {thing}, and never again."
    elif journey.again_after:
        since = f"{spoken(journey.again_after)} after it began"
        text += f" For {thing} it begins again at the earliest {since}."
    return text


def _wait_for(wait: WaitFor) -> str:
    return (
        f"No message leaves before all that she uses of the channel {wait.channel} is complete; "
        f"after {spoken(wait.at_most)} it leaves even so, and the risk is on record."
    )


def _restart(restart: Restart) -> str:
    text = f"When {says(restart.use)}, it begins anew {spoken(restart.after)} later"
    text += " for what is left"
    if restart.only_if:
        text += f", if {phrase(restart.only_if)}"
    return f"{text}."


def standing_text(rules: Iterable[StandingRule]) -> str:
    """The standing rules as paragraphs, one each."""
    paragraphs = ["standing: what holds for each message of every tool."]
    paragraphs += map(_standing, rules)
    return "\n\n".join(fill(text, COLUMNS, break_on_hyphens=False) for text in paragraphs) + "\n"


def conditions_text(conditions: Iterable[Condition]) -> str:
    """The words that journeys are made of, a line or two each."""
    found = ["conditions: the words that journeys are made of; conditions.yaml defines them."]
    for one in conditions:
        word = f"{one.name} {one.takes.upper()}" if one.takes else one.name
        text = f"{word}: {one.says} (hears {', '.join(one.hears)})"
        found.append(fill(text, COLUMNS, subsequent_indent="  ", break_on_hyphens=False))
    return "\n".join(found) + "\n"


def _standing(rule: StandingRule) -> str:
    reason = says(rule.use)
    what = f"all {rule.purpose}" if rule.purpose else "everything"
    if rule.scope in ("message", "endpoint"):
        what = f"a {listed(rule.of, 'or')} message"
    if rule.scope == "endpoint":
        what = f"every {listed(rule.of, 'or')} message to an address of hers"
    elif rule.purpose and rule.use.condition.speaks_of("message"):
        what += " on a channel"
    if rule.verb == "stop":
        text = f"{rule.use.condition.name}: {what} is stopped when {reason}"
    else:
        lasts = _lasts(rule.lasts, rule.at_most)
        if rule.then_rest:
            lasts += f", and {spoken(rule.then_rest)} longer"
        text = f"{rule.use.condition.name}: {what} rests when {reason} ({lasts})"
    if not rule.offer:
        return f"{text}."
    by = listed([_CHANNELS.get(channel, channel) for channel in rule.channels], "or")
    when = "When that is over" if rule.then_rest else "Then"
    return (
        f"{text}. {when} *{rule.offer}* may be offered by {by} for {spoken(rule.good_for)}, "
        f"as {rule.offers_as}."
    )


def _stops(journey: Journey) -> str:
    if not journey.stop_when:
        return "Nothing stops it."
    return f"All of it stops {listed([f'when {says(use)}' for use in journey.stop_when], 'or')}."


def _rests(journey: Journey) -> str:
    if not journey.hold_when:
        return ""
    return f"It rests {'; '.join(map(_hold, journey.hold_when))}."


def _hold(hold: Hold) -> str:
    lasts = _lasts(hold.lasts, hold.at_most)
    return f"when {says(hold.use)} ({lasts}{', then it stops' if hold.then_stop else ''})"


def _lasts(lasts: Span | None, at_most: Span | None) -> str:
    if lasts:
        return f"for {spoken(lasts)}"
    return f"at most {spoken(at_most)}" if at_most else "until that is over"


def _instead(instead: Instead, journey: Journey) -> str:
    ending = [*journey.stop_when, *(hold.use for hold in journey.hold_when)]
    because = next(says(use) for use in ending if use.condition.name == instead.after)
    by = listed([_CHANNELS.get(channel, channel) for channel in instead.channels], "or")
    text = f"Instead, when {because}"
    if instead.only_if:
        text += f" and {phrase(instead.only_if)}"
    text += f", *{instead.offer}* may be offered by {by} for {spoken(instead.good_for)}"
    if instead.unless:
        text += f", unless {listed([says(use) for use in instead.unless], 'or')}"
    return text + "."


def _named(kind: str) -> str:
    return kind.replace("_", " ")


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
