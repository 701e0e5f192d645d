"""Faust's monitor: ten calls a message in stock Faust, none here; process/metrics.py counts."""

from typing import Any

from faust.sensors import Monitor


class SlimMonitor(Monitor):
    """Faust's own monitor without what it does for each event; ours is above."""

    mundane_level = "debug"

    def on_message_in(self, tp: Any, offset: int, message: Any) -> None:
        """Nothing: batches are counted by the stages."""

    def on_stream_event_in(self, tp: Any, offset: int, stream: Any, event: Any) -> None:
        """Nothing."""

    def on_stream_event_out(
        self, tp: Any, offset: int, stream: Any, event: Any, state: Any = None
    ) -> None:
        """Nothing."""

    def on_message_out(self, tp: Any, offset: int, message: Any) -> None:
        """Nothing."""
