"""Strangers are forgotten: whom no identifier of a person names, and who was not seen for long."""

import msgspec

from adaptive_stream.engine import merge
from adaptive_stream.engine.conclude import Stepped, conclude, unseen
from adaptive_stream.engine.context import Given
from adaptive_stream.engine.customer import Customer
from adaptive_stream.engine.journey import Rules
from adaptive_stream.engine.message import Arrival, Message


def ask_rows(customer: Customer, rules: Rules, given: Given) -> Stepped:
    """Ask the rows of a stranger to forget her; whoever has no name is gone at once.

    She goes only when they have: what they passed on before is in front of their answer.
    """
    body = merge.encode(merge.Forget(customer.id, customer.seen_ms))
    hashes = sorted(h for member in customer.members.values() for h in member.identifiers)
    if not hashes:
        gone = (unseen(customer, given.clock.now_ms),) if customer.state_seq else ()
        return Stepped(None, gone)
    customer.asked_ms = given.clock.now_ms
    messages = tuple(Message("identity", h, "forget", body) for h in hashes)
    concluded = conclude(customer, rules, given, cause=None, known_ms=given.clock.now_ms)
    return msgspec.structs.replace(concluded, messages=messages)


def forgotten(customer: Customer, arrival: Arrival, rules: Rules, given: Given) -> Stepped:
    """A row says that it knows this stranger no more; with the last of them she is gone."""
    for member in customer.members.values():
        member.identifiers.pop(arrival.body.decode(), None)
    due_ms = customer.seen_ms + rules.identity.forgotten_after_ms
    if customer.identifiers() or due_ms > customer.asked_ms:
        return conclude(customer, rules, given, cause=None, known_ms=arrival.log_ms, shown=True)
    gone = (unseen(customer, arrival.log_ms),)
    redirects = tuple(Message("customer", was, "forgotten", b"") for was in customer.was)
    return Stepped(None, gone, redirects, faults=("forgotten:anonymous_expired",))
