"""A partition goes over to other rules: what their difference says to everybody at once.

Rule 1: nobody is visited. A journey that is paused, or none any more, is said to its channels, not
to its customers; they are judged by the new rules with their next fact or by the clock.
Rule 2: what is said is the difference between two rules, so a partition that missed some between
them says what is so in the end.
"""

import msgspec

from adaptive_stream.engine.decision import Suppression
from adaptive_stream.engine.journey import Rules

HELD, GONE, OPEN = "hold", "suppress", ""
BECAUSE = {HELD: "journey_paused", GONE: "journey_withdrawn"}
ENDED = {HELD: "resumed", GONE: "journey_published"}


class Switch(msgspec.Struct, frozen=True):
    """The body of a `rules` record: from here on these rules are in force, unless others with a
    higher `rev` are. `at_ms`: when somebody said so."""

    rev: int
    id: str
    at_ms: int


encode_switch = msgspec.json.Encoder().encode
decode_switch = msgspec.json.Decoder(Switch).decode


def switched(old: Rules, new: Rules, switch: Switch, known_ms: int) -> tuple[Suppression, ...]:
    """What the channels of journeys are told when `new` comes into force after `old`."""
    before, after = _standing(old), _standing(new)
    said = []
    for journey, channel in sorted(before.keys() | after.keys()):
        was, now = (of.get((journey, channel), OPEN) for of in (before, after))
        if now != was:
            action, because = (now, BECAUSE[now]) if now else ("release", ENDED[was])
            said.append(_of_journey(journey, channel, action, because, switch, known_ms))
    return tuple(said)


def _standing(rules: Rules) -> dict[tuple[str, str], str]:
    """How each journey stands on each of its channels, those of earlier steps included."""
    standing = {
        (name, channel): GONE for name, channels in rules.withdrawn.items() for channel in channels
    }
    for journey in (*rules.journeys, *rules.earlier.values()):
        if not journey.shadow:
            paused = HELD if journey.paused else OPEN
            standing |= {(journey.name, channel): paused for channel in journey.channels()}
    return standing


def _of_journey(
    journey: str, channel: str, action: str, because: str, switch: Switch, known_ms: int
) -> Suppression:
    return Suppression(
        id=f"rules.{switch.rev}.{channel}.{journey}",
        action=action,
        channel=channel,
        customer="",
        member="",
        state_seq=0,
        rev=switch.rev,
        recipients=(),
        journey=journey,
        instance="",
        steps=(),
        because=because,
        cause=None,
        event_ms=switch.at_ms,
        known_ms=known_ms,
        until_ms=None,
        releasable_until_ms=None,
        rules=switch.id,
        scope="journey",
    )
