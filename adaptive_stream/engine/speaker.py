"""What is said to channels and senders: ids, recipients, records.

Rule 1: ids are derived, and no two things share one: a `~` begins what the engine adds to a name,
and where a name itself has one it is doubled.
Rule 2: a channel is told its own endpoints and no other personal data.
"""

from adaptive_stream.engine.customer import Offer
from adaptive_stream.engine.decision import Opportunity, Suppression
from adaptive_stream.engine.entity import Message
from adaptive_stream.engine.identifier import member_id
from adaptive_stream.engine.journey import Rules
from adaptive_stream.engine.outbox import Recall, of_run
from adaptive_stream.engine.telling import Hush, Judgement, Telling


class Speaker:
    """Turns what was judged of one customer into records for her channels."""

    def __init__(self, judgement: Judgement, rules: Rules) -> None:
        self.customer, self.view, self.rules = judgement.customer, judgement.view, rules
        self.known_ms, self.reach = judgement.occasion.known_ms, judgement.reach

    def offer_id(self, offer: Offer) -> str:
        """No name of an offer holds a `#`, so it is never taken for a step."""
        prefix = f"{self.customer.id}.{self.customer.state_seq}"
        if offer.kind != "step":
            # A rule may offer it again before anything of her state is told.
            again = f"~{offer.not_before_ms}" if offer.rule else ""
            return f"{prefix}.{offer.offer}{again}"
        step = f"{_named(offer.instance)}#{offer.step}"
        return f"{prefix}.{offer.journey}.{step}{self._foreign(offer.member)}"

    def recipients(self, channel: str, messages: list[Message]) -> tuple[tuple[str, str], ...]:
        """Her endpoints on a channel, and what the senders of these messages know her by."""
        senders = (self.rules.senders.get(message.sender) for message in messages)
        types = (type_ for sender in senders if sender for type_ in sender.knows_people_by)
        return self.reach.recipients(channel, *types)

    def suppress(self, telling: Telling) -> list[Suppression]:
        """One record for each channel of the telling, in order of channel."""
        customer, one = self.customer, telling.run
        name = _named(one.instance.key) + self._foreign(one.member) + _repeat(telling.rev)
        return [
            Suppression(
                id=f"{customer.id}.{customer.state_seq}.{channel}.{one.journey.name}.{name}",
                action=telling.action,
                channel=channel,
                customer=customer.id,
                member=one.member,
                state_seq=customer.state_seq,
                rev=telling.rev,
                recipients=self.recipients(channel, planned),
                journey=one.journey.name,
                instance=one.instance.key,
                steps=steps,
                because=telling.because,
                cause=telling.cause,
                event_ms=telling.event_ms,
                known_ms=self.known_ms,
                until_ms=telling.until_ms,
                releasable_until_ms=one.instance.ends_ms if telling.action == "suppress" else None,
                rules=self.rules.id,
                messages=tuple(map(_of_message, planned)),
            )
            for channel, steps in sorted(telling.channels.items())
            for place in [(one.journey.name, one.instance.key, channel)]
            for planned in [of_run(place, self.view, self.rules, self.known_ms)]
        ]

    def recall(self, recall: Recall) -> Suppression:
        """The record for the sender of one message."""
        customer, message = self.customer, recall.message
        name = _named(message.id) + self._foreign(recall.member) + _repeat(recall.rev)
        return Suppression(
            id=f"{customer.id}.{customer.state_seq}.{message.channel}.~message.{name}",
            action=recall.action,
            channel=message.channel,
            customer=customer.id,
            member=recall.member,
            state_seq=customer.state_seq,
            rev=recall.rev,
            recipients=self.recipients(message.channel, [message]),
            journey=message.journey,
            instance=message.instance,
            steps=(message.step,) if message.step else (),
            because=recall.because,
            cause=recall.cause,
            event_ms=recall.event_ms,
            known_ms=self.known_ms,
            until_ms=recall.until_ms,
            releasable_until_ms=message.due if recall.action == "suppress" else None,
            rules=self.rules.id,
            scope="message",
            messages=(_of_message(message),),
        )

    def hush(self, hush: Hush) -> Suppression:
        """The record of a purpose, an address or all that is stopped or held, or free again."""
        customer, place, channel = self.customer, hush.place, hush.channel
        names = (place.scope, place.purpose, _named(place.address))
        member = hush.member or member_id(customer.id)
        name = "~" + ".".join(each for each in names if each)
        name += self._foreign(member) + _repeat(hush.rev)
        return Suppression(
            id=f"{customer.id}.{customer.state_seq}.{channel}.{name}",
            action=hush.action,
            channel=channel,
            customer=customer.id,
            member=member,
            state_seq=customer.state_seq,
            rev=hush.rev,
            recipients=() if hush.nobody else place.recipients(channel, self.reach),
            journey="",
            instance=place.address,
            steps=(),
            because=hush.because,
            cause=hush.cause,
            event_ms=hush.event_ms,
            known_ms=self.known_ms,
            until_ms=hush.until_ms,
            releasable_until_ms=None,
            rules=self.rules.id,
            scope=place.scope,
            purpose=place.purpose,
        )

    def opportunity(self, offer: Offer, action: str, because: str) -> Opportunity:
        """An offer, or its withdrawal with the same id."""
        replaces = (offer.journey, offer.instance)
        reachable = (self.recipients(channel, []) for channel in offer.channels)
        return Opportunity(
            id=offer.id,
            action=action,
            kind=offer.kind,
            customer=self.customer.id,
            member=offer.member,
            state_seq=self.customer.state_seq,
            recipients=next((r for r in reachable if r), ()),
            offer=offer.offer,
            about=offer.about,
            journey=offer.journey if offer.kind == "step" else None,
            instance=offer.instance if offer.kind == "step" else None,
            step=offer.step,
            replaces=replaces if offer.kind == "instead" and offer.journey else None,
            channels=offer.channels,
            purpose=offer.purpose,
            worth=offer.worth,
            not_before_ms=offer.not_before_ms,
            good_until_ms=offer.good_until_ms,
            because=because,
            known_ms=self.known_ms,
            rules=self.rules.id,
            risk=offer.risk or None,
        )

    def _foreign(self, member: str) -> str:
        """Keeps ids apart where two members of a customer hold an instance of one name."""
        return "" if member[2:] == self.customer.id[2:] else f"~{member}"


def _named(name: str) -> str:
    return name.replace("~", "~~")


def _repeat(rev: int) -> str:
    """Of repeated tellings of one thing: a hold that lapses raises no `state_seq`."""
    return "" if rev == 1 else f"~r{rev}"


def _of_message(message: Message) -> dict[str, object]:
    return {
        "message": message.id,
        "sender": message.sender,
        "handle": message.handle,
        "due_ms": message.due,
        "revocable_until_ms": message.revocable_until,
    }
