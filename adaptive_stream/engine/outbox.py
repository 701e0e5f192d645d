"""The outbox: what any tool plans to send her, judged by the standing rules, journey file or not.

Rule 1: a message is judged from the whole view, every time, as a run of a journey is; what is told
is the difference to what was told before.
Rule 2: no suppression that is a lie: what cannot be revoked any more is noted as too late, and
counted, and nobody is told to stop it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from adaptive_stream.engine.condition import About, hits
from adaptive_stream.engine.customer import Customer, Plan
from adaptive_stream.engine.decision import Cause
from adaptive_stream.engine.entity import Message
from adaptive_stream.engine.journey import Rules, StandingRule
from adaptive_stream.engine.occasion import Occasion
from adaptive_stream.engine.parts.consent import (
    ADDRESS_TYPES,
    ANY_ENDPOINT,
    status_of,
    statuses,
)
from adaptive_stream.engine.reach import BY_CONSENT, Reach
from adaptive_stream.engine.telling import RELEASED_BY
from adaptive_stream.engine.verdict import Verdict
from adaptive_stream.engine.view import View

DAY_MS = 86_400_000
# A tool that plans a message about what she has just bought does not know of it yet.
BOUGHT_BEFORE_MS = 14 * DAY_MS
GONE_AFTER_MS = DAY_MS  # What was due so long ago is sent, whether or not anybody reports it.
# What no fact of hers brings (a price, a spot) is looked at this long before it would be too late.
LAST_LOOK_MS = 300_000
BINDING = ("stopped", "too_late")


@dataclass(frozen=True, slots=True)
class Recall:
    """What the sender of one message has to be told. action: suppress, hold, release."""

    action: str
    member: str
    message: Message
    because: str
    rev: int
    event_ms: int
    cause: Cause | None = None
    until_ms: int | None = None


@dataclass(slots=True)
class Judged:
    """`late`: the channels on which it is too late to tell anything; `changed`: some message
    stands otherwise than before."""

    recalls: list[Recall] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    changed: bool = False


def judge_messages(
    customer: Customer, view: View, rules: Rules, occasion: Occasion, reach: Reach
) -> Judged:
    """Every message that is still to go out, by every standing rule about messages."""
    judged = Judged()
    _forget(customer)
    if not view.message_by_id:
        return judged
    standing = [rule for rule in rules.standing if rule.scope == "message"]
    for member, message in _outbox(customer, view, occasion.known_ms) if standing else ():
        sender = rules.senders.get(message.sender)
        _may_be_sent(message, sender.knows_people_by if sender else (), reach, view)
        plan = customer.members[member].plans.get(message.id) or Plan()
        now = _verdict(message, standing, view, occasion.known_ms)
        if (now.status, now.because, now.until_ms) == (plan.status, plan.because, plan.until_ms):
            continue
        if now.status == "stopped" and plan.status in BINDING:
            continue
        too_late = occasion.known_ms > (cut_off_ms(message, rules) or occasion.known_ms)
        recall = _told(plan, message, member, now, occasion, rules, too_late=too_late)
        judged.changed = True
        if recall and not too_late:
            judged.recalls.append(recall)
        elif now.status == "stopped":
            judged.late.append(message.channel)
        customer.members[member].plans[message.id] = plan
    return judged


def cut_off_ms(message: Message, rules: Rules) -> int | None:
    """Until when its sender can still stop it; None for an audience that she is in."""
    if message.revocable_until is not None or message.due is None:
        return message.revocable_until
    sender = rules.senders.get(message.sender)
    recalled = sender is not None and sender.stops_by == "recall"
    lead = sender.recall_lead if sender and recalled else None
    return message.due - (lead.ms + lead.days * DAY_MS if lead else 0)


def moments(customer: Customer, view: View, rules: Rules, now_ms: int) -> Iterator[int]:
    """When time alone could change what is said of a message."""
    for member, message in _outbox(customer, view, now_ms):
        plan = customer.members[member].plans.get(message.id) or Plan()
        if plan.until_ms is not None:
            yield plan.until_ms
        cut_ms = cut_off_ms(message, rules)
        if cut_ms is not None and plan.status not in BINDING and (message.about or message.offer):
            yield cut_ms - LAST_LOOK_MS


def planned(customer: Customer, view: View, now_ms: int) -> list[Message]:
    """What is on its way to her: planned, and nobody was told to stop it."""
    return [
        message
        for member, message in _outbox(customer, view, now_ms)
        if member not in customer.members
        or _plan(customer, member, message.id).status not in BINDING
    ]


def of_run(place: tuple[str, str, str], view: View, rules: Rules, known_ms: int) -> list[Message]:
    """The messages that tools have planned for a run on a channel (journey, instance, channel),
    and that can still be stopped."""
    return [
        message
        for message in view.messages
        if (message.journey, message.instance, message.channel) == place
        and message.planned
        and known_ms <= (cut_off_ms(message, rules) or known_ms)
    ]


def _plan(customer: Customer, member: str, message: str) -> Plan:
    return customer.members[member].plans.get(message) or Plan()


def _outbox(customer: Customer, view: View, now_ms: int) -> Iterator[tuple[str, Message]]:
    """(whose, what) of each message that can still go out. The oldest of the members that have
    heard of it keeps what was told of it."""
    for message in view.message_by_id.values():
        gone = message.due is not None and now_ms >= message.due + GONE_AFTER_MS
        if message.planned and not gone:
            holders = (
                member
                for member, has in sorted(customer.members.items())
                if message.id in has.parts.get("messages", ())
            )
            yield next(holders), message


def _forget(customer: Customer) -> None:
    """What was told of a message is forgotten with the message."""
    for member in customer.members.values():
        if member.plans:
            known = member.parts.get("messages", {})
            member.plans = {name: plan for name, plan in member.plans.items() if name in known}


def _may_be_sent(message: Message, types: tuple[str, ...], reach: Reach, view: View) -> None:
    """What the law and her endpoints say of it. `types`: what its sender knows people by."""
    hers = {f"{kind}:{value}" for kind, value in reach.recipients(message.channel, *types)}
    known = message.channel in ADDRESS_TYPES  # Of other channels the sender knows more than we do.
    message.reachable = bool(hers) or not known
    kinds = ADDRESS_TYPES.get(message.channel, ())
    addresses = {text for text in hers if text.partition(":")[0] in kinds}
    message.refused = bool(addresses) and addresses <= view.refusals.keys()
    message.consent = "given"
    if message.purpose == BY_CONSENT:
        said = statuses(view.consent, message.channel, message.purpose)
        message.consent = status_of(said, addresses or hers or (ANY_ENDPOINT,))


def _verdict(message: Message, standing: list[StandingRule], view: View, now_ms: int) -> Verdict:
    """Stops win over holds; of several holds the one that ends last counts."""
    about = About("message", message.id, message)
    held: list[Verdict] = []
    for rule in standing:
        if message.purpose not in rule.of:
            continue
        since_ms = message.begun_ms - BOUGHT_BEFORE_MS
        fitting = [hit for hit in hits(rule.use, about, view) if since_ms <= hit.at_ms <= now_ms]
        name = rule.use.condition.name
        if fitting and rule.verb == "stop":
            return Verdict("stopped", name, fitting[-1])
        if fitting:
            spans = [span for span in (rule.lasts, rule.at_most) if span]
            ends = [span.after(fitting[0].at_ms, view.zone) for span in spans]
            until_ms = min(ends, default=None)
            if until_ms is None or now_ms < until_ms:
                held.append(Verdict("held", name, fitting[0], until_ms))
    return max(held, key=_length, default=Verdict(""))


def _length(verdict: Verdict) -> float:
    return float("inf") if verdict.until_ms is None else verdict.until_ms


def _told(
    plan: Plan,
    message: Message,
    member: str,
    now: Verdict,
    occasion: Occasion,
    rules: Rules,
    *,
    too_late: bool,
) -> Recall | None:
    """Notes how the message stands now. What its sender is told, None for nothing."""
    before = plan.status
    late = too_late and now.status == "stopped"
    plan.status = "too_late" if late else now.status
    plan.because, plan.until_ms = now.because, now.until_ms
    sender = rules.senders.get(message.sender)
    if now.status:
        action, because = ("suppress" if now.status == "stopped" else "hold"), now.because
    elif before == "too_late" or (before == "stopped" and sender and not sender.can_release):
        return None  # It never heard of a stop, or has forgotten what it stopped.
    else:
        action, because = "release", RELEASED_BY.get(occasion.trigger, "hold_lapsed")
    if too_late:
        return None
    plan.rev += 1
    return Recall(
        action=action,
        member=member,
        message=message,
        because=because,
        rev=plan.rev,
        event_ms=now.hit.at_ms if now.hit else occasion.at_ms,
        cause=now.hit.cause if now.hit else None,
        until_ms=now.until_ms,
    )
