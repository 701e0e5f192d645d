"""What senders have said of one run of a journey: `run` in conditions."""

from collections.abc import Iterable
from functools import cached_property

from adaptive_stream.engine.entity import Message


class Said:
    """The attributes are the words of the expression language: names of its steps."""

    def __init__(self, messages: Iterable[Message], journey: str, instance: str) -> None:
        self._mine = [m for m in messages if (m.journey, m.instance) == (journey, instance)]

    @cached_property
    def sent(self) -> list[str]:
        """Those that a sender reports as sent."""
        return [message.step for message in self._mine if message.sent_at is not None]

    @cached_property
    def opened(self) -> list[str]:
        """Those that she has opened."""
        return self._heard("message.opened")

    @cached_property
    def clicked(self) -> list[str]:
        """Those in which she has clicked."""
        return self._heard("message.clicked")

    def _heard(self, type_: str) -> list[str]:
        return [message.step for message in self._mine if type_ in message.heard]
