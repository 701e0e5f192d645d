"""The `sources` of a channel file: where a fact names its source, and when one is complete.

Rule: caught up is not complete. What a source has not said by itself (a heartbeat, the end of a
nightly file) nobody concludes from its silence.
"""

import re

from adaptive_stream.catalog.faults import Fault, suggestion
from adaptive_stream.catalog.fields import Fields
from adaptive_stream.catalog.yaml_lines import Node
from adaptive_stream.engine.source import Sources
from adaptive_stream.engine.span import Span, parse_span
from adaptive_stream.formats import parse_path

KEYS = ("named_by", "heartbeat", "nightly_by", "open", "she_uses", "usual_lateness", "worst")
TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
HOME_STORE = "home_store"
USES_REMEDY = "write [home_store, visited 90d]"


def read_sources(channel: Node, faults: list[Fault]) -> tuple[tuple[str, ...], Sources]:
    """Where a fact names its source (nowhere when the file does not say), and what is known."""
    node = channel.get("sources")
    if node is None:
        return (), Sources()
    fields = Fields(node, "`sources`", faults, KEYS, ("named_by",))
    home_store, visited = _she_uses(fields)
    sources = Sources(
        heartbeat=fields.optional_span("heartbeat"),
        nightly_by_minutes=_time_of_day(fields, "nightly_by"),
        open_minutes=_open(fields),
        home_store=home_store,
        visited=visited,
        usual_lateness=fields.optional_span("usual_lateness"),
        worst=fields.optional_span("worst"),
    )
    return _named_by(fields), sources


def _named_by(fields: Fields) -> tuple[str, ...]:
    path = fields.text("named_by")
    if not path:
        return ()
    try:
        return parse_path(path)
    except ValueError as error:
        at = fields.get("named_by") or fields.node
        fields.note(at, "does not say where a source is named", str(error))
        return ()


def _time_of_day(fields: Fields, key: str) -> int | None:
    """Minutes of the local day."""
    node = fields.get(key)
    if node is None:
        return None
    minutes = _minutes(str(node.value))
    if minutes is None:
        fields.note(node, f"{key!r} must be a time of day", 'write it as "02:30"')
    return minutes


def _open(fields: Fields) -> tuple[int, int] | None:
    node = fields.get("open")
    if node is None:
        return None
    start, _, end = str(node.value).partition("-")
    first, last = _minutes(start), _minutes(end)
    if first is None or last is None or first == last:
        fields.note(node, "'open' must be two times of day", 'write it as "07:00-22:00"')
        return None
    return first, last


def _minutes(text: str) -> int | None:
    match = TIME.fullmatch(text.strip())
    return int(match[1]) * 60 + int(match[2]) if match else None


def _she_uses(fields: Fields) -> tuple[bool, Span | None]:
    """Her home store, and for how long the shops that she visited."""
    home_store, visited = False, None
    for node in fields.words("she_uses"):
        word, _, length = str(node.value).partition(" ")
        if word == HOME_STORE and not length:
            home_store = True
            continue
        try:
            visited = parse_span(length.strip())
        except ValueError:
            word = f"{word} …" if word == "visited" else word
        if word != "visited":
            remedy = suggestion(word, [HOME_STORE, "visited"])
            remedy = f"{remedy}; {USES_REMEDY}" if "did" in remedy else USES_REMEDY
            fields.note(node, f"{node.value!r} does not say which sources she uses", remedy)
    return home_store, visited
