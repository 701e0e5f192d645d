"""senders/*.yaml: the tools that send, one file each: how each is stopped, what it reports."""

from pathlib import PurePosixPath

from adaptive_stream.catalog.binding import IDENTIFIER_TYPE
from adaptive_stream.catalog.faults import Fault, suggestion
from adaptive_stream.catalog.fields import Fields
from adaptive_stream.catalog.journey_words import NAME, Reach
from adaptive_stream.catalog.yaml_lines import Node
from adaptive_stream.engine.sender import REPORTS, STOPS_BY, Sender
from adaptive_stream.engine.span import Span

KEYS = (
    "sender", "channels", "knows_people_by", "stops_by", "recall_lead", "can_release", "reports",
    "silent_after",
)  # fmt: skip
NEEDED = ("sender", "channels", "knows_people_by", "stops_by")


def read_senders(
    documents: dict[str, list[Node]], reach: Reach, faults: list[Fault]
) -> dict[str, Sender]:
    """The senders of these files, by path, as far as they can be read."""
    senders = {}
    for file, nodes in documents.items():
        if len(nodes) != 1:
            if not any(fault.file == file for fault in faults):
                says = f"has {len(nodes)} senders in it" if nodes else "has no sender in it"
                faults.append(Fault(file, 0, "", says, "write one sender in each file"))
            continue
        sender = _sender(nodes[0], PurePosixPath(file).stem, reach, faults)
        senders[sender.name] = sender
    return senders


def _sender(node: Node, stem: str, reach: Reach, faults: list[Fault]) -> Sender:
    fields = Fields(node, "a sender", faults, KEYS, NEEDED)
    name = fields.text("sender")
    if name and (name != stem or not NAME.fullmatch(name)):
        at = fields.get("sender") or node
        fields.note(at, "names another sender than its file", f"write sender: {stem}", name)
    stops_by = fields.choice("stops_by", STOPS_BY)
    recall_lead = fields.optional_span("recall_lead")
    if recall_lead and stops_by != "recall":
        at = fields.get("recall_lead") or node
        remedy = "write `stops_by: recall`, or delete the line"
        fields.note(at, "'recall_lead' is for a sender that is recalled", remedy, "")
    return Sender(
        name=stem,
        channels=_channels(fields, reach),
        knows_people_by=_types(fields),
        stops_by=stops_by,
        recall_lead=recall_lead or Span(),
        can_release=fields.flag("can_release", default=True),
        reports=_reports(fields),
        silent_after=fields.optional_span("silent_after"),
    )


def _channels(fields: Fields, reach: Reach) -> tuple[str, ...]:
    nodes = fields.words("channels")
    for node in nodes:
        if reach.channels and node.value not in reach.sendable:
            says = f"{node.value!r} is no channel on which somebody can be reached"
            fields.note(node, says, suggestion(str(node.value), reach.sendable))
    return tuple(str(node.value) for node in nodes)


def _types(fields: Fields) -> tuple[str, ...]:
    nodes = fields.words("knows_people_by")
    for node in nodes:
        if not IDENTIFIER_TYPE.fullmatch(str(node.value)):
            remedy = "write small letters, digits and _, as in push_token"
            fields.note(node, f"{node.value!r} is no type of identifier", remedy)
    return tuple(str(node.value) for node in nodes)


def _reports(fields: Fields) -> tuple[str, ...]:
    nodes = fields.words("reports")
    for node in nodes:
        if node.value not in REPORTS:
            remedy = suggestion(str(node.value), REPORTS)
            fields.note(node, f"{node.value!r} is nothing that a sender reports", remedy)
    return tuple(str(node.value) for node in nodes)
