"""A tool that sends on channels: how it is stopped, and what it reports. One file of senders/."""

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
