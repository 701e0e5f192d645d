"""Messages: what senders say they plan for her, have sent her, and what she did with it."""

from adaptive_stream.engine.customer import Kept
from adaptive_stream.engine.fact import MESSAGE, Fact

FACTS = MESSAGE
DATA = (
    "sender",
    "handle",
    "campaign",
    "about",
    "due_ms",
    "revocable_until_ms",
    "standing",
    "journey",
    "instance",
    "step",
    "offer",
)


def key(fact: Fact) -> str:
    """The message's own id; a report without one stands for itself."""
    return str(fact.data.get("message") or f"~{fact.id}")


def kept_data(fact: Fact) -> dict[str, object]:
    """The fields that fold reads."""
    return {name: fact.data[name] for name in DATA if name in fact.data}


def fold(kept_by_key: dict[str, list[Kept]]) -> dict[str, dict[str, object]]:
    """Message -> what was said of it, JSON-ready, with channel and `status` (the last verb)."""
    messages = {}
    for name, facts in kept_by_key.items():
        said: dict[str, object] = {}
        for kept in facts:
            said |= kept.data
        said["status"] = facts[-1].type.partition(".")[2]
        said["channel"] = facts[0].channel
        messages[name] = said
    return messages


def sent_steps(kept_by_key: dict[str, list[Kept]]) -> set[tuple[str, str, str]]:
    """(journey, instance, step) of every message that a sender reports as sent or handed over."""
    return {
        (str(k.data.get("journey")), str(k.data.get("instance")), str(k.data.get("step")))
        for facts in kept_by_key.values()
        for k in facts
        if k.type in ("message.sent", "message.handed_over") and "journey" in k.data
    }
