"""Standing rules over more than one message: a purpose, an address of hers, or all.

Rule 1: as with runs, the rules are judged from the whole view every time, and what is told is the
difference to what was told before: to each channel that could reach her, and to nobody else.
Rule 2: several rules on one thing are one word to a channel: a stop wins over a hold, and of two
holds the one that ends last speaks.
Rule 3: a rule about herself binds every channel, and what is due waits; one whose condition speaks
of a message binds the channel or the address of which it is true, and nothing is due there.
Rule 4: what is offered beside a hold is offered once for each time that its reason came.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

import msgspec

from adaptive_stream.engine.condition import About, endings, hits
from adaptive_stream.engine.customer import Quiet
from adaptive_stream.engine.decision import Cause
from adaptive_stream.engine.identifier import member_id
from adaptive_stream.engine.journey import Rules, StandingRule
from adaptive_stream.engine.parts.consent import ANY_ENDPOINT
from adaptive_stream.engine.place import Place, any_message
from adaptive_stream.engine.telling import RELEASED_BY, Hush, Judgement
from adaptive_stream.engine.view import Hit, View

EVERY = ""  # In the place of a channel: each on which she can be reached.
SAYS = {"stop": "suppress", "hold": "hold"}


@dataclass(frozen=True, slots=True)
class Silence:
    """A rule that keeps something back: since when and why, until when (None: no end known), and
    what ended its reason if only the rest is left."""

    rule: StandingRule
    hit: Hit
    until_ms: int | None
    ended: Cause | None = None

    @property
    def rank(self) -> tuple[bool, float]:
        """Of two the greater speaks."""
        return self.rule.verb == "stop", float("inf") if self.until_ms is None else self.until_ms


def judge_purposes(judgement: Judgement, rules: Rules, now_ms: int) -> None:
    """What is kept back now, what was freed just now, and who has to hear of it."""
    found = _silences(judgement, rules, now_ms)
    known = judgement.customer.quiet
    for name in sorted({*(place.name for place in found), *known}):
        place, quiet = Place.named(name), known.setdefault(name, Quiet())
        by_channel = found.get(place, {})
        ended = _ended(quiet, judgement, now_ms)
        _note(place, by_channel.get(EVERY), quiet, judgement, ended[0])
        _close(place, by_channel, judgement)
        _tell(place, by_channel, quiet, judgement, ended)


def proposed(judgement: Judgement, rules: Rules, now_ms: int) -> Iterator[tuple[StandingRule, Hit]]:
    """The rules that offer something now, each with what it offers it for: when its reason came,
    or with a rest when the reason ended."""
    for rule in rules.standing:
        if rule.offer is None or rule.scope != "purpose":
            continue
        every = list(_of_her(rule, judgement))
        found = [hit for hit, ended in every if ended is None]
        if rule.then_rest:
            found = [Hit(ended.at_ms, ended) for _, ended in every if ended is not None]
        latest = max(found, key=lambda hit: (hit.at_ms, hit.cause.id), default=None)
        if latest is None or rule.good_for.after(latest.at_ms, judgement.view.zone) <= now_ms:
            continue
        quiet = judgement.customer.quiet.setdefault(rule.purpose, Quiet())
        if quiet.offered.get(rule.use.condition.name, -1) < latest.at_ms:
            quiet.offered[rule.use.condition.name] = latest.at_ms
            yield rule, latest


def stands(rule: StandingRule, at_ms: int, judgement: Judgement) -> bool:
    """Whether what a rule offered something for, then, is still so: nobody has taken it back."""
    moments = {moment for hit, ended in _of_her(rule, judgement) for moment in _moments(hit, ended)}
    return at_ms in moments


def moments(judgement: Judgement) -> Iterator[int]:
    """When time alone ends a hold."""
    for quiet in judgement.customer.quiet.values():
        if quiet.because and quiet.until_ms is not None:
            yield quiet.until_ms


def join(mine: dict[str, Quiet], theirs: dict[str, Quiet]) -> None:
    """Two customers are one: who was told of the other is told of this one, and nothing is offered
    again that one of them was offered."""
    for purpose, other in theirs.items():
        quiet = mine.setdefault(purpose, Quiet())
        quiet.rev = max(quiet.rev, other.rev)
        if other.because and not quiet.because:
            quiet.because, quiet.until_ms = other.because, other.until_ms
            quiet.ended_by, quiet.stopped = other.ended_by, other.stopped
        quiet.left |= other.left
        if other.told:
            quiet.left[other.member] = (other.rev, sorted(other.told))
        for rule, at_ms in other.offered.items():
            quiet.offered[rule] = max(at_ms, quiet.offered.get(rule, at_ms))


def said(mine: dict[str, Quiet]) -> dict[str, Quiet]:
    """What somebody takes along who leaves: what was offered, and no hold of its own."""
    return {name: Quiet(rev=one.rev, offered=dict(one.offered)) for name, one in mine.items()}


def _of_her(rule: StandingRule, judgement: Judgement) -> Iterator[tuple[Hit, Cause | None]]:
    if _is_known(rule, judgement):
        yield from _found(rule, _herself(judgement), judgement.view)


def _moments(hit: Hit, ended: Cause | None) -> tuple[int, ...]:
    return (hit.at_ms,) if ended is None else (hit.at_ms, ended.at_ms)


def _silences(judgement: Judgement, rules: Rules, now_ms: int) -> dict[Place, dict[str, Silence]]:
    """What is kept back -> the channel -> what speaks for it there."""
    found: dict[Place, dict[str, Silence]] = {}
    for rule in rules.standing:
        if rule.scope == "message" or not _is_known(rule, judgement):
            continue
        for place, channel, about in _looked_at(rule, judgement):
            for hit, ended in _found(rule, about, judgement.view):
                until_ms = _until_ms(rule, hit, ended, judgement.view)
                if until_ms is None or until_ms > now_ms:
                    silence = Silence(rule, hit, until_ms, ended)
                    by_channel = found.setdefault(place, {})
                    by_channel[channel] = _stronger(by_channel.get(channel), silence)
    return found


def _stronger(one: Silence | None, other: Silence) -> Silence:
    return other if one is None or other.rank > one.rank else one


def _is_known(rule: StandingRule, judgement: Judgement) -> bool:
    """Whether anything that it hears of has ever happened: for most rules and customers not."""
    heard = rule.use.condition.hears
    return bool(judgement.customer.members) and not judgement.view.types.isdisjoint(heard)


def _looked_at(rule: StandingRule, judgement: Judgement) -> Iterator[tuple[Place, str, About]]:
    """What a rule keeps back, on which channel, and what its condition is asked of."""
    view, reach = judgement.view, judgement.reach
    if not rule.use.condition.speaks_of("message"):
        yield Place(rule.scope, rule.purpose), EVERY, _herself(judgement)
        return
    for channel in reach.channels():
        if rule.scope == "purpose":
            place = Place("purpose", rule.purpose)
            yield place, channel, any_message(place, channel, view, reach)
            continue
        for address in reach.addresses(channel):
            for purpose in rule.of:
                place = Place("endpoint", purpose, channel, address)
                yield place, channel, any_message(place, channel, view, reach)


def _herself(judgement: Judgement) -> About:
    return About("customer", min(judgement.customer.members), None)


def _found(rule: StandingRule, about: About, view: View) -> Iterator[tuple[Hit, Cause | None]]:
    """Every time that its condition holds, and each that is over, with what ended it."""
    yield from ((_by_own_word(hit, rule, about), None) for hit in hits(rule.use, about, view))
    yield from endings(rule.use, about, view)


def _by_own_word(hit: Hit, rule: StandingRule, about: About) -> Hit:
    """Of an address the facts that are its own count, though another of hers spoke later."""
    heard = about.entity.heard if about.entity is not None else {}
    own = [heard[type_] for type_ in rule.use.condition.hears if type_ in heard]
    cause = max(own, key=lambda one: (one.at_ms, one.id), default=None)
    return hit if cause is None else Hit(cause.at_ms, cause)


def _until_ms(rule: StandingRule, hit: Hit, ended: Cause | None, view: View) -> int | None:
    if ended is not None:
        rest = rule.then_rest
        return rest.after(ended.at_ms, view.zone) if rest else ended.at_ms
    spans = [span for span in (rule.lasts, rule.at_most) if span]
    return min((span.after(hit.at_ms, view.zone) for span in spans), default=None)


def _ended(quiet: Quiet, judgement: Judgement, now_ms: int) -> tuple[int, str]:
    """When and why it is over, if it is."""
    if quiet.until_ms is not None and quiet.until_ms <= now_ms:
        return quiet.until_ms, RELEASED_BY.get(quiet.ended_by, "hold_lapsed")
    occasion = judgement.occasion
    return occasion.at_ms, RELEASED_BY.get(occasion.trigger, "hold_lapsed")


def _note(
    place: Place, silence: Silence | None, quiet: Quiet, judgement: Judgement, ended_ms: int
) -> None:
    """How it stands on every channel: of what is kept back nothing of ours is due."""
    if silence is not None:
        judgement.held.update(place.purposes)
        quiet.because, quiet.until_ms = silence.rule.use.condition.name, silence.until_ms
        quiet.ended_by = silence.ended.type if silence.ended else ""
        quiet.stopped = silence.rule.verb == "stop"
    elif quiet.because:
        judgement.regained = True
        if not quiet.stopped:  # What a stop kept from her is not made up for.
            judgement.freed |= dict.fromkeys(place.purposes, ended_ms)
        quiet.because, quiet.until_ms, quiet.ended_by, quiet.stopped = "", None, "", False


def _close(place: Place, by_channel: dict[str, Silence], judgement: Judgement) -> None:
    for channel in by_channel.keys() - {EVERY}:
        judgement.reach.close(channel, place.purpose, place.address or ANY_ENDPOINT)


def _tell(
    place: Place,
    by_channel: dict[str, Silence],
    quiet: Quiet,
    judgement: Judgement,
    ended: tuple[int, str],
) -> None:
    """Each channel what differs from what it was told last."""
    reached = place.channels(judgement.reach)
    if place.address and not reached:
        quiet.told = {}  # It is no address of hers any more, and no business of hers.
    said: list[Hush] = []
    for channel in sorted({*reached, *quiet.told}):
        here, everywhere = by_channel.get(channel), by_channel.get(EVERY)
        silence = _stronger(here, everywhere) if everywhere else here
        if silence is None and channel in quiet.told:
            del quiet.told[channel]
            event_ms, because = ended
            said.append(Hush("release", place, channel, because, event_ms, quiet.rev + 1))
        elif silence is not None and channel in reached:
            # A new address of hers hears of a hold that the others know.
            mark = _mark(silence, place.recipients(channel, judgement.reach))
            if quiet.told.get(channel) != mark:
                quiet.told[channel] = mark
                said.append(_hush(silence, place, channel, quiet.rev + 1))
    if said:
        quiet.rev += 1
        quiet.member = member_id(judgement.customer.id)
    # For a channel that keeps what holds by member; of whoever is one with her she speaks herself.
    for member, (rev, channels) in sorted(quiet.left.items()):
        for channel in channels:
            hush = Hush("release", place, channel, "merged", judgement.occasion.at_ms, rev + 1)
            nobody = channel in quiet.told
            said.append(msgspec.structs.replace(hush, member=member, nobody=nobody))
    quiet.left = {}
    judgement.hushes += said


def _hush(silence: Silence, place: Place, channel: str, rev: int) -> Hush:
    return Hush(
        action=SAYS[silence.rule.verb],
        place=place,
        channel=channel,
        because=silence.rule.use.condition.name,
        event_ms=silence.ended.at_ms if silence.ended else silence.hit.at_ms,
        rev=rev,
        cause=silence.ended or silence.hit.cause,
        until_ms=silence.until_ms,
    )


def _mark(silence: Silence, whom: tuple[tuple[str, str], ...]) -> str:
    rule = silence.rule
    said = (rule.verb, rule.use.condition.name, silence.until_ms, whom)
    return blake2b(repr(said).encode(), digest_size=4).hexdigest()
