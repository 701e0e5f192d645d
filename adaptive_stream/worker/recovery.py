"""Faust's recovery without tables: partitions are taken over by the Keeper.

Answers R1: stock recovery ends without a word when a step of it takes too long, and the worker
never becomes ready again. Here whatever does not work ends the process.
"""

from typing import Any

from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery


class Takeover(Recovery):
    """Runs after every assignment, in Faust's recovery task."""

    mundane_level = "debug"

    async def _resume_streams(self, generation_id: int = 0) -> None:
        app: Any = self.app
        consumer = app.consumer
        await app.on_rebalance_complete.send()
        assignment = consumer.assignment()
        if consumer.revoked or app.consumer_generation_id != generation_id:
            return  # The next assignment signals anew.
        if assignment and not await app.keeper.restore(consumer, app.conf.id, assignment):
            return
        if consumer.revoked or app.consumer_generation_id != generation_id:
            return
        consumer.resume_partitions(assignment)
        self.completed.set()
        app.flow_control.resume()
        consumer.resume_flow()
        await app._fetcher.maybe_start()
        self.tables.on_actives_ready()
        self.tables.on_standbys_ready()
        app.on_rebalance_end()
        app.on_taken_over(assignment)


class Tables(TableManager):
    """There are no Faust tables: state is in checkpoints. This only brings our recovery in."""

    mundane_level = "debug"

    _recovery: Recovery | None

    @property
    def recovery(self) -> Recovery:
        """The service that takes partitions over."""
        if self._recovery is None:
            self._recovery = Takeover(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery

    async def on_start(self) -> None:
        """At once: stock Faust waits a second for tables that may still come."""
        await self._update_channels()
        await self.recovery.start()
