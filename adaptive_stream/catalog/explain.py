"""A journey in plain English: the whole user interface that a manager needs at first.

Rule 1: the text says what the compiled journey does, not what the file says, so that defaults are
told too.
"""

import ast
from textwrap import fill

from adaptive_stream.catalog.spoken import listed, spoken
from adaptive_stream.engine.journey import Expression, Hold, Instead, Journey, Step
from adaptive_stream.engine.reason import says

COLUMNS = 96

_SENT_AS = {
    "email": "an e-mail", "push": "a push message", "sms": "a text message",
    "app": "a message in the app", "directmail": "a letter", "callcentre": "a call",
}  # fmt: skip
_CHANNELS = {"email": "e-mail", "callcentre": "the call centre", "sms": "text message"}
_COMPARED = {
    ast.Eq: "is", ast.NotEq: "is not", ast.Gt: "is above", ast.GtE: "is at least",
    ast.Lt: "is below", ast.LtE: "is at most", ast.In: "is one of", ast.NotIn: "is none of",
}  # fmt: skip
_NOUNS = {"value": "value", "status": "status", "reason": "reason", "store": "store"}


def explain(journey: Journey, shown: str = "") -> str:
    """The journey as paragraphs. `shown`: what its examples show, as `journeys check` found it."""
    paragraphs = [
        f"{journey.name}: {_sentence(journey.says)}",
        f"Owner {journey.owner}; {journey.purpose}; worth {journey.worth:.2f} a message.",
        _run(journey),
        _age(journey),
        _stops(journey),
        _rests(journey),
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


def _age(journey: Journey) -> str:
    return f"If we hear of it more than {spoken(journey.not_older_than)} late, nothing begins."


def _stops(journey: Journey) -> str:
    if not journey.stop_when:
        return "Nothing stops it."
    return f"All of it stops {listed([f'when {says(use)}' for use in journey.stop_when], 'or')}."


def _rests(journey: Journey) -> str:
    if not journey.hold_when:
        return ""
    return f"It rests {'; '.join(map(_hold, journey.hold_when))}."


def _hold(hold: Hold) -> str:
    lasts = "until that is over"
    if hold.lasts:
        lasts = f"for {spoken(hold.lasts)}"
    elif hold.at_most:
        lasts = f"at most {spoken(hold.at_most)}"
    return f"when {says(hold.use)} ({lasts}{', then it stops' if hold.then_stop else ''})"


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


def phrase(expression: Expression) -> str:
    """The expression in words where it is simple, as it is written where it is not."""
    tree = ast.parse(expression.text, mode="eval").body
    return _phrase(tree) or f"`{expression.text}`"


def _phrase(tree: ast.expr) -> str | None:
    match tree:
        case ast.BoolOp(op=op, values=values):
            parts = [part for part in map(_phrase, values) if part]
            joined = listed(parts, "and" if isinstance(op, ast.And) else "or")
            return joined if len(parts) == len(values) else None
        case ast.UnaryOp(
            op=ast.Not(), operand=ast.Attribute(value=ast.Name(id=owner), attr="gift")
        ):
            return f"the {owner} is no gift"
        case ast.Attribute(value=ast.Name(id=owner), attr="gift"):
            return f"the {owner} is a gift"
        case ast.Compare(
            left=ast.Attribute(value=ast.Name(id=owner), attr=attribute),
            ops=[op],
            comparators=[ast.Constant(value=value)],
        ) if attribute in _NOUNS:
            said = f"{value:.2f}" if isinstance(value, int | float) else f"*{value!s}*"
            return f"the {_NOUNS[attribute]} of the {owner} {_COMPARED[type(op)]} {said}"
    return None


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
