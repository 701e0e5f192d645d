"""A fetch that came back is followed by the next one at once.

Answers aiokafka: its loop is woken when a fetch ends or when records were taken. Where it is woken
by the second in the moment of the first, it takes note of the fetch's end and yet believes that
it is still under way, and nothing is left that would wake it: all partitions of that broker wait
for 200 ms. Under load this is every few seconds.
"""

from typing import Any


class UnderWay(set[int]):
    """The brokers that a fetch is under way to; the fetcher's loop hears of each that ends."""

    def __init__(self, fetcher: Any) -> None:
        super().__init__(fetcher._in_flight)
        self._fetcher = fetcher

    def discard(self, element: object, /) -> None:
        """A fetch has ended."""
        super().discard(element)
        self._fetcher._notify(self._fetcher._wait_consume_future)


def follow_at_once(fetcher: Any) -> None:
    """Have aiokafka's Fetcher send the next fetch when one has ended."""
    fetcher._in_flight = UnderWay(fetcher)
