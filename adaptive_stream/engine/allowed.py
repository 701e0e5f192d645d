"""May these two be one? The guards, as a winner asks them, with what each side knows of itself.

Rule 1: they are asked when a merge is offered, and again when it is done: meanwhile either side
may have become another.
Rule 2: an identifier that is mute was told of; what rests on it is refused in silence.
"""

from typing import Protocol

import msgspec

from adaptive_stream.engine.customer import Contested, Joining, Member
from adaptive_stream.engine.guard import (
    DAY_MS,
    MUTE_REASONS,
    IdentityPolicy,
    has_person,
    refusal,
)
from adaptive_stream.engine.message import Message

MUTED = "muted"


class Side(msgspec.Struct, frozen=True, omit_defaults=True):
    """One of two identifiers that a fact named together, and whose it was then. `word_to`: to whom
    word of the member was sent, when it is asked about elsewhere before that word has come."""

    customer: str
    member: str
    hash: str
    identifier: str
    word_to: str = ""


class Known(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one side knows of itself. `links_today`, `muted`: of the identifier that was named."""

    identifiers: list[str]
    members: list[str]
    apart: list[tuple[str, str]] = []
    links_today: int = 0
    muted: bool = False


class Whole(Protocol):
    """A customer, or all that she ships."""

    @property
    def members(self) -> dict[str, Member]:
        """As of Customer."""

    @property
    def joinings(self) -> list[Joining]:
        """As of Customer."""

    @property
    def apart(self) -> list[tuple[str, str]]:
        """As of Customer."""

    @property
    def contested(self) -> dict[str, Contested]:
        """As of Customer."""


def known(whole: Whole, side: Side, log_ms: int, policy: IdentityPolicy) -> Known:
    """What a customer knows of herself, as one side of a link at `log_ms`."""
    doubt = whole.contested.get(side.identifier)
    texts = {i for member in whole.members.values() for i in member.identifiers.values()}
    return Known(
        identifiers=sorted(texts),
        members=sorted(whole.members),
        apart=whole.apart,
        links_today=sum(
            joining.at_ms > log_ms - DAY_MS and _brought_people(joining, whole, policy)
            for joining in resting_on(side.hash, whole)
        ),
        muted=doubt is not None and doubt.reason in MUTE_REASONS and log_ms < doubt.until_ms,
    )


def resting_on(identifier_hash: str, whole: Whole) -> list[Joining]:
    """The joinings that this identifier brought about, whichever side of them it was on."""
    return [one for one in whole.joinings if identifier_hash in (one.by, one.named)]


def _brought_people(joining: Joining, whole: Whole, policy: IdentityPolicy) -> bool:
    member = whole.members.get(joining.end)
    return member is not None and has_person(member.identifiers.values(), policy)


def refused(
    mine: Known, theirs: Known, winner: Side, loser: Side, policy: IdentityPolicy
) -> tuple[str, list[Message]]:
    """Why they may not be one ("" if they may), and who has to be told of it."""
    if mine.muted or theirs.muted:
        return MUTED, []
    if parted([*mine.apart, *theirs.apart], mine.members, theirs.members):
        return "apart", [_contest(loser, "apart")]
    reason, blamed = refusal(
        mine.identifiers,
        theirs.identifiers,
        between=(winner.identifier, loser.identifier),
        links_today=(mine.links_today, theirs.links_today),
        policy=policy,
    )
    if not reason:
        return "", []
    return reason, [_contest(winner if blamed == winner.identifier else loser, reason)]


def parted(pairs: list[tuple[str, str]], mine: list[str], theirs: list[str]) -> bool:
    """Whether somebody has parted one of mine from one of theirs."""
    return any(
        (one in mine and other in theirs) or (other in mine and one in theirs)
        for one, other in pairs
    )


def _contest(side: Side, reason: str) -> Message:
    body = msgspec.json.encode({"reason": reason, "identifier": side.identifier})
    return Message("identity", side.hash, "contest", body)
