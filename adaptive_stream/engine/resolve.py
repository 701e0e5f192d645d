"""Whose is it? One row for each identifier: the member that it belongs to, and her customer.

Rule 1: a row's member never changes; its customer changes only by a remap.
Rule 2: an identifier that nobody knows joins the member of the fact that names it; one that
somebody else has proposes a merge, at the customers' partitions, never here.
Rule 3: the body of a fact is passed on undecoded; only a fact that makes a customer is read.
"""

import msgspec

from adaptive_stream.engine import merge
from adaptive_stream.engine.fact import decode_fact
from adaptive_stream.engine.identifier import customer_id, member_id
from adaptive_stream.engine.message import Arrival, Message

LINKS_MAX = 64  # A device that meets more people than this pays a little more for each link again.


class Row(msgspec.Struct, omit_defaults=True):
    """An identifier's row. `links`: hashes that were told of this one, newest last."""

    member: str
    customer: str
    epoch: int = 0
    links: list[str] = []


class Link(msgspec.Struct, frozen=True):
    """The body of a `link`: who has the identifier that named this one, and its plain text."""

    identifier: str
    member: str
    customer: str


class Resolved(msgspec.Struct, frozen=True):
    """The row afterwards, and what has to be written. `changed`: the row must be stored."""

    row: Row
    messages: tuple[Message, ...]
    changed: bool


encode_row = msgspec.msgpack.Encoder().encode
decode_row = msgspec.msgpack.Decoder(Row).decode
encode_link = msgspec.json.Encoder().encode
decode_link = msgspec.json.Decoder(Link).decode


def resolve(row: Row | None, arrival: Arrival) -> Resolved:
    """One record of identity.facts.v1 on the row of its key (an identifier hash)."""
    if arrival.kind == "fact":
        return _fact(row, arrival)
    if arrival.kind == "link":
        return _link(row, arrival)
    if arrival.kind == "remap":
        return _remap(row, arrival)
    raise AssertionError(f"no such record on identity.facts: {arrival.kind}")


def _fact(row: Row | None, arrival: Arrival) -> Resolved:
    messages: list[Message] = []
    changed = row is None
    if row is None:
        customer = customer_id(arrival.log_ms, arrival.key)
        row = Row(member=member_id(customer), customer=customer)
        identifier = decode_fact(arrival.body).identifiers[0]
        messages.append(_joined(row, arrival.key, identifier))
    messages.append(Message("customer", row.customer, "fact", arrival.body, member=row.member))
    new = [(h, text) for h, text in arrival.ids if h not in row.links and h != arrival.key]
    for identifier_hash, text in new:
        body = encode_link(Link(text, row.member, row.customer))
        messages.append(Message("identity", identifier_hash, "link", body))
    if new:
        row.links = [*row.links, *(h for h, _ in new)][-LINKS_MAX:]
        changed = True
    return Resolved(row, tuple(messages), changed)


def _link(row: Row | None, arrival: Arrival) -> Resolved:
    link = decode_link(arrival.body)
    if row is None:
        row = Row(member=link.member, customer=link.customer)
        return Resolved(row, (_joined(row, arrival.key, link.identifier),), True)
    return Resolved(row, tuple(merge.propose(row.customer, link.customer)), False)


def _remap(row: Row | None, arrival: Arrival) -> Resolved:
    assert row is not None, "a remap names an identifier that a customer was told to have"
    remap = merge.decode_remap(arrival.body)
    # Redirects point to smaller ids: the smallest is the newest word, in whatever order they come.
    if remap.customer >= row.customer:
        return Resolved(row, (), False)
    row.customer, row.epoch = remap.customer, remap.epoch
    return Resolved(row, (), True)


def _joined(row: Row, identifier_hash: str, identifier: str) -> Message:
    body = merge.encode(merge.Joined(identifier_hash, identifier))
    return Message("customer", row.customer, "joined", body, member=row.member)
