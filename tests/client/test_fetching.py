"""Fetch sessions beside what the client does on its own, against a broker that takes notes."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.fetch import FetchRequest, FetchRequest_v4, FetchRequest_v11

from adaptive_stream.client.fetching import Sessions

Offsets = dict[int, int]
EVERY = {0: 5, 1: 5, 2: 5}


class Client:
    """Notes each request as a broker reads it, and answers as it is told to."""

    def __init__(self, version: Any = FetchRequest_v11) -> None:
        self.asked: list[Any] = []
        self.error_code = 0
        self.fails = False
        self._version = version

    async def send(self, node_id: int, request: Any) -> Any:
        """The answer."""
        assert node_id == 1
        self.asked.append(request.prepare({1: (0, self._version.API_VERSION)}))
        if self.fails:
            raise KafkaConnectionError
        version = self._version.API_VERSION
        return SimpleNamespace(API_VERSION=version, error_code=self.error_code, session_id=9)


def _fetch(client: Client, *each: Offsets) -> None:
    async def run() -> None:
        for offsets in each:
            topics = [("t", [(partition, at, 1 << 20) for partition, at in offsets.items()])]
            await client.send(1, FetchRequest(50, 1, 1 << 20, 0, topics))

    asyncio.run(run())


def _named(request: Any) -> Offsets:
    return {
        partition: offset for _, each in request.topics for partition, _, offset, *_ in each
    }  # fmt: skip


def test_a_fetch_names_what_moved() -> None:
    """Admit reads seventy partitions, and pays for those in which something happened. The client
    on its own names each of them in each fetch, and is told of each."""
    stock, ours = Client(), Client()
    Sessions(ours)  # type: ignore[arg-type]
    moved = EVERY | {1: 8}
    for client in (stock, ours):
        _fetch(client, EVERY, moved, moved)

    assert [_named(each) for each in stock.asked] == [EVERY, moved, moved]
    assert [_named(each) for each in ours.asked] == [EVERY, {1: 8}, {}]
    assert [(each.session_id, each.session_epoch) for each in ours.asked] == [
        (0, 0),
        (9, 1),
        (9, 2),
    ]


def test_a_partition_that_is_held_back_is_not_sent() -> None:
    """One that has enough to do is taken out of the session, and put in again afterwards."""
    client = Client()
    Sessions(client)  # type: ignore[arg-type]
    _fetch(client, EVERY, {0: 5, 1: 5}, EVERY)

    assert [each.forgotten_topics_data for each in client.asked] == [[], [("t", [2])], []]
    assert _named(client.asked[-1]) == {2: 5}


@pytest.mark.parametrize("how", ["the broker forgot the session", "the fetch failed"])
def test_after_a_doubt_everything_is_named_again(how: str) -> None:
    """A broker that was started again, or an answer that was lost, costs one larger fetch."""
    client = Client()
    Sessions(client)  # type: ignore[arg-type]
    _fetch(client, EVERY)
    if how == "the fetch failed":
        client.fails = True
        with pytest.raises(KafkaConnectionError):
            _fetch(client, EVERY)
    else:
        client.error_code = 70
        _fetch(client, EVERY)
    client.fails, client.error_code = False, 0
    _fetch(client, EVERY, EVERY)

    assert [_named(each) for each in client.asked] == [EVERY, {}, EVERY, {}]
    assert (client.asked[2].session_id, client.asked[2].session_epoch) == (0, 0)


def test_a_broker_without_sessions_is_asked_for_everything() -> None:
    """A Kafka from before 1.1 is read as it always was."""
    client = Client(FetchRequest_v4)
    Sessions(client)  # type: ignore[arg-type]
    topics = [("t", [(0, 5, 1 << 20), (1, 5, 1 << 20)])]

    async def run() -> None:
        for _ in range(2):
            await client.send(1, FetchRequest(50, 1, 1 << 20, 0, topics))

    asyncio.run(run())

    assert [each.topics for each in client.asked] == [topics, topics]
