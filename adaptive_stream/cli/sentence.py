"""What happened to a customer, in a sentence: facts and transitions in plain words.

A phrase is in segments, parted by `|`: a segment whose fields are not known is left out.
"""

import re
from collections.abc import Mapping

from adaptive_stream.engine import money
from adaptive_stream.engine.fact import Fact

FIELD = re.compile(r"\{(\w+)\}")

FACTS: Mapping[str, str] = {
    "product.viewed": "looked at| {items}",
    "app.opened": "opened the app",
    "page.viewed": "looked at a page",
    "product.searched": "searched for a product",
    "cart.item_added": "put| {items}| into her cart| {cart}",
    "cart.item_removed": "took| {items}| out of her cart| {cart}",
    "cart.emptied": "emptied her cart| {cart}",
    "checkout.started": "went to the checkout| with cart {cart}",
    "order.placed": "ordered| {items}| in {store}| for {value}| (order {order}, not paid yet)",
    "order.completed": "bought| {items}| in {store}| for {value}| (order {order})",
    "order.payment_failed": "her payment failed| (order {order})",
    "order.cancelled": "the order| {order}| was cancelled| by {by}",
    "order.voided": "the receipt| {order}| was voided",
    "order.refunded": "brought back| {items}| (order {order})| because {reason}",
    "order.delivered": "the order| {order}| was delivered",
    "contract.renewal_due": "contract| {contract}| is due for renewal",
    "renewal.viewed": "looked at the renewal| of contract {contract}",
    "renewal.started": "began to renew| contract {contract}",
    "contract.renewed": "renewed| contract {contract}",
    "contract.cancelled": "cancelled| contract {contract}",
    "store.visited": "came into the shop| {store}",
    "loyalty.tier_changed": "changed her tier| to {tier}",
    "case.opened": "a case was opened|: {kind}| ({case})",
    "case.closed": "her case was closed| ({case})",
    "call.ended": "called| about {topic}",
    "chat.ended": "chatted| about {topic}",
    "message.received": "wrote to us| about {topic}",
    "consent.given": "agreed| to {purpose}| by {about_channel}",
    "consent.confirmed": "confirmed her consent| to {purpose}| by {about_channel}",
    "consent.withdrawn": "withdrew her consent| to {purpose}| by {about_channel}",
    "preference.stated": "said how she wants to be reached| ({about_channel})",
    "message.scheduled": "a message was planned|: {message}| by {sender}| about {about}",
    "message.handed_over": "the message| {message}| was handed over| by {sender}",
    "message.sent": "was sent| {message}| ({journey}/{instance}, {step})| by {sender}",
    "message.delivered": "got| {message}",
    "message.opened": "opened| {message}",
    "message.clicked": "clicked in| {message}",
    "message.bounced": "the message| {message}| bounced",
    "message.complained": "complained about| {message}",
    "message.cancelled": "the message| {message}| was cancelled| by {sender}",
    "opportunity.taken": "took the offer| {offer}",
    "opportunity.declined": "declined the offer| {offer}",
    "identity.linked": "was recognised: {identifiers} are one person",
    "identity.unlinked": "was told apart: {identifiers}",
    "customer.registered": "registered| in {store}",
    "profile.changed": "her profile changed",
    "fact.retracted": "{source} took back| {fact}",
}
TRANSITIONS: Mapping[str, str] = {
    "cart.abandoned": "cart {key} is abandoned",
    "cart.bought": "what was in cart {key} is bought",
    "cart.part_bought": "part of cart {key} is bought",
    "cart.emptied": "cart {key} is empty",
    "cart.reopened": "cart {key} is open again",
    "order.added": "order {key} counts",
    "order.reversed": "order {key} no longer counts|: {to}",
    "contract.renewing": "contract {key} is being renewed",
    "contract.renewed": "contract {key} is renewed",
    "contract.ended": "contract {key} has ended",
    "service.complaint_open": "complaint {key} is open",
    "service.complaint_closed": "complaint {key} is closed",
    "consent.changed": "consent to {purpose}| by {channel}| is {to}",
    "profile.changed": "new in her profile: {fields}",
    "journey.entered": "journey {journey} begins for {instance}",
    "journey.ended": "journey {journey} ends for {instance}",
    "customer.merged": "is known to be one with {was}|is now part of {into}",
}


def fact_sentence(fact: Fact) -> str:
    """What she did, or what was done, as its source told it."""
    currency = str(fact.data.get("currency", ""))
    known: dict[str, object] = {**fact.data, "source": fact.source or fact.channel}
    known["about_channel"] = fact.data.get("channel")
    known["identifiers"] = " and ".join(fact.identifiers)
    known["items"] = ", ".join(
        line.item
        + (f" x{line.quantity}" if line.quantity != 1 else "")
        + (f" at {_amount(line.price, currency)}" if line.price is not None else "")
        for line in fact.lines
    )
    known["items"] = known["items"] or fact.data.get("item")
    if isinstance(value := fact.data.get("value"), int):
        known["value"] = f"{_amount(value, currency)} {currency}".rstrip()
    return _filled(FACTS.get(fact.type, _unworded(fact.type)), known)


def transition_sentence(transition: Mapping[str, object]) -> str:
    """What became of it, from a record of customer.state-changed.v1."""
    name = str(transition["name"])
    return _filled(TRANSITIONS.get(name, _unworded(name) + "| {key}"), transition)


def _unworded(name: str) -> str:
    return name.replace(".", " ").replace("_", " ")


def _amount(minor: int, currency: str) -> str:
    digits = money.EXPONENTS.get(currency, 2)
    return f"{money.major_units(minor, currency):.{digits}f}"


def _filled(phrase: str, known: Mapping[str, object]) -> str:
    said = []
    for segment in phrase.split("|"):
        fields = {name: _text(known.get(name)) for name in FIELD.findall(segment)}
        if all(fields.values()):
            said.append(segment.format(**fields))
    return re.sub(r"\s+", " ", "".join(said)).strip()


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
