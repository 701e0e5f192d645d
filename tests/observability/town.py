"""A town at work: shoppers, tills and tools, a dozen facts a second until it is told to stop.

Everybody who left a cart half an hour ago buys what was in it some seconds later. Beside them: who
only looks, who shares a tablet, who swaps cards, a till that sends junk. Two switches spoil it.
"""

import json
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self

from confluent_kafka import Producer

from tests.broker.stack import Stack

ROUNDS_PER_S = 5
BUYS_AFTER_S = 6.0
SENT_WITHIN_S = 10
MINUTE_MS = 60_000
BOOTS = {"sku": "boots-41", "quantity": 1, "price": 89.0}
OWN_CODE = {"sku": "tills-own-code-4711", "quantity": 1, "price": 89.0}

Fact = tuple[str, str, Mapping[str, str], Mapping[str, Any], int]  # channel, type, ids, data, age


class Town:
    """`with Town(stack):` facts flow inside. `junk`: so many of 10 records of the shop are no
    JSON. `codes_agree`: tills call things by the same code as the shop."""

    def __init__(self, stack: Stack) -> None:
        self.junk = 0
        self.codes_agree = True
        self._stack = stack
        self._producer = Producer({"bootstrap.servers": stack.bootstrap, "log_level": 2})
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="town")
        self._carts: deque[tuple[float, int]] = deque()
        self._count = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._producer.flush(SENT_WITHIN_S)

    def _run(self) -> None:
        number = 0
        while not self._stop.wait(1 / ROUNDS_PER_S):
            number += 1
            for fact in (*self._shoppers(number), *self._others(number)):
                self._send(*fact)
            for _ in range(self.junk):
                self._producer.produce(self._stack.topic("channel.web.v1"), b"junk")
            self._producer.poll(0)

    def _send(
        self, channel: str, name: str, who: Mapping[str, str], data: Mapping[str, Any], age_ms: int
    ) -> None:
        self._count += 1
        said = {
            "id": f"f-{self._count}",
            "type": name,
            "time": int(time.time() * 1000) - age_ms,
            "identifiers": who,
            "data": data,
        }
        self._producer.produce(self._stack.topic(f"channel.{channel}.v1"), json.dumps(said))

    def _shoppers(self, number: int) -> Iterator[Fact]:
        """One leaves a cart; whoever left hers some seconds ago buys."""
        who = {"email": f"u{number}@example.com"}
        left = {"cart": f"cart-{number}", "items": [BOOTS], "currency": "GBP"}
        consent = {"channel": "email", "purpose": "marketing", "proof": "form"}
        yield "email", "consent.given", who, consent, 31 * MINUTE_MS
        yield "web", "cart.item_added", who, left, 31 * MINUTE_MS
        yield "web", "product.viewed", who, {"items": [BOOTS]}, 0
        self._carts.append((time.monotonic() + BUYS_AFTER_S, number))
        while self._carts and self._carts[0][0] < time.monotonic():
            _, buyer = self._carts.popleft()
            item = BOOTS if self.codes_agree else OWN_CODE
            order = {"order": f"o-{buyer}", "value": 89.0, "items": [item], "currency": "GBP"}
            yield "store", "order.completed", {"email": f"u{buyer}@example.com"}, order, 0

    def _others(self, number: int) -> Iterator[Fact]:
        """By turns: who links a card, shares a tablet, swaps back; who is late, who is junk."""
        mail, card = {"email": f"v{number}@example.com"}, {"loyalty": f"L-{number}"}
        match number % 20:
            case 1:  # Two who are not known to be one yet.
                yield "store", "store.visited", card, {}, 0
                yield "web", "product.viewed", mail, {"items": [BOOTS]}, 0
            case 5:
                mail, card = {"email": f"v{number - 4}@example.com"}, {"loyalty": f"L-{number - 4}"}
                yield "app", "identity.linked", mail | card, {}, 0
            case 10:  # Of some it was wrong.
                mail, card = {"email": f"v{number - 9}@example.com"}, {"loyalty": f"L-{number - 9}"}
                if number % 60 == 10:
                    yield "backoffice", "customer.unmerge", mail | card, {}, 0
            case 9:  # Two people and one tablet.
                tablet = {"device": f"tab-{number}"}
                for name in ("x", "y"):
                    person = {"email": f"{name}{number}@example.com"}
                    yield "app", "identity.linked", person | tablet, {}, 0
            case 13:  # A cart of the day before yesterday, and a clock that is ahead.
                left = {"cart": f"old-{number}", "items": [BOOTS], "currency": "GBP"}
                yield "web", "cart.item_added", mail, left, 2 * 24 * 60 * MINUTE_MS
                yield "web", "product.viewed", mail, {"items": [BOOTS]}, -20 * MINUTE_MS
            case 17:
                yield "web", "profile.changed", mail, {"language": "en"}, 0
                yield "web", "no.such.fact", mail, {}, 0
