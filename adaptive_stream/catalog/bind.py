"""One more topic in a channel's file, with every line and comment of it left as it stands."""

from pathlib import Path

from adaptive_stream.catalog.faults import CatalogError, Fault
from adaptive_stream.catalog.yaml_lines import Node, load_bytes


def bind(text: str, file: str, topic: str, form: str | None) -> str:
    """The file's text with the topic among those that it reads; the same when it is there.

    Raises CatalogError when the file cannot be read, or reads the topic in another format.
    """
    documents = load_bytes(text.encode(), file)
    read = documents[0].get("read") if documents else None
    entries = read.entries() if read else []
    for entry in entries:
        bound = entry.get("topic")
        if bound is not None and bound.value == topic:
            return _already(text, entry, form)
    lines = text.splitlines()
    last = entries[-1].line if entries else 0
    if not last or not lines[last - 1].lstrip().startswith("-"):
        remedy = f"write below read:, on a line of its own, - {_entry(topic, form)}"
        raise CatalogError([Fault(file, last, "", "does not read one topic a line", remedy)])
    indent = len(lines[last - 1]) - len(lines[last - 1].lstrip())
    while last < len(lines) and lines[last].startswith(" " * (indent + 1)):
        last += 1  # An entry that is written over several lines ends where the indent does.
    lines.insert(last, f"{' ' * indent}- {_entry(topic, form)}")
    return "\n".join(lines) + "\n"


def new_channel(name: str, topic: str, form: str | None) -> str:
    """The file of a channel that reads this topic and on which nothing is sent."""
    return (
        f"channel: {name}\n"
        "read:\n"
        f"  - {_entry(topic, form)}\n"
        "endpoints: []  # or the types of identifiers that reach a person here, preferred first\n"
    )


def channel_path(topics_dir: Path, channel: str) -> Path:
    """Where a channel's file is."""
    return topics_dir / "channels" / f"{channel}.yaml"


def _already(text: str, entry: Node, form: str | None) -> str:
    found = entry.get("format")
    if form is None or (found is not None and found.value == form):
        return text
    word = str(found.value) if found else "auto"
    says, remedy = f"reads the topic as {word} already", f"write format: {form} on that line"
    raise CatalogError([Fault(entry.file, entry.line, word, says, remedy)])


def _entry(topic: str, form: str | None) -> str:
    return f"{{topic: {topic}, format: {form}}}" if form else f"{{topic: {topic}}}"
