"""Faust's monitor: ten calls a message in stock Faust, none here; metrics/ counts by batch."""

from typing import Any

from faust.sensors import Monitor


class SlimMonitor(Monitor):
    """Faust's own monitor without what it does for each event."""

    mundane_level = "debug"

    def on_message_in(self, *_: Any, **__: Any) -> None:
        """Nothing."""

    on_stream_event_in = on_stream_event_out = on_message_out = on_message_in
