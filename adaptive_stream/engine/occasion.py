"""Why a customer is judged now: a fact came, she was merged, or time went on."""

from dataclasses import dataclass

from adaptive_stream.engine.decision import Cause


@dataclass(frozen=True, slots=True)
class Occasion:
    """`known_ms`: when the log knew it; `cause`: the fact that came, None when it was time alone.

    `absorbed`: the customers that are hers since now, the nearest first. `shown`: her public state
    is another, whether or not that is worth a transition.
    """

    known_ms: int
    cause: Cause | None = None
    absorbed: tuple[str, ...] = ()
    shown: bool = False

    @property
    def at_ms(self) -> int:
        """The event time of whatever no other fact explains."""
        return self.cause.at_ms if self.cause else self.known_ms

    @property
    def trigger(self) -> str:
        """The type of the fact that came, "" for time."""
        return self.cause.type if self.cause else ""
