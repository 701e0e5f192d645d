"""The fetch after a fetch, beside what the client does on its own."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.consumer.subscription_state import SubscriptionState

from adaptive_stream.client.landing import follow_at_once

PLACE = TopicPartition("t", 0)
TURNS = 20  # Of the loop: far more than an answer takes, and no time.


class Client:
    """One broker, which answers a fetch when the test lets it: with nothing new."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._metadata_max_age_ms = 300_000
        self.cluster = SimpleNamespace(leader_for_partition=lambda _: 1)
        self.asked: list[asyncio.Future[Any]] = []

    async def send(self, _node_id: int, _request: Any) -> Any:
        """The answer."""
        self.asked.append(self._loop.create_future())
        return await self.asked[-1]


async def _turn() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)


async def _asked_again(*, ours: bool) -> bool:
    client, subscriptions = Client(), SubscriptionState()
    subscriptions.assign_from_user({PLACE})
    fetcher = Fetcher(client, subscriptions)
    if ours:
        follow_at_once(fetcher)
    subscriptions.subscription.assignment.state_value(PLACE).seek(0)
    await _turn()
    assert len(client.asked) == 1

    fetcher._notify(fetcher._wait_consume_future)  # As when somebody takes records
    client.asked[0].set_result(SimpleNamespace(topics=[], error_code=0))  # in the same moment.
    await _turn()
    asked = len(client.asked)
    await fetcher.close()
    return asked == 2


@pytest.mark.parametrize("ours", [False, True])
def test_a_fetch_that_ends_as_records_are_taken_is_followed_by_the_next(ours: bool) -> None:
    """The client alone forgets that it ended, and sends none for 200 ms."""
    assert asyncio.run(_asked_again(ours=ours)) is ours
