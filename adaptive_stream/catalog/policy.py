"""policy/*.yaml: what holds for all journeys."""

from dataclasses import replace
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from adaptive_stream.catalog.faults import Fault
from adaptive_stream.catalog.fields import Fields
from adaptive_stream.catalog.yaml_lines import Node
from adaptive_stream.engine.journey import Policy
from adaptive_stream.engine.span import Span

KEYS = ("zone", "cart_abandoned_after", "substitutes", "effort", "outranked_for")
EFFORT_KEYS = ("touches", "within")
TOUCHES_MAX = 100


def read_policy(nodes: list[Node], faults: list[Fault]) -> Policy:
    """The policy of all documents; each key may be said once. Channels are joined in rules.py."""
    policy = Policy()
    said: dict[str, Node] = {}
    for node in nodes:
        fields = Fields(node, "a policy", faults, KEYS)
        for key in node.value if isinstance(node.value, dict) else ():
            if key in said:
                says = f"{key!r} is said in {said[key].file} too"
                faults.append(Fault(node.file, node.line_of(key), key, says, "keep one of them"))
            said.setdefault(key, node)
        touches, within = _effort(fields, policy)
        policy = replace(
            policy,
            zone=_zone(fields, policy.zone),
            cart_abandoned_after_ms=_exact_ms(
                fields, "cart_abandoned_after", policy.cart_abandoned_after_ms
            ),
            substitutes=fields.flag("substitutes", default=policy.substitutes),
            effort_touches=touches,
            effort_within=within,
            outranked_for=fields.span("outranked_for", policy.outranked_for),
        )
    return policy


def _effort(policy: Fields, default: Policy) -> tuple[int, Span]:
    """From how many contacts about one thing, within how long, her effort is high."""
    node = policy.get("effort")
    if node is None:
        return default.effort_touches, default.effort_within
    fields = Fields(node, "`effort`", policy.faults, EFFORT_KEYS)
    touches = fields.whole("touches", default.effort_touches, 2, TOUCHES_MAX)
    return touches, fields.span("within", default.effort_within)


def _zone(fields: Fields, default: str) -> str:
    zone = fields.text("zone", default)
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # The last two: a path, a folder's name.
        node = fields.get("zone") or fields.node
        fields.note(node, f"{zone!r} is no time zone", "write a city, as Europe/London, or UTC")
        return default
    return zone


def _exact_ms(fields: Fields, key: str, default: int) -> int:
    span = fields.span(key, Span(ms=default))
    if span.days:
        node = fields.get(key) or fields.node
        remedy = f"write {span.days * 24}h: silence is counted in hours, not in days"
        fields.note(node, f"{key!r} must be an exact time", remedy)
        return default
    return span.ms
