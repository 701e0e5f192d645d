"""Preferences: how she says that she wants to be spoken to. The last word on each counts.

What she said binds. What she shows (public.py counts it) only advises.
"""

from adaptive_stream.engine.customer import Kept
from adaptive_stream.engine.fact import Fact

FACTS = ("preference.stated",)
EVERY_CHANNEL = "*"
DATA = ("allow", "days", "do_not_contact")
NEVER = frozenset(("never", "no", "false"))


def key(fact: Fact) -> str:
    """The channel that it is about."""
    return str(fact.data.get("channel") or EVERY_CHANNEL)


def kept_data(fact: Fact) -> dict[str, object]:
    """The fields that fold reads."""
    return {name: fact.data[name] for name in DATA if name in fact.data}


def fold(kept_by_key: dict[str, list[Kept]]) -> dict[str, dict[str, object]]:
    """Channel -> what she said of it: `allow` (never, or another word), `days`."""
    stated: dict[str, dict[str, object]] = {}
    for channel in sorted(kept_by_key):
        said: dict[str, object] = {}
        for kept in kept_by_key[channel]:
            said |= kept.data
            if "do_not_contact" in kept.data:
                said["allow"] = "never" if said.pop("do_not_contact") else "yes"
        stated[channel] = said
    return stated


def refuses(stated: dict[str, dict[str, object]], channel: str) -> bool:
    """Whether she said that this channel is not to be used."""
    words = [stated[name].get("allow") for name in (channel, EVERY_CHANNEL) if name in stated]
    return any(str(word).lower() in NEVER for word in words)
