"""Judges a story: its rows against all that came out. Both runners are judged by this file.

Rule 1: a row is judged by the known times of the records, never by when they were read: the rows
of a story can all be judged at its end.
Rule 2: a row that cannot be judged yet is pending. Nothing passes by default.
Rule 3: one merge is one event in two records. `customer.merged` means the winner's, which says
`was`; the loser's last record, which says `into`, is meant by a row that says `into=`.
"""

from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from adaptive_stream.stories import phrases
from adaptive_stream.stories.calendar import Moment, parse_duration, parse_iso
from adaptive_stream.stories.output import Json, Output, found, plain
from adaptive_stream.stories.story import Row, Story, Value
from adaptive_stream.stories.world import PEOPLE

PASSED, FAILED, PENDING = "passed", "failed", "pending"
Seen = Mapping[str, Json]

_WINDOW = ("topic", "since", "until", "value", "max")  # of `see count`
_IN_MESSAGES = ("message", "sender", "handle", "revocable_until")


@dataclass(frozen=True, slots=True)
class Near:
    """A record that is not what a row wants, and why not: (field, wanted, is)."""

    output: Output
    seen: Seen
    differences: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a row. `says`: why it failed, or what it waits for."""

    row: Row
    result: str
    says: str = ""
    near: tuple[Near, ...] = ()


def judge(story: Story, outputs: Sequence[Output]) -> list[Verdict]:
    """One verdict for each row that says what comes, and for each that could not be put in.
    `outputs` in order of writing."""
    judged = _Judge(story, outputs)
    return [verdict for row in story.rows if (verdict := judged.verdict(row))]


class _Judge:
    def __init__(self, story: Story, outputs: Sequence[Output]) -> None:
        self.story = story
        self.outputs = [one for one in outputs if one.known_ms >= story.calendar.start_ms]
        self.everything = outputs  # A state that nothing changed since D0 is that of the world.

    def verdict(self, row: Row) -> Verdict | None:
        waits_for = phrases.pending(row)
        if waits_for:
            return Verdict(row, PENDING, waits_for)
        if row.verb == "in":
            return self.refused(row)
        if row.verb == "out":
            return self.out(row)
        if row.verb == "not":
            return self.not_(row)
        return self.count(row) if row.subject == "count" else self.customer(row)

    def refused(self, row: Row) -> Verdict | None:
        """A fact that nobody took in would leave the rest of the story without a meaning."""
        for output in self.outputs if row.action != "raw" else ():
            value = output.value or {}
            if output.topic == f"dlq.{row.subject}" and value.get("line") == row.line:
                return Verdict(row, FAILED, f"was refused: {value.get('reason')}")
        return None

    def out(self, row: Row) -> Verdict:
        """Exactly one record of the row's time."""
        compared = [near for near in self.compared(row) if near.output.known_ms <= row.at_ms]
        now = [near for near in compared if near.output.known_ms == row.at_ms]
        fitting = [near for near in now if not near.differences]
        if len(fitting) == 1:
            return Verdict(row, PASSED)
        if fitting:
            return Verdict(row, FAILED, f"came {len(fitting)} times, not once", tuple(fitting))
        return Verdict(row, FAILED, "did not come", self.nearest(row))

    def not_(self, row: Row) -> Verdict:
        """No record from the start, or `since=`, up to the row's time."""
        since = row.fields.get("since")
        since_ms = since.at_ms if isinstance(since, Moment) else self.story.calendar.start_ms
        wrong = [
            near
            for near in self.compared(row)
            if not near.differences and since_ms <= near.output.known_ms <= row.at_ms
        ]
        if not wrong:
            return Verdict(row, PASSED)
        return Verdict(row, FAILED, "came, and must not", tuple(wrong[:3]))

    def count(self, row: Row) -> Verdict:
        since, until = row.fields.get("since"), row.fields.get("until")
        since_ms = since.at_ms if isinstance(since, Moment) else self.story.calendar.start_ms
        until_ms = until.at_ms if isinstance(until, Moment) else row.at_ms
        fitting = [
            near
            for near in self.compared(row)
            if not near.differences and since_ms <= near.output.known_ms <= until_ms
        ]
        wanted, most = row.fields.get("value"), row.fields.get("max")
        if wanted is not None and not _equal(wanted, len(fitting)):
            return Verdict(row, FAILED, f"are {len(fitting)}, not {wanted}", tuple(fitting[:3]))
        if most is not None and len(fitting) > int(str(most)):
            return Verdict(row, FAILED, f"are {len(fitting)}, more than {most}", tuple(fitting[:3]))
        return Verdict(row, PASSED)

    def customer(self, row: Row) -> Verdict:
        """Her public state as of the row's time."""
        state = self.state_of(row.identifiers[0], row.at_ms)
        value = None if state is None else state.value
        if "found" in row.fields:
            wanted_found = row.fields["found"] == "true"
            if wanted_found != (value is not None):
                return Verdict(row, FAILED, "is not known" if wanted_found else "is known")
        elif state is None or value is None:
            return Verdict(row, FAILED, "is nobody that is known")
        differences = tuple(_state_differences(row, value or {}))
        if not differences or state is None:
            return Verdict(row, PASSED)
        near = Near(state, value or {}, differences)
        return Verdict(row, FAILED, "is known otherwise", (near,))

    def compared(self, row: Row) -> Iterator[Near]:
        """Every record of the row's topic, with what differs from the row."""
        topic = str(row.fields["topic"]) if row.verb == "see" else row.subject
        for output in self.outputs:
            if output.topic == topic:
                for action, seen in _tellings(row, output):
                    yield Near(output, seen, tuple(self.differences(row, output, action, seen)))

    def differences(
        self, row: Row, output: Output, action: str, seen: Seen
    ) -> Iterator[tuple[str, str, str]]:
        named = row.fields.get("transition") or row.fields.get("action", "")
        wanted_action = row.action or str(named)
        if wanted_action and wanted_action != action:
            yield "", wanted_action, action
        for name, wanted in row.fields.items():
            if name in (*_WINDOW, "transition", "action") if row.verb == "see" else name == "since":
                continue
            if name == "customer":
                own = self.state_of(self.identifier_of(str(wanted)), output.known_ms)
                if own is None or own.key != seen.get("customer"):
                    yield name, str(wanted), "somebody else"
            elif name == "has_not":
                said = [word for word in str(wanted).split(",") if word in output.text()]
                if said:
                    yield name, str(wanted), ",".join(said)
            else:
                actual = _field(seen, name)
                if not _equal(wanted, actual, among=name in row.among):
                    yield name, str(wanted), self.shown(actual)

    def nearest(self, row: Row) -> tuple[Near, ...]:
        """The records that come nearest to what the row wants, at most three."""

        def distance(near: Near) -> tuple[int, int]:
            off_ms = abs(near.output.known_ms - row.at_ms)
            wrong_action = any(not name for name, _, _ in near.differences)
            return len(near.differences) + (off_ms > 0) + wrong_action, off_ms

        return tuple(sorted(self.compared(row), key=distance)[:3])

    def state_of(self, identifier: str, at_ms: int) -> Output | None:
        """The newest record of customer.state.v1 that this identifier belonged to."""
        newest: dict[str, Output] = {}
        for output in self.everything:
            if output.topic == phrases.CUSTOMER_STATE and output.known_ms <= at_ms:
                newest[output.key] = output
        for output in newest.values():
            names = plain((output.value or {}).get("identifiers", []))
            if isinstance(names, frozenset) and identifier in names:
                return output
        return None

    def identifier_of(self, person: str) -> str:
        return PEOPLE[person].identifiers[0] if person in PEOPLE else person

    def shown(self, actual: Json) -> str:
        """A value as a row would write it, times as the story counts them."""
        value = plain(actual)
        if isinstance(value, frozenset):
            return ",".join(sorted(value)) or "none"
        at_ms = parse_iso(value) if isinstance(value, str) else None
        if at_ms is not None:
            return self.story.calendar.text(at_ms)
        return "none" if value is None else str(value).lower() if value is True else str(value)


def _tellings(row: Row, output: Output) -> Iterator[tuple[str, Seen]]:
    """(action, fields) of a record; a record of transitions tells several things."""
    value = output.value
    if value is None:
        yield "tombstone", {}
    elif output.topic == phrases.STATE:
        for transition in _transitions(value):
            loser = transition.get("name") == "customer.merged" and "into" in transition
            if not loser or "into" in row.fields:
                yield str(transition.get("name")), ChainMap(transition, value)
    else:
        yield str(value.get("action", "put")), value


def _transitions(value: Mapping[str, Json]) -> list[dict[str, Json]]:
    transitions = value.get("transitions")
    return transitions if isinstance(transitions, list) else []


def _field(seen: Seen, name: str) -> Json:
    if name in _IN_MESSAGES and name not in seen:
        messages = seen.get("messages")
        return [found(one, name) for one in messages] if isinstance(messages, list) else None
    return found(seen, name) if not isinstance(seen, ChainMap) else _in_either(seen, name)


def _in_either(seen: "ChainMap[str, Json]", name: str) -> Json:
    """The transition's own word first, then the record's."""
    for each in seen.maps:
        value = found(each, name)
        if value is not None:
            return value
    return None


def _state_differences(row: Row, value: Mapping[str, Json]) -> Iterator[tuple[str, str, str]]:
    beside = ""
    for name, wanted in row.fields.items():
        if name == "found":
            continue
        path = name
        if "." in name:
            beside = name.rpartition(".")[0]
        elif name not in value and beside:
            path = f"{beside}.{name}"  # `carts.cart-9.added_at=… time_source=…`
        actual = found(value, path)
        if not _equal(wanted, actual):
            yield path, str(wanted), "none" if actual is None else str(plain(actual))


def _equal(wanted: Value, actual: Json, *, among: bool = False) -> bool:
    """Whether a record's value is what a row says."""
    actual = plain(actual)
    if isinstance(wanted, Moment):
        return isinstance(actual, str) and parse_iso(actual) == wanted.at_ms
    if wanted == "none":
        return actual in (None, "", frozenset())
    if isinstance(actual, frozenset) or among:
        given = actual if isinstance(actual, frozenset) else frozenset((str(actual),))
        names = frozenset(wanted.split(","))
        return names <= given if among else names == given
    if isinstance(actual, bool):
        return wanted == str(actual).lower()
    if isinstance(actual, int | float):
        return wanted == "n" or _number(wanted) == Decimal(str(actual))
    if not isinstance(actual, str):
        return False
    duration = parse_duration(actual) if actual.startswith("P") else None
    return actual == wanted or (duration is not None and duration == parse_duration(wanted))


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
