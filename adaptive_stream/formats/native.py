"""The project's own form: {"id", "type", "time", "sent_at", "source", "identifiers", "data"}."""

from adaptive_stream.engine.admit import Draft
from adaptive_stream.formats.draft import Headers, Reading, Record, as_object, as_text, fact_id


def recognises(record: Record, _headers: Headers) -> bool:
    """Whether a record of unknown format is meant as this one."""
    return "identifiers" in record or "type" in record


def read(record: Record, _headers: Headers) -> Reading:
    """One fact, in the names that all other formats are brought to."""
    return [
        Draft(
            id=fact_id(record.get("id"), record),
            type=record.get("type"),
            time=record.get("time"),
            sent_at=record.get("sent_at"),
            received_at=record.get("received_at"),
            source=as_text(record.get("source")),
            identifiers=as_object(record.get("identifiers")),
            data=as_object(record.get("data")),
        )
    ]
