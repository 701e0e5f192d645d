"""A tool that sends on channels: how it is stopped, and what it reports. One file of senders/."""

from collections.abc import Mapping
from dataclasses import dataclass

from adaptive_stream.engine.fact import MESSAGE
from adaptive_stream.engine.span import Span

STOPS_BY = ("ask", "topic", "recall")  # it asks before each send, reads the topic, or is recalled
REPORTS = tuple(name.removeprefix("message.") for name in MESSAGE)


@dataclass(frozen=True, slots=True)
class Sender:
    """`knows_people_by`: identifier types, preferred first. `recall_lead`: what is due sooner can
    no longer be recalled. `reports`: the message facts that it writes, without `message.`.
    `silent_after`: without a report for so long it counts as silent, None if that is no news."""

    name: str
    channels: tuple[str, ...]
    knows_people_by: tuple[str, ...]
    stops_by: str
    recall_lead: Span = Span()
    can_release: bool = True
    reports: tuple[str, ...] = ()
    silent_after: Span | None = None

    def is_silent(self, silent_ms: int) -> bool:
        """Whether it should have reported within this time."""
        return self.silent_after is not None and silent_ms > _length_ms(self.silent_after)


def silent_after_s(senders: Mapping[str, Sender]) -> dict[str, float]:
    """By name, of those whose silence is news."""
    told = ((name, one.silent_after) for name, one in senders.items())
    return {name: _length_ms(span) / 1000 for name, span in told if span is not None}


def _length_ms(span: Span) -> int:
    """A day of a tool is 24 hours, wherever its people are."""
    return span.ms + span.days * 86_400_000
