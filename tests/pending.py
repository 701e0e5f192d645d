"""Counts aloud, at the end of a test run, the rows of stories that nothing can judge yet.

A story test calls `record_pending(record_property, verdicts)`; a pending row is never a passed one.
"""

from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from adaptive_stream.stories.verdict import PENDING, Verdict

_PROPERTY = "pending rows"


def record_pending(
    record_property: Callable[[str, object], None], verdicts: Sequence[Verdict]
) -> None:
    """Notes what the pending rows of one story wait for."""
    waits_for = [verdict.says for verdict in verdicts if verdict.result == PENDING]
    if waits_for:
        record_property(_PROPERTY, waits_for)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    waits_for: Counter[str] = Counter()
    stories = 0
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties if report.when == "call" else ():
            if name == _PROPERTY:
                waits_for.update(value)
                stories += 1
    if waits_for:
        told = ", ".join(f"{count} for {what}" for what, count in waits_for.most_common())
        terminalreporter.write_line(
            f"{waits_for.total()} rows of {stories} stories are pending: {told}", yellow=True
        )
