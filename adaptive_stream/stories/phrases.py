"""The words that a story may use. What is not here is an error, so that no typing mistake passes.

Rule 1: a word of a feature that does not exist yet is known here and *pending*: its row is counted
aloud, never passed.
Rule 2: names of fields come from the outputs themselves; only what stories say in short is listed.
"""

from adaptive_stream.catalog.channels import CHANNELS
from adaptive_stream.engine.fact import FACT_TYPES
from adaptive_stream.engine.fact_data import KEYS
from adaptive_stream.outputs import customer_state, opportunities, state_changed, suppressions
from adaptive_stream.stories.story import Row

VERBS = ("in", "ask", "ans", "out", "not", "see", "do")
FACTS = FACT_TYPES | {"raw"}
ANSWERS = ("allow", "deny", "wait")

TRANSITIONS = (
    "cart.abandoned", "cart.bought", "cart.part_bought", "cart.emptied", "cart.reopened",
    "order.added", "order.reversed", "contract.renewing", "contract.renewed", "contract.ended",
    "service.complaint_open", "service.complaint_closed", "service.effort_high",
    "consent.changed", "preference.changed", "profile.changed", "journey.entered", "journey.ended",
    "customer.merged", "customer.unmerged", "customer.erased", "identity.contested",
    "exposure.seen",
)  # fmt: skip

# Short name of a topic (as stories say it) -> its name, the actions that it carries, its fields.
STATE, OPPORTUNITIES, CUSTOMER_STATE = "state", "opportunities", "customer-state"
TOPIC_OF = {
    STATE: state_changed.TOPIC,
    OPPORTUNITIES: opportunities.TOPIC,
    CUSTOMER_STATE: customer_state.TOPIC,
    **{f"suppressions.{channel}": topic for channel, topic in suppressions.TOPIC_OF.items()},
}
SHORT_OF = {topic: short for short, topic in TOPIC_OF.items()}
LATER_TOPICS = ("decisions", "view", "dlq")

_LIFE = ("reserved", "handed_over", "sent", "revoked", "cancelled", "given_up", "too_late")
_ACTIONS = {
    STATE: TRANSITIONS,
    OPPORTUNITIES: ("offer", "withdraw"),
    CUSTOMER_STATE: ("put", "tombstone"),
    "suppressions": ("suppress", "hold", "release"),
    "decisions": (*_LIFE, "judged"),
    "view": ("put", "tombstone"),
    "dlq": ("put",),
}
# Said by rows, in no payload under that name: expect.py knows where to look.
_SHORT_FIELDS = {
    STATE: ("cart", "order", "contract", "case", "journey", "instance", "status", "remaining")
    + ("identifier", "channel", "purpose", "topic", "touches", "campaign", "from", "to", "into")
    + ("offer", "kind", "key", "transition", "reason"),
    "suppressions": ("message", "sender", "handle", "revocable_until", "purpose"),
    OPPORTUNITIES: ("until", "due_utc"),
}
_PAYLOADS = {
    STATE: state_changed.Payload,
    OPPORTUNITIES: opportunities.Payload,
    "suppressions": suppressions.Payload,
}
MATCHING = ("since", "customer", "has_not")  # They say how to look, not what is there.
COUNTING = ("topic", "since", "until", "value", "max", "action")

# What a fact may say beside its items. `id` and `sent_at` belong to the message around it; a card's
# number is said in order to be refused.
FACT_FIELDS = (*KEYS, "currency", "id", "sent_at", "sku", "card")
RAW_FIELDS = ("bytes", "topic", "key", "file")

QUERIES = ("customer", "count", "topic", "bytes", "metric", "outbox", "sources", "sender") + (
    "report", "diff", "instances", "why", "check", "shadow", "load", "unmerge-report",
)  # fmt: skip
# Beside those that count.
ANSWERED = ("customer", "unmerge-report", "outbox", "topic", "sources", "check") + (
    "shadow", "diff", "instances",
)  # fmt: skip
# What the worker counts and rows may ask for, with its labels; any other is of a later feature.
METRICS: dict[str, tuple[str, ...]] = {
    "identifiers_contested_total": ("type", "reason"),
    "customers_forgotten_total": ("because",),
    "journeys_not_started_total": ("journey", "because"),
    "shadow_would_have_sent_total": ("journey",),
    "shadow_would_have_stopped_total": ("journey",),
    "links_refused_total": ("reason",),
    "merges_total": (),
    "unmerges_total": (),
}
# Of `do customer …`: the fact that the command writes.
REQUESTS = {"merge": "customer.merge", "unmerge": "customer.unmerge"}
# Of `do journeys …`: what needs only files; what changes the rules in force; what tries them out.
AT_THE_DESK = ("new", "check", "explain")
EDITS = ("publish", "pause", "resume", "rollback")
BACKTEST = "backtest"
STOP, START = "stop", "start"  # Of `do … workers`.
REQUEST_CHANNEL = "backoffice"
# What a runner notes where a row looks, beside what comes out.
METRIC, STATE_SIZE, SOURCES = "metric", "state-size", "sources"
DIFF, INSTANCES, SHADOW = "diff", "instances", "shadow"
COMMANDS = ("customer", "journeys", "dlq", "replay", "report", "topics", "load", "stop", "start")


def family(topic: str) -> str:
    """`suppressions` of `suppressions.email`; a topic that stands alone is its own family."""
    return topic.partition(".")[0]


def actions(topic: str) -> tuple[str, ...]:
    """What a row about this topic may name after it."""
    return _ACTIONS.get(family(topic), ())


def known_topic(topic: str) -> bool:
    """Whether rows may speak of this topic, now or once it exists."""
    kind, _, name = topic.partition(".")
    if topic in TOPIC_OF or topic == "decisions":
        return True
    return (kind == "dlq" and name in CHANNELS) or (kind == "view" and bool(name))


def fields(topic: str) -> frozenset[str] | None:
    """The names that a row about this topic may use; None where any may be (later topics)."""
    kind = family(topic)
    if kind not in _PAYLOADS:
        return None
    own = _PAYLOADS[kind].__struct_fields__
    return frozenset((*own, *_SHORT_FIELDS.get(kind, ()), *MATCHING))


def pending(row: Row) -> str:
    """What this row waits for; empty when it can be played and judged today."""
    if row.verb == "in":
        return "records of sample files" if row.action == "raw" and "file" in row.fields else ""
    if row.verb in ("ask", "ans"):
        return "the gate"
    if row.verb == "do":
        known = row.subject in ("journeys", STOP, START) or row.action in REQUESTS.values()
        return "" if known else f"the command `{row.subject}`"
    if row.verb in ("out", "not"):
        return f"the topic {row.subject}" if family(row.subject) in LATER_TOPICS else ""
    if row.verb == "see" and row.subject == "count":
        topic = str(row.fields.get("topic", ""))
        return f"the topic {topic}" if family(topic) in LATER_TOPICS else ""
    if row.verb == "see" and row.subject == "metric":
        name = row.words[0].partition("{")[0]
        return "" if name in METRICS else f"the metric {name}"
    if row.verb == "see" and row.subject not in ANSWERED:
        return f"the query `{row.subject}`"
    return ""


def writes(row: Row) -> bool:
    """Whether a record is written on a channel for this row."""
    said = row.verb == "in" or (row.verb == "do" and row.action in REQUESTS.values())
    return said and not pending(row)


def changes_rules(row: Row) -> bool:
    """Whether other rules are in force after this row."""
    return row.verb == "do" and row.subject == "journeys" and row.words[0] in EDITS


def backtests(row: Row) -> bool:
    """Whether rules are tried on what has happened so far."""
    return row.verb == "do" and row.subject == "journeys" and row.words[0] == BACKTEST


def looks(row: Row) -> bool:
    """Whether a runner has to look at its world at this row's time: no record tells it later."""
    asked = row.subject in (METRIC, SOURCES, SHADOW, INSTANCES)
    asked = asked or "state_bytes_max" in row.fields
    return row.verb == "see" and asked and not pending(row)
