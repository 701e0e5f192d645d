"""What travels between the stages. The shell adds positions; the engine never sees a broker."""

import msgspec


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """One internal record as it reaches `resolve` or `step`.

    kind: on identity.facts.v1 `fact`, `link`, `unlink`, `remap`, `contest`, `forget`, `hold`,
    `endpoint`, `context`; on customer.facts.v1 `fact`, `joined`, `contested`, `merge.proposed`,
    `merge.offer`, `merge.go`, `absorb`, `return`, `redirect`, `forgotten`, `tick`, `notice`.
    key: the identifier hash, or the customer. log_ms: log time in UTC ms (for a tick: its now).
    cause: `topic/partition/offset` of the channel record behind it, or "" for a tick.
    member: on customer.facts.v1, the member that a fact belongs to. ids: on identity.facts.v1,
    the other identifiers of the fact as (hash, "type:value"). type: of a fact, its type. contacts:
    as ids, the endpoints that it gives as hers. trace: the `traceparent` of its channel record, for
    whoever follows single facts; nothing is decided by it.
    """

    kind: str
    key: str
    body: bytes
    log_ms: int
    cause: str = ""
    member: str = ""
    ids: tuple[tuple[str, str], ...] = ()
    type: str = ""
    contacts: tuple[tuple[str, str], ...] = ()
    trace: bytes = b""


class Message(msgspec.Struct, frozen=True, gc=False):
    """One internal record to be written. `to` is `identity` (keyed by identifier hash), `customer`
    (keyed by customer) or `everywhere` (once into each partition of customers); log_ms and cause
    are those of the arrival that made it."""

    to: str
    key: str
    kind: str
    body: bytes
    member: str = ""
    ids: tuple[tuple[str, str], ...] = ()
    type: str = ""
    contacts: tuple[tuple[str, str], ...] = ()
