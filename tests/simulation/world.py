"""Time, processes and what befalls them. Every choice comes from one seed.

Rule 1: a process runs threads: generators that yield what they wait for. Between any two of their
yields it may be killed, frozen, or made to wait.
Rule 2: a request that left takes effect at the broker whatever becomes of who sent it, maybe late.
Rule 3: nothing here knows the protocol.
"""

import heapq
from collections.abc import Callable, Generator
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any

SECOND_MS = 1_000
MINUTE_MS = 60_000
REQUEST_TIMEOUT_MS = 30 * SECOND_MS


class Broken(Exception):
    """An invariant does not hold."""


class Died(Exception):
    """Raised in a thread: its process ends at once."""


@dataclass
class Dangers:
    """How likely what is at each request, as long as `Storm.on`. Drawn anew for each world."""

    kill: float = 0.0
    freeze: float = 0.0
    late: float = 0.0
    fail: float = 0.0

    @classmethod
    def drawn(cls, random: Random) -> "Dangers":
        """Some of them, none always, so that one does not hide what another finds."""
        return cls(
            kill=random.choice((0.0, 0.001, 0.004, 0.01)),
            freeze=random.choice((0.0, 0.001, 0.004, 0.01)),
            late=random.choice((0.0, 0.002, 0.01)),
            fail=random.choice((0.0, 0.001, 0.004)),
        )


class World:
    """A clock in ms, the events to come, and the one source of chance."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.now_ms = 0
        self.dangers = Dangers()
        self.trace: list[str] = []
        self._events: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._numbers = count()

    def after(self, delay_ms: int, act: Callable[..., None], *args: Any) -> None:
        """Acts then."""
        heapq.heappush(
            self._events, (self.now_ms + delay_ms, next(self._numbers), act, args)
        )  # fmt: skip

    def run(self, until_ms: int) -> None:
        """Lets everything happen that is to happen until then."""
        while self._events and self._events[0][0] <= until_ms:
            self.now_ms, _, act, args = heapq.heappop(self._events)
            act(*args)
        self.now_ms = until_ms

    def happens(self, probability: float) -> bool:
        """Whether something so likely happens now."""
        return probability > 0 and self.random.random() < probability

    def latency_ms(self) -> int:
        """Of one way between a process and a broker."""
        if self.happens(self.dangers.late):
            return self.random.choice((300, 3_000, 20_000, 60_000, 240_000))
        return self.random.randint(1, 8)

    def tell(self, what: str) -> None:
        """A line for who repeats this world."""
        self.trace.append(f"{self.now_ms / 1000:10.3f}  {what}")


class Signal:
    """What threads of a process wait for."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._waiting: list[Callable[[], None]] = []

    def fire(self) -> None:
        """Wakes all that wait."""
        waiting, self._waiting = self._waiting, []
        for wake in waiting:
            self._world.after(0, wake)

    def wait(self, timeout_ms: int | None = None) -> "Request":
        """A request that is answered by the next `fire`, or after that time."""

        def begin(answer: "Answer") -> None:
            once = answer.once()
            self._waiting.append(once)
            if timeout_ms is not None:
                self._world.after(timeout_ms, once)

        return begin


class Answer:
    """How a thread goes on. The first answer counts."""

    def __init__(self, thread: "Thread") -> None:
        self.thread = thread
        self._given = False

    def give(self, value: Any) -> None:
        """Lets the thread go on with it."""
        if not self._given:
            self._given = True
            self.thread.go_on(value)

    def once(self) -> Callable[[], None]:
        """The same without a value."""
        return lambda: self.give(None)


Request = Callable[[Answer], None]
Work = Generator[Request, Any, Any]


class Process:
    """Threads that live and die together. `on_death` is called once, with why."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.dead = False
        self.frozen_until_ms = 0
        self.on_death: Callable[[str], None] = lambda _: None
        self.on_freeze: Callable[[], None] = lambda: None

    def start(self, work: Work) -> None:
        """One more thread."""
        self.world.after(0, Thread(self, work).go_on, None)

    @property
    def frozen(self) -> bool:
        """Whether none of its threads moves."""
        return self.world.now_ms < self.frozen_until_ms

    def die(self, why: str) -> None:
        """Kill -9, or os._exit."""
        if not self.dead:
            self.dead = True
            self.world.tell(f"{self.name} dies: {why}")
            self.on_death(why)

    def freeze(self) -> None:
        """SIGSTOP, and some time later SIGCONT."""
        world = self.world
        seconds = world.random.choice((2, 8, 15, 40, 90, 300, 1_200))
        self.frozen_until_ms = world.now_ms + seconds * SECOND_MS
        world.tell(f"{self.name} is frozen for {seconds} s")
        self.on_freeze()

    def harm(self) -> None:
        """Maybe something befalls it here."""
        world = self.world
        if world.happens(world.dangers.kill):
            self.die("killed")
        elif world.happens(world.dangers.freeze):
            self.freeze()

    def sleep(self, delay_ms: int) -> Request:
        """Nothing for a while."""
        return lambda answer: self.world.after(delay_ms, answer.once())

    def ask(self, act: Callable[[], Any], *, may_fail: bool = False) -> Request:
        """A request to a broker and its answer. One that fails ends the process, as one does that
        is not answered in time; whether it took effect nobody knows."""

        def begin(answer: Answer) -> None:
            world = self.world
            self.harm()
            if self.dead and world.happens(0.5):
                return
            latency_ms = world.latency_ms()
            if latency_ms > REQUEST_TIMEOUT_MS:
                world.after(REQUEST_TIMEOUT_MS, self.die, "no answer")
            if may_fail and world.happens(world.dangers.fail):
                self._fail(act, latency_ms)
            else:
                world.after(latency_ms, self._perform, act, answer)

        return begin

    def _fail(self, act: Callable[[], Any], latency_ms: int) -> None:
        if self.world.happens(0.5):
            self.world.after(latency_ms, act)
        self.world.after(latency_ms, self.die, "a request failed")

    def _perform(self, act: Callable[[], Any], answer: Answer) -> None:
        result = act()
        if not self.dead:
            self.world.after(self.world.latency_ms(), self._arrive, answer, result)

    def _arrive(self, answer: Answer, result: Any) -> None:
        self.harm()
        answer.give(result)

    def locally(self, act: Callable[[], Any]) -> Request:
        """Something on this machine; it never happens after the process is gone."""

        def begin(answer: Answer) -> None:
            self.harm()
            if not self.dead:
                result = act()
                self.world.after(0, answer.give, result)

        return begin


class Thread:
    """A generator at work."""

    def __init__(self, process: Process, work: Work) -> None:
        self._process = process
        self._work = work

    def go_on(self, value: Any) -> None:
        """Runs to the next yield, now or when the process thaws."""
        process = self._process
        if process.dead:
            return
        if process.frozen:
            # Looked at again and again: a freeze may end sooner than was thought.
            delay_ms = min(process.frozen_until_ms - process.world.now_ms, MINUTE_MS)
            process.world.after(delay_ms, self.go_on, value)
            return
        try:
            request = self._work.send(value)
        except StopIteration:
            return
        except Died as error:
            process.die(str(error))
            return
        request(Answer(self))
