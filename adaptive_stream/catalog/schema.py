"""JSON Schemas of the rule files, for editors: which keys there are, which words fit, what each
means. `adaptive-stream journeys schema` writes them to `schemas/` beside the rules.

Rule: an aid and no judge. What they cannot say (a step before this one, a stop that an `instead`
names) `journeys check` says; nothing that it lets pass is marked as wrong by them.
"""

import json
from collections.abc import Collection, Mapping

from adaptive_stream.catalog import (
    conditions,
    journey_start,
    journey_steps,
    journey_stops,
    journeys,
    policy,
    senders,
    standing,
)
from adaptive_stream.catalog.examples import KEYS as EXAMPLE_KEYS
from adaptive_stream.catalog.journey_words import FOR_EACH
from adaptive_stream.catalog.key_words import MEANS
from adaptive_stream.catalog.vocabulary import HEARABLE
from adaptive_stream.engine.journey import PURPOSES
from adaptive_stream.engine.sender import REPORTS, STOPS_BY
from adaptive_stream.engine.word import Condition

Schema = dict[str, object]

SPAN: Schema = {"type": "string", "pattern": "^[0-9]+[smhd]$"}
TEXT: Schema = {"type": "string", "minLength": 1}
NUMBER: Schema = {"type": "number", "minimum": 0}
FLAG: Schema = {"type": "boolean"}
FACTS: Schema = {"type": "array", "items": {"enum": sorted(HEARABLE)}, "minItems": 1}


def schemas(found: Mapping[str, Condition]) -> dict[str, bytes]:
    """Name of a file -> what is in it. `found`: the conditions that there are, by name."""
    defs: Schema = {"$defs": {"condition": _use(found)}}
    use: Schema = {"$ref": "#/$defs/condition"}
    made = {
        "journey.json": _journey(use) | defs,
        "conditions.json": _conditions(),
        "standing.json": _standing(use) | defs,
        "contact.json": _keyed(policy.KEYS, _POLICY, ()),
        "sender.json": _keyed(senders.KEYS, _SENDER, senders.NEEDED),
    }
    head: Schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return {
        name: json.dumps(head | schema, indent=1, ensure_ascii=False).encode() + b"\n"
        for name, schema in made.items()
    }


def _keyed(keys: Collection[str], known: Mapping[str, Schema], needed: Collection[str]) -> Schema:
    """A mapping with these keys, each with what it means."""
    return {
        "type": "object",
        "properties": {key: known[key] | {"description": MEANS[key]} for key in keys},
        "required": list(needed),
        "additionalProperties": False,
    }


def _one_or_more(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "array", "items": schema}]}


def _use(found: Mapping[str, Condition]) -> Schema:
    """A condition as a file names it: its word, one that takes another, or one in line."""
    plain = sorted(name for name, condition in found.items() if not condition.takes)
    taking = sorted(name for name, condition in found.items() if condition.takes)
    inline = _keyed(conditions.INLINE_KEYS, _CONDITION, conditions.INLINE_NEEDED)
    ways: list[Schema] = [{"enum": plain}, inline]
    if taking:
        ways.insert(1, {"type": "string", "pattern": f"^({'|'.join(taking)}) ."})
    return {"anyOf": ways}


def _journey(use: Schema) -> Schema:
    step = _keyed(journey_steps.KEYS, _STEP | {"unless": _one_or_more(use)}, ("send", "by"))
    hold = _keyed(journey_stops.HOLD_KEYS, _HOLD | {"when": use}, ("when",))
    restart = _keyed(
        journey_stops.RESTART_KEYS,
        {"when": use, "after": SPAN, "only_if": _EXPRESSION},
        ("when", "after"),
    )
    instead = _keyed(
        journey_stops.INSTEAD_KEYS, _INSTEAD | {"unless": _one_or_more(use)}, ("after", "offer")
    )
    known: dict[str, Schema] = {
        **dict.fromkeys(("journey", "says", "owner", "run_by"), TEXT),
        "purpose": {"enum": list(PURPOSES)},
        "worth": NUMBER,
        "starts": _keyed(journey_start.KEYS, _STARTS | {"when": use}, ("when", "for_each")),
        "steps": {
            "type": "array",
            "items": {
                "type": "object",
                "minProperties": 1,
                "maxProperties": 1,
                "properties": {"wait": SPAN},
                "additionalProperties": step,
            },
        },
        "stop_when": _one_or_more(use),
        "hold_when": {"type": "array", "items": hold},
        "restart_when": {"type": "array", "items": restart},
        "wait_for": {"type": "object", "additionalProperties": SPAN},
        "instead": {"type": "array", "items": instead},
        "migrate": FLAG,
        "ends": _keyed(("after",), {"after": SPAN}, ("after",)),
        "examples": _EXAMPLES,
    }
    return _keyed(journeys.KEYS, known, journeys.NEEDED)


def _conditions() -> Schema:
    return {
        "type": "object",
        "propertyNames": {"pattern": f"^{conditions.WORD.pattern}$"},
        "additionalProperties": _keyed(conditions.KEYS, _CONDITION, conditions.NEEDED),
    }


def _standing(use: Schema) -> Schema:
    known: dict[str, Schema] = {
        **_HOLD,
        **_INSTEAD,
        "stop": {"enum": [*standing.SCOPES, *PURPOSES]},
        "hold": {"enum": [*standing.SCOPES, *PURPOSES]},
        "of": _one_or_more({"enum": list(PURPOSES)}),
        "when": use,
        "then_rest": SPAN,
        "kind": {"enum": list(standing.KINDS)},
        "offers_as": {"enum": list(PURPOSES)},
        "examples": _EXAMPLES,
    }
    return {"type": "array", "items": _keyed(standing.KEYS, known, ("when",))}


_EXPRESSION: Schema = {"type": "string", "minLength": 1, "maxLength": 500}
_EXAMPLES: Schema = {
    "type": "array",
    "items": _keyed(EXAMPLE_KEYS, dict.fromkeys(EXAMPLE_KEYS, TEXT), EXAMPLE_KEYS),
}
_CONDITION: dict[str, Schema] = {
    "name": {"type": "string", "pattern": f"^{conditions.WORD.pattern}$"},
    "says": TEXT,
    "hears": FACTS,
    "ends_on": FACTS,
    "where": _EXPRESSION,
    "after": SPAN,
    "takes": TEXT,
}
_STARTS: dict[str, Schema] = {
    "for_each": {"enum": list(FOR_EACH)},
    "only_if": _EXPRESSION,
    "not_older_than": SPAN,
    "again": {"anyOf": [{"const": journey_start.NEVER}, SPAN]},
}
_STEP: dict[str, Schema] = {
    "send": TEXT, "by": _one_or_more(TEXT), "good_for": SPAN, "offer": TEXT,
}  # fmt: skip
_HOLD: dict[str, Schema] = {"for": SPAN, "at_most": SPAN, "then": {"const": "stop"}}
_INSTEAD: dict[str, Schema] = {
    "after": TEXT,
    "offer": TEXT,
    "only_if": _EXPRESSION,
    "good_for": SPAN,
    "channels": _one_or_more(TEXT),
}
_POLICY: dict[str, Schema] = {
    "zone": TEXT,
    "cart_abandoned_after": SPAN,
    "substitutes": FLAG,
    "effort": _keyed(
        policy.EFFORT_KEYS, {"touches": {"type": "integer", "minimum": 2}, "within": SPAN}, ()
    ),
    "outranked_for": SPAN,
}
_SENDER: dict[str, Schema] = {
    "sender": TEXT,
    "channels": _one_or_more(TEXT),
    "knows_people_by": _one_or_more(TEXT),
    "stops_by": {"enum": list(STOPS_BY)},
    "recall_lead": SPAN,
    "can_release": FLAG,
    "reports": {"type": "array", "items": {"enum": list(REPORTS)}},
    "silent_after": SPAN,
}
