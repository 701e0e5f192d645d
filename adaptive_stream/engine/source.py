"""The sources of a channel: how each says that it is complete, and which of them she uses."""

from dataclasses import dataclass

from adaptive_stream.engine.span import Span


@dataclass(frozen=True, slots=True)
class Sources:
    """The `sources` of a channel file.

    `heartbeat`: how often each says that it is alive; `nightly_by_minutes`: when the file of the
    day before has come; `open_minutes`: from and until, minutes of the local day, None for always;
    `home_store`, `visited`: the sources that she uses: her home store's, those that reported of her
    within that time; `usual_lateness`, `worst`: how late its facts come.
    """

    heartbeat: Span | None = None
    nightly_by_minutes: int | None = None
    open_minutes: tuple[int, int] | None = None
    home_store: bool = False
    visited: Span | None = None
    usual_lateness: Span | None = None
    worst: Span | None = None

    @property
    def told(self) -> bool:
        """Whether its sources say when they are complete."""
        return self.heartbeat is not None or self.nightly_by_minutes is not None
