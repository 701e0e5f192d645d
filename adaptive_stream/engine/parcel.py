"""Members on their way from one customer to another, with all that is known of them.

Rule: taking in is a join: a repeat, and facts of theirs that were quicker, do no harm.
"""

from collections.abc import Iterable

import msgspec

from adaptive_stream.engine import standing
from adaptive_stream.engine.customer import (
    Contested,
    Customer,
    Gone,
    Joining,
    Member,
    Offer,
    Quiet,
    Told,
)
from adaptive_stream.engine.parts.kept import keep

JOININGS_MAX = 200
APART_MAX = 500
RETURNED_MAX = 500


class Parcel(msgspec.Struct, frozen=True, omit_defaults=True):
    """What travels; each field as of Customer."""

    members: dict[str, Member]
    told: Told
    offers: dict[str, Offer]
    was: list[str]
    joinings: list[Joining]
    apart: list[tuple[str, str]]
    returned: dict[str, Gone]
    contested: dict[str, Contested]
    identity_epoch: int
    consent_epoch: int
    quiet: dict[str, Quiet] = {}


def everything(customer: Customer) -> Parcel:
    """All that she is."""
    return Parcel(**{name: getattr(customer, name) for name in Parcel.__struct_fields__})


def take_in(customer: Customer, parcel: Parcel) -> None:
    """The members and what belongs to them, whoever she is; who stays apart is the caller's
    question."""
    for name, member in parcel.members.items():
        if name in customer.members:
            _join(customer.members[name], member)
        else:
            customer.members[name] = member
    for field in Told.__struct_fields__:
        setattr(customer.told, field, getattr(parcel.told, field) | getattr(customer.told, field))
    for name, offer in parcel.offers.items():
        customer.offers[name if name not in customer.offers else offer.id] = offer
    standing.join(customer.quiet, parcel.quiet)
    customer.was = sorted({*customer.was, *parcel.was})
    customer.contested = parcel.contested | customer.contested
    note_joinings(customer, parcel.joinings)
    hear(customer, parcel.returned)
    customer.identity_epoch = max(customer.identity_epoch, parcel.identity_epoch)
    customer.consent_epoch = max(customer.consent_epoch, parcel.consent_epoch)


def note_joinings(customer: Customer, joinings: Iterable[Joining]) -> None:
    """By what they rest on: what comes twice is one joining, at its first time."""
    found: dict[tuple[str, ...], Joining] = {}
    for one in (*customer.joinings, *joinings):
        found.setdefault((one.customer, one.end, one.beside, one.by, one.named), one)
    customer.joinings = list(found.values())[-JOININGS_MAX:]


def hear(customer: Customer, returned: dict[str, Gone]) -> None:
    """Where members went that are not here: of two words the newer; of too many the newest."""
    newest: dict[str, Gone] = {}
    for name, gone in sorted(
        (*returned.items(), *customer.returned.items()), key=lambda one: (one[1].epoch, one[0])
    ):
        if name not in customer.members and gone.customer != customer.id:
            newest.pop(name, None)
            newest[name] = gone
    customer.returned = dict(list(newest.items())[-RETURNED_MAX:])


def bounded(pairs: list[tuple[str, str]], *together: Iterable[str]) -> list[tuple[str, str]]:
    """Each pair once, the newest last; the oldest go when there are too many, and so does a pair
    that somebody has insisted to be one since."""
    kept = (pair for pair in pairs if not any(set(pair) <= set(whole) for whole in together))
    return list(dict.fromkeys(kept))[-APART_MAX:]


def _join(mine: Member, shipped: Member) -> None:
    """A member of which facts came here before it did: both sets are one set."""
    mine.identifiers |= shipped.identifiers
    mine.retracted = shipped.retracted | mine.retracted
    mine.instances = mine.instances | shipped.instances
    for part, by_key in shipped.parts.items():
        for key, facts in by_key.items():
            for kept in facts:
                keep(mine, part, key, kept)
