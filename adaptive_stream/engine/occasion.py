"""Why a customer is judged now: a fact came, she was merged, or time went on."""

import msgspec

from adaptive_stream.engine.decision import Cause, Transition


class Occasion(msgspec.Struct, frozen=True):
    """`known_ms`: when the log knew it; `cause`: the fact that came, None when it was time alone.

    `transitions`: what has happened to herself (a merge, a parting). `absorbed`: the customers that
    are hers since now, the nearest first. `shown`: her public state is another, whether or not that
    is worth a transition.
    """

    known_ms: int
    cause: Cause | None = None
    transitions: tuple[Transition, ...] = ()
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
