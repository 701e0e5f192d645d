"""`customer merge` and `customer unmerge`: a fact with who and why, and what came of it.

Rule: the command decides nothing. It writes a fact to the back office's channel as any tool could,
and waits, for a bounded time, for what the worker says.
"""

import getpass
import secrets
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson
from kafka.errors import KafkaError

from adaptive_stream import outputs
from adaptive_stream.cli.customer_links import CONTESTED
from adaptive_stream.cli.customer_timeline import Teller
from adaptive_stream.cli.exits import Exit, Refused
from adaptive_stream.cli.find_customer import STATE_TOPIC, Found, find_customer
from adaptive_stream.cli.progress import on_terminal
from adaptive_stream.cli.reader import ANSWER_MS, Offsets, Reader
from adaptive_stream.cli.send import opened_producer
from adaptive_stream.cli.topic_name import topic_name
from adaptive_stream.engine.identifier import normalise
from adaptive_stream.engine.journey import Rules
from adaptive_stream.outputs import state_changed

WITHIN_S = 30  # A worker that keeps up needs a second; who waits longer should ask doctor.


class Told(NamedTuple):
    """A record of an output that came after the request. `topic`: as declared."""

    topic: str
    value: dict[str, Any]


class Outcome(NamedTuple):
    """`done`: what was asked for has happened. `refused`: why not, "" while nothing was said.
    `told`: all that the two customers were told."""

    done: bool
    refused: str
    told: list[Told]


class Request:
    """One request about two identifiers ("type:value"), which must be of customers known now."""

    def __init__(self, reader: Reader, prefix: str, words: tuple[str, str], rules: Rules) -> None:
        self.reader, self.prefix, self.rules = reader, prefix, rules
        self.identifiers = tuple(map(_identifier, words))
        if len(set(self.identifiers)) < 2:
            raise Refused(f"{words[0]} and {words[1]} are one identifier", "name two")
        self.found = tuple(self.find(one) for one in self.identifiers)

    def find(self, identifier: str) -> Found:
        """Whose it is now."""
        return find_customer(self.reader, topic_name(STATE_TOPIC, self.prefix), identifier)

    @property
    def are_one(self) -> bool:
        """Whether both are of one customer already."""
        return self.found[0].view["customer"] == self.found[1].view["customer"]

    def make(self, bootstrap: str, type_: str, because: str) -> Outcome:
        """Writes the fact and waits for what comes of it."""
        topics = {
            self.prefix + topic: topic
            for topic in outputs.TOPICS
            if topic != STATE_TOPIC and self.prefix + topic in self.reader.topics
        }
        start = self.reader.end(self.reader.partitions(*topics))
        self._write(bootstrap, type_, because)
        say = on_terminal()
        say("written; waiting for the worker …")
        try:
            return self._outcome(type_, list(self._told(topics, start)))
        finally:
            say("")

    def _write(self, bootstrap: str, type_: str, because: str) -> None:
        named: dict[str, list[str]] = {}
        for identifier in self.identifiers:
            kind, _, value = identifier.partition(":")
            named.setdefault(kind, []).append(value)
        fact = {
            "id": f"cli-{secrets.token_hex(8)}",
            "type": type_,
            "time": int(time.time() * 1000),
            "identifiers": named,
            "data": {"by": getpass.getuser(), "reason": because},
        }
        topic = topic_name("backoffice", self.prefix)
        self.reader.partitions(topic)  # Ends with advice when there is no such topic.
        with opened_producer(bootstrap) as producer:
            try:
                producer.send(topic, orjson.dumps(fact)).get(ANSWER_MS / 1000)
            except KafkaError as error:
                says = f"the request was not taken: {error}"
                raise Refused(says, "ask again: what arrives twice counts once") from error

    def _told(self, topics: dict[str, str], start: Offsets) -> Iterator[Told]:
        """What is told of these customers until all that it led to is there, or time is up."""
        customers = {id_ for found in self.found for id_ in found.ids}
        customers |= {one["customer"] for f in self.found for one in f.view.get("joinings", ())}
        awaited: set[str] | None = None
        until = time.monotonic() + WITHIN_S
        identity, seen = [], set()
        for batch in self.reader.read(start, None):
            for record in batch:
                if record.value is None or (record.key or b"").decode() not in customers:
                    continue
                one = Told(topics[record.topic], orjson.loads(record.value))
                seen.add(one.value["id"])
                yield one
                if one.topic == state_changed.TOPIC:
                    identity.append(one.value)
                    awaited = {id_ for value in identity for id_ in value["led_to"]}
            if _settled(identity) and awaited is not None and awaited <= seen:
                return
            if time.monotonic() > until:
                return

    def _outcome(self, type_: str, told: list[Told]) -> Outcome:
        wanted = "customer.unmerged" if type_ == "customer.unmerge" else "customer.merged"
        names = [
            transition
            for one in told
            if one.topic == state_changed.TOPIC
            for transition in one.value["transitions"]
        ]
        done = any(transition["name"] == wanted for transition in names)
        refused = [
            str(transition["reason"])
            for transition in names
            if transition["name"] == "identity.contested"
            and transition["identifier"] in self.identifiers
        ]
        return Outcome(done, refused[0] if refused and not done else "", told)


def _settled(values: list[dict[str, Any]]) -> bool:
    """Whether both sides of a merge or an unmerge have spoken, or one has refused."""
    names = [
        (transition["name"], "was" in transition or "from" in transition)
        for value in values
        for transition in value["transitions"]
        if transition["name"].startswith(("customer.", "identity."))
    ]
    both = any(first for _, first in names) and any(not first for _, first in names)
    return both or any(name == "identity.contested" for name, _ in names)


def report(request: Request, type_: str, outcome: Outcome) -> dict[str, Any]:
    """Who is who now, and what came of it, for programs and for people."""
    now = {one: request.find(one).view["customer"] for one in request.identifiers}
    sends: list[str] = []
    said = []
    for topic, value in outcome.told:
        for transition in value.get("transitions", ()):
            sends += transition.get("contacts_that_rested_on_it", ())
        found = request.found[0]
        teller = Teller.of(found, request.rules)
        said += [
            {"customer": value["customer"], "channel": entry.where or None, "says": entry.says}
            for entry in teller.output(topic, value)
        ]
    return {
        "request": type_,
        "done": outcome.done,
        "refused": outcome.refused or None,
        "now": now,
        "contacts_that_rested_on_it": sends,
        "told": said,
    }


def report_text(made: dict[str, Any]) -> str:
    """The report in sentences."""
    lines = []
    if not made["done"]:
        lines.append(_why_not(made))
    for identifier, customer in made["now"].items():
        lines.append(f"{identifier} is {customer}")
    for one in made["told"]:
        lines.append(f"  → {one['customer']}  {one['channel'] or '':<10}  {one['says']}".rstrip())
    if made["done"] and made["request"] == "customer.unmerge":
        sends = made["contacts_that_rested_on_it"]
        rested = ", ".join(sends) if sends else "none"
        lines.append(f"sent while they were one: {rested}")
    return "\n".join(lines) + "\n"


def _why_not(made: dict[str, Any]) -> str:
    if made["refused"]:
        because = CONTESTED.get(made["refused"], made["refused"])
        hint = "--override makes them one all the same" if made["refused"] != "shared" else ""
        return f"refused: {because}" + (f"; {hint}" if hint else "")
    if made["request"] == "customer.unmerge":
        return (
            "nothing came of it: what joined them is not known any more (it is kept for 90 days), "
            f"or the worker needs more than {WITHIN_S} s; `adaptive-stream doctor` says which"
        )
    return (
        f"nothing came of it in {WITHIN_S} s: a link that was refused lately is not tried again "
        "(`customer links` says so), or the worker is behind; `adaptive-stream doctor` says which"
    )


def exit_code(outcome: Outcome) -> int:
    """0 when it is as was asked."""
    return Exit.OK if outcome.done else Exit.FAULTS


def _identifier(word: str) -> str:
    kind, colon, value = word.partition(":")
    normal = normalise(kind.strip().lower(), value) if colon else None
    if normal is None:
        raise Refused(f"{word} is no identifier", "write type:value, as in email:ana@example.com")
    return normal
