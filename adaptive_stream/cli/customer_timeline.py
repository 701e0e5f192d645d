"""All that happened to one customer, drawn where it happened.

Rule 1: a fact stands at its event time, however late it came; what we did stands where we did it.
Rule 2: what was known more than a minute after it happened says when it was known.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import orjson

from adaptive_stream import outputs
from adaptive_stream.cli.find_customer import Found
from adaptive_stream.cli.reader import Reader
from adaptive_stream.cli.sentence import fact_sentence, transition_sentence
from adaptive_stream.engine.fact import decode_fact
from adaptive_stream.engine.journey import Rules
from adaptive_stream.engine.reason import sentence
from adaptive_stream.outputs import customer_state, opportunities, state_changed

FACTS_TOPIC = "customer.facts.v1"
LATE_MS = 60_000
VERBS = {"suppress": "stopped", "hold": "held back", "release": "released"}
# What came of a fact is told below it, though it has the same time.
ORDER = ("fact", "state", "suppression", "offer")


class Entry(NamedTuple):
    """One line of the timeline. `where`: the channel; `id`: of the fact or the record."""

    at_ms: int
    known_ms: int
    kind: str
    where: str
    says: str
    id: str

    def as_json(self) -> dict[str, object]:
        """The line as an object; times in UTC."""
        return {
            "time": _utc(self.at_ms),
            "known_time": _utc(self.known_ms),
            "kind": self.kind,
            "channel": self.where or None,
            "says": self.says,
            "id": self.id,
        }


def zone_of(found: Found, rules: Rules) -> ZoneInfo:
    """Where her clock stands, as far as that is known."""
    return ZoneInfo(found.view.get("profile", {}).get("zone", rules.policy.zone))


def entries(reader: Reader, prefix: str, found: Found, rules: Rules) -> list[Entry]:
    """Facts, changes, suppressions and offers of the customer and of all that she was."""
    teller = Teller.of(found, rules)
    keys = [one.encode() for one in found.ids]
    topics = {prefix + topic: topic for topic in (FACTS_TOPIC, *outputs.TOPICS)}
    topics.pop(prefix + customer_state.TOPIC)  # The newest state is no event.
    facts: dict[tuple[str, ...], Entry] = {}
    told: dict[tuple[str, ...], Entry] = {}
    for record in reader.read_all(*(t for t in topics if t in reader.topics), keys=keys):
        if topics[record.topic] == FACTS_TOPIC:
            _add_fact(facts, record)
        else:
            for entry in teller.output(topics[record.topic], orjson.loads(record.value)):
                told[entry.kind, entry.where, entry.id, entry.says] = entry
    return sorted(
        (*facts.values(), *told.values()),
        key=lambda entry: (entry.at_ms, entry.known_ms, ORDER.index(entry.kind)),
    )


def timeline_text(found: Found, shown: list[Entry], zone: ZoneInfo) -> str:
    """The timeline in the customer's own time. What came of a fact is indented below it."""
    names = ", ".join(f"{one['type']}:{one['value']}" for one in found.view["identifiers"])
    lines = [f"{found.view['customer']}  {names}", f"times in {zone.key}", ""]
    day = ""
    for entry in shown:
        at = _local(entry.at_ms, zone)
        if at[:10] != day:
            day = at[:10]
            lines.append(day)
        late = ""
        if entry.known_ms - entry.at_ms > LATE_MS:
            late = f"  [known {_local(entry.known_ms, zone)}]"
        mark = "  " if entry.kind == "fact" else "  → "
        lines.append(f"  {at[11:]}{mark}{entry.where:<10}  {entry.says}{late}")
    return "\n".join(lines) + "\n"


def _add_fact(facts: dict[tuple[str, ...], Entry], record: Any) -> None:
    """A fact as it reached the customer; one that moved with a merge is told once, as it came."""
    headers = dict(record.headers)
    if headers.get("k") != b"fact":
        return
    fact = decode_fact(record.value)
    name = (fact.channel, fact.source, fact.type, fact.id)
    known_ms = int(headers.get("log_ms", record.timestamp))
    if name not in facts or known_ms < facts[name].known_ms:
        says = fact_sentence(fact)
        facts[name] = Entry(fact.at_ms, known_ms, "fact", fact.channel, says, fact.id)


class Teller:
    """Puts records of the outputs into words, in the words of the rules and in her own time."""

    def __init__(self, rules: Rules, zone: ZoneInfo) -> None:
        self.rules, self.zone = rules, zone

    @classmethod
    def of(cls, found: Found, rules: Rules) -> "Teller":
        """In the words and the time of this customer."""
        return cls(rules, zone_of(found, rules))

    def output(self, topic: str, value: dict[str, Any]) -> Iterator[Entry]:
        """The lines of one record."""
        known_ms = _ms(value["known_time"])
        if topic == state_changed.TOPIC:
            for transition in value["transitions"]:
                at_ms = _ms(transition.get("event_time") or value["event_time"])
                says = transition_sentence(transition)
                yield Entry(at_ms, known_ms, "state", "", says, value["id"])
        elif topic == opportunities.TOPIC:
            yield Entry(known_ms, known_ms, "offer", "", self._offer(value), value["id"])
        else:
            says = self._suppression(value)
            yield Entry(known_ms, known_ms, "suppression", value["channel"], says, value["id"])

    def _suppression(self, value: dict[str, Any]) -> str:
        what = ", ".join(value["steps"] or [one["message"] for one in value["messages"]])
        until = f" until {self._when(value['until'])}" if value["until"] else ""
        return (
            f"{VERBS[value['action']]} {what} of {value['journey']}/{value['instance']}{until}: "
            f"{self._why(value)}"
        )

    def _offer(self, value: dict[str, Any]) -> str:
        if value["action"] == "withdraw":
            return f"{value['offer'] or value['step']} offered no more: {self._why(value)}"
        by = f"by {' or '.join(value['channels'])}, until {self._when(value['good_until'])}"
        if value["kind"] == "step":
            what = f"{value['step']} of {value['journey']}/{value['instance']} may go now"
        else:
            what = f"{value['offer']} offered instead"
        return f"{what}, {by}: {self._why(value)}"

    def _why(self, value: dict[str, Any]) -> str:
        return sentence(value["because"], self.rules)

    def _when(self, text: str) -> str:
        return _local(_ms(text), self.zone)[:16]


def _ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def _utc(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")[:23] + "Z"


def _local(at_ms: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at_ms / 1000, zone).strftime("%Y-%m-%d %H:%M:%S")
