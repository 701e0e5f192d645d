"""The project's own form: {"id", "type", "time", "sent_at", "source", "identifiers", "data"}."""

from adaptive_stream.engine.admit import Draft
from adaptive_stream.formats.draft import Headers, Reading, Record, as_object, as_text, fact_id


def recognises(record: Record, _headers: Headers) -> bool:
    """Whether a record of unknown format is meant as this one."""
    return "identifiers" in record or "type" in record


def read(record: Record, _headers: Headers) -> Reading:
    """One fact, in the names that all other formats are brought to."""
    get = record.get
    draft = Draft(fact_id(get("id"), record), get("type"), get("time"))
    draft.sent_at, draft.received_at = get("sent_at"), get("received_at")
    draft.source = as_text(get("source"))
    draft.identifiers = as_object(get("identifiers"))
    draft.data = as_object(get("data"))
    return [draft]
