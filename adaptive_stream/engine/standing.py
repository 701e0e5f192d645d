"""Standing rules over a purpose: while a complaint of hers is open, nothing of marketing goes out.

Rule 1: as with runs, the rules are judged from the whole view every time, and what is told is the
difference to what was told before: to each channel that could reach her, and to nobody else.
Rule 2: several rules on one purpose are one hold; the one that ends last speaks for it.
Rule 3: what is offered beside a hold is offered once for each time that its reason came.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

from adaptive_stream.engine.condition import About, endings, hits
from adaptive_stream.engine.customer import Quiet
from adaptive_stream.engine.decision import Cause
from adaptive_stream.engine.journey import Rules, StandingRule
from adaptive_stream.engine.telling import RELEASED_BY, Hush, Judgement
from adaptive_stream.engine.view import Hit, View


@dataclass(frozen=True, slots=True)
class Silence:
    """A rule that holds a purpose: since when and why, until when (None: no end known), and what
    ended its reason if only the rest is left."""

    rule: StandingRule
    hit: Hit
    until_ms: int | None
    ended: Cause | None = None


def judge_purposes(judgement: Judgement, rules: Rules, now_ms: int) -> None:
    """Which purposes are held now, which were freed just now, and who has to hear of it."""
    quiet = judgement.customer.quiet
    silences = _silences(judgement, rules, now_ms)
    for purpose in sorted({*silences, *quiet}):
        silence = silences.get(purpose)
        if silence is not None:
            judgement.held.add(purpose)
            _hold(silence, quiet.setdefault(purpose, Quiet()), judgement)
        elif quiet[purpose].because:
            _release(purpose, quiet[purpose], judgement, now_ms)


def proposed(judgement: Judgement, rules: Rules, now_ms: int) -> Iterator[tuple[StandingRule, Hit]]:
    """The rules that offer something now, each with what it offers it for: when its reason came,
    or with a rest when the reason ended."""
    for rule in rules.standing:
        if rule.offer is None or rule.scope != "purpose":
            continue
        every = list(_found(rule, judgement))
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
    moments = {moment for hit, ended in _found(rule, judgement) for moment in _moments(hit, ended)}
    return at_ms in moments


def moments(judgement: Judgement) -> Iterator[int]:
    """When time alone ends a hold."""
    for quiet in judgement.customer.quiet.values():
        if quiet.because and quiet.until_ms is not None:
            yield quiet.until_ms


def join(mine: dict[str, Quiet], theirs: dict[str, Quiet]) -> None:
    """Two customers are one: whoever waits for one of them is told, and nothing is offered again
    that one of them was offered."""
    for purpose, other in theirs.items():
        quiet = mine.setdefault(purpose, Quiet())
        quiet.rev = max(quiet.rev, other.rev)
        if other.because and not quiet.because:
            quiet.because, quiet.until_ms = other.because, other.until_ms
            quiet.ended_by, quiet.told = other.ended_by, other.told
        for rule, at_ms in other.offered.items():
            quiet.offered[rule] = max(at_ms, quiet.offered.get(rule, at_ms))


def said(mine: dict[str, Quiet]) -> dict[str, Quiet]:
    """What somebody takes along who leaves: what was offered, and no hold of its own."""
    return {name: Quiet(rev=one.rev, offered=dict(one.offered)) for name, one in mine.items()}


def _moments(hit: Hit, ended: Cause | None) -> tuple[int, ...]:
    return (hit.at_ms,) if ended is None else (hit.at_ms, ended.at_ms)


def _silences(judgement: Judgement, rules: Rules, now_ms: int) -> dict[str, Silence]:
    """Purpose -> what holds it longest."""
    found: dict[str, Silence] = {}
    for rule in rules.standing:
        if rule.verb != "hold" or rule.scope != "purpose":
            continue
        for hit, ended in _found(rule, judgement):
            until_ms = _until_ms(rule, hit, ended, judgement.view)
            if until_ms is not None and until_ms <= now_ms:
                continue
            before = found.get(rule.purpose)
            if before is None or _end(until_ms) > _end(before.until_ms):
                found[rule.purpose] = Silence(rule, hit, until_ms, ended)
    return found


def _found(rule: StandingRule, judgement: Judgement) -> Iterator[tuple[Hit, Cause | None]]:
    """Every time that its condition holds, and each that is over, with what ended it."""
    members, heard = judgement.customer.members, rule.use.condition.hears
    if members and not judgement.view.types.isdisjoint(heard):
        about = About("customer", min(members), None)
        yield from ((hit, None) for hit in hits(rule.use, about, judgement.view))
        yield from endings(rule.use, about, judgement.view)


def _until_ms(rule: StandingRule, hit: Hit, ended: Cause | None, view: View) -> int | None:
    if ended is not None:
        rest = rule.then_rest
        return rest.after(ended.at_ms, view.zone) if rest else ended.at_ms
    spans = [span for span in (rule.lasts, rule.at_most) if span]
    return min((span.after(hit.at_ms, view.zone) for span in spans), default=None)


def _end(until_ms: int | None) -> float:
    return float("inf") if until_ms is None else until_ms


def _hold(silence: Silence, quiet: Quiet, judgement: Judgement) -> None:
    because = silence.rule.use.condition.name
    same = (quiet.because, quiet.until_ms) == (because, silence.until_ms)
    reached = {channel: _digest(channel, judgement) for channel in judgement.reach.channels()}
    # A new address of hers hears of a hold that the others know.
    channels = [c for c, whom in reached.items() if not same or quiet.told.get(c) != whom]
    quiet.because, quiet.until_ms = because, silence.until_ms
    quiet.ended_by = silence.ended.type if silence.ended else ""
    quiet.told |= reached
    cause = silence.ended or silence.hit.cause
    hush = Hush(
        action="hold",
        purpose=silence.rule.purpose,
        because=because,
        channels=tuple(channels),
        event_ms=silence.ended.at_ms if silence.ended else silence.hit.at_ms,
        rev=quiet.rev + 1,
        cause=cause,
        until_ms=silence.until_ms,
    )
    _say(hush, quiet, judgement)


def _release(purpose: str, quiet: Quiet, judgement: Judgement, now_ms: int) -> None:
    occasion = judgement.occasion
    event_ms, because = occasion.at_ms, RELEASED_BY.get(occasion.trigger, "hold_lapsed")
    if quiet.until_ms is not None and quiet.until_ms <= now_ms:
        event_ms, because = quiet.until_ms, RELEASED_BY.get(quiet.ended_by, "hold_lapsed")
    channels = tuple(sorted(quiet.told))
    quiet.because, quiet.until_ms, quiet.ended_by, quiet.told = "", None, "", {}
    judgement.freed[purpose] = event_ms
    hush = Hush("release", purpose, because, channels, event_ms, quiet.rev + 1)
    _say(hush, quiet, judgement)


def _say(hush: Hush, quiet: Quiet, judgement: Judgement) -> None:
    if hush.channels:
        quiet.rev = hush.rev
        judgement.hushes.append(hush)


def _digest(channel: str, judgement: Judgement) -> str:
    return blake2b(repr(judgement.reach.recipients(channel)).encode(), digest_size=4).hexdigest()
