"""Fetches that name only the partitions that moved: a session with each broker (KIP-227).

Answers aiokafka, which names every partition in each fetch and is told of every one in the answer:
of admit's seventy one has something new, and most of a poll's time went into the others.

Rule: nothing rests on a session. Whatever is unclear, an error, a fetch that was cancelled, ends
it, and the next fetch names everything again.
"""

from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.fetch import FetchRequest

KNOWS_SESSIONS = 7  # The first version of the request that does.
NONE, FIRST = 0, 0  # A session's id and epoch before the broker has given it one.
EPOCH_MAX = 0x7FFFFFFF

Place = tuple[str, int]


class Session:
    """What one broker knows of what is to be fetched: (offset, bytes at most) by partition."""

    def __init__(self) -> None:
        self.id, self.epoch = NONE, FIRST
        self.known: dict[Place, tuple[int, int]] = {}

    def end(self) -> None:
        """The next fetch begins another."""
        self.id, self.epoch, self.known = NONE, FIRST, {}

    def answered(self, response: Any) -> None:
        """A fetch of it was."""
        if response.API_VERSION < KNOWS_SESSIONS:
            return
        if response.error_code or response.session_id == NONE:  # It has no room for one.
            self.end()
            return
        self.id = response.session_id
        self.epoch = self.epoch % EPOCH_MAX + 1


class SessionFetch(FetchRequest):
    """A fetch that says what is new to the broker since the last one."""

    _topics: Any

    def __init__(self, session: Session, fetch: FetchRequest) -> None:
        self.__dict__.update(vars(fetch))
        self._session = session

    def build(self, request_struct_class: Any) -> Any:
        """The request in the version that the broker knows."""
        if request_struct_class.API_VERSION < KNOWS_SESSIONS:
            return super().build(request_struct_class)
        session, wanted = self._session, dict[Place, tuple[int, int]]()
        moved: dict[str, list[tuple[int, int, int]]] = {}
        for topic, partitions in self._topics:
            for partition, offset, bytes_max in partitions:
                at = wanted[topic, partition] = offset, bytes_max
                if session.known.get((topic, partition)) != at:
                    moved.setdefault(topic, []).append((partition, offset, bytes_max))
        left: dict[str, list[int]] = {}
        for topic, partition in session.known.keys() - wanted.keys():
            left.setdefault(topic, []).append(partition)
        session.known = wanted
        self._topics = list(moved.items())
        request = super().build(request_struct_class)
        request.session_id, request.session_epoch = session.id, session.epoch
        request.forgotten_topics_data = list(left.items())
        return request


class Sessions:
    """Puts sessions between a client and what fetches with it."""

    def __init__(self, client: AIOKafkaClient) -> None:
        self._send = client.send
        self._of: dict[int, Session] = {}
        client.send = self.send

    async def send(self, node_id: int, request: Any, **how: Any) -> Any:
        """The broker's answer."""
        if not isinstance(request, FetchRequest):
            return await self._send(node_id, request, **how)
        session = self._of.setdefault(node_id, Session())
        try:
            response = await self._send(node_id, SessionFetch(session, request), **how)
        except BaseException:
            session.end()
            raise
        session.answered(response)
        return response
