"""The `examples:` of a journey: its tests, in the short form of the story format.

Rule 1: here only their shape is read; stories/ understands their rows and plays them.
"""

from dataclasses import dataclass

from adaptive_stream.catalog.faults import Fault
from adaptive_stream.catalog.fields import Fields
from adaptive_stream.catalog.yaml_lines import Node

KEYS = ("it", "story", "expect")


@dataclass(frozen=True, slots=True)
class Example:
    """What happens to one customer, and what must come of it. The lines are those of the keys:
    the first row of a block stands on the line below."""

    it: str
    story: str
    expect: str
    line: int
    story_line: int
    expect_line: int


def read_examples(nodes: list[Node], faults: list[Fault]) -> tuple[Example, ...]:
    """The examples that have all they need."""
    examples = []
    seen: dict[str, int] = {}
    for node in nodes:
        noted = len(faults)
        fields = Fields(node, "an example", faults, KEYS, KEYS)
        it = fields.text("it")
        if it and it in seen:
            at = fields.get("it") or node
            fields.note(at, f"an example on line {seen[it]} says the same", "tell what differs")
        seen.setdefault(it, node.line)
        story, expect = (_block(fields, key) for key in ("story", "expect"))
        if len(faults) == noted:
            lines = (node.line_of("story"), node.line_of("expect"))
            examples.append(Example(it, story, expect, node.line, *lines))
    return tuple(examples)


def _block(fields: Fields, key: str) -> str:
    node = fields.get(key)
    if node is None:
        return ""
    if isinstance(node.value, str) and node.value.strip():
        return node.value
    remedy = f"write `{key}: |` and the rows below it, indented"
    fields.note(node, f"{key!r} of an example takes rows", remedy, str(node.plain()))
    return ""
