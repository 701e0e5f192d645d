"""What a partition knows beside its customers: the notices among its rows."""

from functools import partial

from adaptive_stream.engine.context import Context
from adaptive_stream.engine.notice import PREFIX, Notice, decode_notice
from adaptive_stream.stages.outcome import Rows


def context_of(rows: Rows) -> Context:
    """Looks a notice up when somebody asks for it."""
    return Context(partial(_look, rows))


def _look(rows: Rows, subject: str) -> Notice | None:
    key = (PREFIX + subject).encode()
    row = rows([key]).get(key)
    return decode_notice(row.value) if row and row.value else None
