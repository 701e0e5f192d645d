"""policy/*.yaml: what holds for all journeys."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from adaptive_stream.catalog.faults import Fault
from adaptive_stream.catalog.fields import Fields
from adaptive_stream.catalog.yaml_lines import Node
from adaptive_stream.engine.journey import Policy
from adaptive_stream.engine.span import Span

KEYS = ("zone", "cart_abandoned_after")


def read_policy(nodes: list[Node], faults: list[Fault]) -> Policy:
    """The policy of all documents; each key may be said once. Channels are joined in rules.py."""
    policy = Policy()
    zone, abandoned_after_ms = policy.zone, policy.cart_abandoned_after_ms
    said: dict[str, Node] = {}
    for node in nodes:
        fields = Fields(node, "a policy", faults, KEYS)
        for key in node.value if isinstance(node.value, dict) else ():
            if key in said:
                says = f"{key!r} is said in {said[key].file} too"
                faults.append(Fault(node.file, node.line_of(key), key, says, "keep one of them"))
            said.setdefault(key, node)
        zone = _zone(fields, zone)
        abandoned_after_ms = _exact_ms(fields, "cart_abandoned_after", abandoned_after_ms)
    return Policy(zone=zone, cart_abandoned_after_ms=abandoned_after_ms)


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
