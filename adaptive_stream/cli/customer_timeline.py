"""All that happened to one customer, drawn where it happened.

Rule 1: a fact stands at its event time, however late it came; what we did stands where we did it.
Rule 2: what was known more than a minute after it happened says when it was known.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import orjson

from adaptive_stream.cli.find_customer import Found
from adaptive_stream.cli.reader import Reader
from adaptive_stream.cli.sentence import fact_sentence, transition_sentence
from adaptive_stream.engine.fact import decode_fact
from adaptive_stream.engine.journey import Rules
from adaptive_stream.engine.reason import sentence
from adaptive_stream.outputs import opportunities, state_changed, suppressions

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
    teller = _Teller(rules, zone_of(found, rules))
    keys = [one.encode() for one in found.ids]
    shown = list(_facts(reader, prefix + FACTS_TOPIC, keys))
    for topic in (state_changed.TOPIC, *suppressions.TOPICS, opportunities.TOPIC):
        if reader.exists(prefix + topic):
            for record in reader.read_all(prefix + topic, keys):
                shown.extend(teller.output(topic, orjson.loads(record.value)))
    shown = list(
        {(entry.kind, entry.where, entry.id, entry.says): entry for entry in shown}.values()
    )
    return sorted(shown, key=lambda entry: (entry.at_ms, entry.known_ms, ORDER.index(entry.kind)))


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


def _facts(reader: Reader, topic: str, keys: list[bytes]) -> Iterator[Entry]:
    """Facts as they reached the customer; one that moved with a merge is told once."""
    told: set[tuple[str, ...]] = set()
    for record in reader.read_all(topic, keys):
        headers = dict(record.headers)
        if headers.get("k") != b"fact":
            continue
        fact = decode_fact(record.value)
        name = (fact.channel, fact.source, fact.type, fact.id)
        if name not in told:
            told.add(name)
            known_ms = int(headers.get("log_ms", record.timestamp))
            yield Entry(fact.at_ms, known_ms, "fact", fact.channel, fact_sentence(fact), fact.id)


class _Teller:
    """Puts records of the outputs into words, in the words of the rules and in her own time."""

    def __init__(self, rules: Rules, zone: ZoneInfo) -> None:
        self.rules, self.zone = rules, zone

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
