"""The words that a label may have. All lists are closed; two of them are a deployment's own.

Rule: what is in no list is counted as OTHER, so that no record, however strange, adds a series.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import adaptive_stream
from adaptive_stream.catalog.channels import Channel
from adaptive_stream.engine.guard import LIMITS
from adaptive_stream.engine.journey import Rules
from adaptive_stream.engine.keep import PARTS
from adaptive_stream.engine.reason import SENTENCES
from adaptive_stream.engine.refusal import Dropped, Flaw, Reason

OTHER = "other"
STAGES = ("admit", "resolve", "step")
OUTCOMES = ("accepted", "refused", "dropped", "without_customer")
REFUSALS = tuple(map(str, Reason))
ENGINE_FAULT = "engine_fault"
FLAWS = (
    *map(str, Flaw),
    "time_ahead",
    "unmerge_sealed_or_never_joined",
    *(f"dropped_{part}" for part in (*PARTS, "retraction")),
)
DROPS = tuple(map(str, Dropped))
ACTIONS = ("suppress", "hold", "release")
DOUBTS = ("shared", "limit", "pace", "apart", "muted")  # Why a link is refused.
IDENTIFIER_TYPES = tuple(LIMITS)
MESSAGES = (
    *("link", "unlink", "remap", "contest", "forget", "hold", "endpoint", "joined", "contested"),
    *(
        "context",
        "notice",
        "forgotten",
        "return",
        "redirect",
        "absorb",
        "merge.proposed",
        "merge.offer",
        "merge.go",
    ),
)
TRANSITIONS = (
    *("cart.abandoned", "cart.bought", "cart.part_bought", "cart.emptied", "cart.reopened"),
    *("order.added", "order.reversed"),
    *("contract.renewing", "contract.renewed", "contract.ended"),
    *("service.complaint_open", "service.complaint_closed", "service.effort_high"),
    *("consent.changed", "preference.changed", "profile.changed"),
    *("journey.entered", "journey.ended"),
    *("customer.merged", "customer.unmerged", "customer.erased"),
    *("identity.contested", "exposure.seen"),
)
BUGS = (
    *("ValueError", "TypeError", "KeyError", "IndexError", "AttributeError", "AssertionError"),
    *("DecodeError", "ValidationError", "OverflowError", "ZeroDivisionError", "RuntimeError"),
)
CHECKPOINT_STEPS = ("outputs", "changelog", "store", OTHER)


class Label(NamedTuple):
    """A label and its values; None: those of the deployment (`own_words`)."""

    name: str
    values: tuple[str, ...] | None = None


def own_words(channels: Mapping[str, Channel], rules: Rules) -> dict[str, tuple[str, ...]]:
    """What a deployment's own files name: its channels, journeys, senders, and the reasons
    they give."""
    journeys = (*rules.journeys, *rules.earlier.values())
    uses = [use for journey in journeys for use in journey.uses()]
    conditions = {use.condition.name for use in (*uses, *(rule.use for rule in rules.standing))}
    return {
        "channel": tuple(sorted(channels)),
        "journey": tuple(sorted((*rules.by_name, *rules.withdrawn))),
        "sender": tuple(sorted(rules.senders)),
        "because": _distinct(SENTENCES, sorted(conditions)),
        "rules": (rules.id,),
        "version": (adaptive_stream.__version__,),
    }


def _distinct(*lists: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for words in lists for word in words))
