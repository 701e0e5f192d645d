"""Messages: what senders say they plan for her, have sent her, and what she did with it.

A tool that counts its own steps says what each message is about and until when it can be revoked;
that is all that is needed to stop it, with or without a journey file.
"""

from adaptive_stream.engine.context import Context
from adaptive_stream.engine.customer import Kept
from adaptive_stream.engine.entity import Heard, Message
from adaptive_stream.engine.fact import MESSAGE, Fact
from adaptive_stream.engine.parts.consent import ADDRESS_TYPES
from adaptive_stream.engine.parts.kept import latest_by_type, rank

FACTS = MESSAGE
DATA = (
    "sender",
    "handle",
    "campaign",
    "purpose",
    "class",
    "about",
    "due_ms",
    "revocable_until_ms",
    "standing",
    "journey",
    "instance",
    "step",
    "offer",
    "price",
)
REFUSALS = ("message.bounced", "message.complained")
SENT = ("message.sent", "message.handed_over")
DAY_MS = 86_400_000


def key(fact: Fact) -> str:
    """The message's own id; a report without one stands for itself."""
    return str(fact.data.get("message") or f"~{fact.id}")


def kept_data(fact: Fact) -> dict[str, object]:
    """The fields that fold reads; of a refusal, the address that refused."""
    kept = {name: fact.data[name] for name in DATA if name in fact.data}
    if fact.type in REFUSALS:
        types = ADDRESS_TYPES.get(fact.channel, ())
        refused = [text for text in fact.identifiers if text.partition(":")[0] in types]
        kept |= {"refused_by": refused[0]} if refused else {}
    return kept


def fold(kept_by_key: dict[str, list[Kept]], context: Context) -> dict[str, Message]:
    """Id -> Message."""
    messages = {}
    for name, facts in kept_by_key.items():
        message = _fold_one(name, facts)
        message.shows_old_price = message.planned and _shows_old_price(message, context)
        messages[name] = message
    return messages


def _fold_one(name: str, facts: list[Kept]) -> Message:
    said: dict[str, object] = {}
    for kept in facts:
        said |= kept.data
    plans = [kept for kept in facts if kept.type == "message.scheduled"]
    sent = [kept for kept in facts if kept.type in SENT]
    about = said.get("about")
    price, standing = said.get("price"), said.get("standing") is True
    return Message(
        id=name,
        status=facts[-1].type.partition(".")[2],
        channel=facts[0].channel,
        sender=_text(said, "sender"),
        handle=_text(said, "handle"),
        campaign=_text(said, "campaign"),
        purpose=_text(said, "purpose") or _text(said, "class") or "marketing",
        about=[str(item) for item in about] if isinstance(about, list) else [],
        offer=_text(said, "offer"),
        price_minor=price if isinstance(price, int) else None,
        standing=standing,
        journey=_text(said, "journey"),
        instance=_text(said, "instance"),
        step=_text(said, "step"),
        begun_ms=(plans or facts)[0].at_ms,
        due=_moment(said, "due_ms"),
        revocable_until=_moment(said, "revocable_until_ms"),
        sent_at=sent[0].at_ms if sent else None,
        heard=latest_by_type(facts, name),
    )


def _shows_old_price(message: Message, context: Context) -> bool:
    """Whether one of its items costs something else by now."""
    prices = [context.price(item) for item in message.about] if message.price_minor else []
    return any(price is not None and price[0] != message.price_minor for price in prices)


def sent_steps(kept_by_key: dict[str, list[Kept]]) -> set[tuple[str, str, str]]:
    """(journey, instance, step) of every message that a sender reports as sent or handed over."""
    return {
        (str(k.data.get("journey")), str(k.data.get("instance")), str(k.data.get("step")))
        for facts in kept_by_key.values()
        for k in facts
        if k.type in SENT and "journey" in k.data
    }


def refusals(kept_by_key: dict[str, list[Kept]]) -> dict[str, Heard]:
    """Each address that bounced, or called a message spam, with what it said."""
    said: dict[str, list[Kept]] = {}
    for facts in kept_by_key.values():
        for kept in facts:
            if address := kept.data.get("refused_by"):
                said.setdefault(str(address), []).append(kept)
    return {one: latest_by_type(sorted(facts, key=rank), one) for one, facts in said.items()}


def _text(said: dict[str, object], name: str) -> str:
    return str(said.get(name) or "")


def _moment(said: dict[str, object], name: str) -> int | None:
    value = said.get(name)
    return value if isinstance(value, int) else None
