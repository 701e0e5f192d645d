"""Judges a story: its rows against all that came out. Both runners are judged by this file.

Rule 1: a row is judged by the known times of the records, never by when they were read: the rows
of a story can all be judged at its end.
Rule 2: a row that cannot be judged yet is pending. Nothing passes by default.
Rule 3: one merge is one event in two records. `customer.merged` means the winner's, which says
`was`; the loser's last record, which says `into`, is meant by a row that says `into=`.
"""

from collections.abc import Callable, Iterator, Sequence

from adaptive_stream.stories import phrases
from adaptive_stream.stories.calendar import Moment
from adaptive_stream.stories.compare import Seen, equal, field, state_differences, tellings
from adaptive_stream.stories.noted import QUERIES as NOTED
from adaptive_stream.stories.noted import noted, shown
from adaptive_stream.stories.output import Output, plain
from adaptive_stream.stories.story import Row, Story
from adaptive_stream.stories.verdict import FAILED, PASSED, PENDING, Near, Verdict
from adaptive_stream.stories.world import people

_WINDOW = ("topic", "since", "until", "value", "max")  # of `see count`


Desk = Callable[[Row], str]  # Why the last `journeys check` did not say what a row wants, or "".


def no_desk(_: Row) -> str:
    """Of a runner that has none: nothing passes by default."""
    return "there is no desk to check at"


def judge(story: Story, outputs: Sequence[Output], desk: Desk = no_desk) -> list[Verdict]:
    """One verdict for each row that says what comes, and for each that could not be put in.
    `outputs` in order of writing."""
    judged = _Judge(story, outputs, desk)
    return [verdict for row in story.rows if (verdict := judged.verdict(row))]


class _Judge:
    def __init__(self, story: Story, outputs: Sequence[Output], desk: Desk) -> None:
        self.story, self.desk = story, desk
        self.people = people(story)
        self.outputs = [one for one in outputs if one.known_ms >= story.calendar.start_ms]
        self.everything = outputs  # A state that nothing changed since D0 is that of the world.

    def verdict(self, row: Row) -> Verdict | None:
        waits_for = phrases.pending(row)
        if waits_for:
            return Verdict(row, PENDING, waits_for)
        if row.verb in ("in", "do"):
            return self.refused(row)
        if row.verb == "out":
            return self.out(row)
        if row.verb == "not":
            return self.not_(row)
        if row.subject == "check":
            return Verdict(row, FAILED if (says := self.desk(row)) else PASSED, says)
        if row.subject in NOTED:
            return NOTED[row.subject](self.story, self.outputs, row)
        query = {"count": self.count, "unmerge-report": self.report}
        query |= {"outbox": self.outbox, "topic": self.topic}
        return query.get(row.subject, self.customer)(row)

    def refused(self, row: Row) -> Verdict | None:
        """A fact that nobody took in would leave the rest of the story without a meaning."""
        channel = phrases.REQUEST_CHANNEL if row.verb == "do" else row.subject
        for output in self.outputs if row.action != "raw" else ():
            value = output.value or {}
            if output.topic == f"dlq.{channel}" and value.get("line") == row.line:
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
        if wanted is not None and not equal(wanted, len(fitting)):
            near = tuple(fitting[:3]) or self.nearest(row)
            return Verdict(row, FAILED, f"are {len(fitting)}, not {wanted}", near)
        if most is not None and len(fitting) > int(str(most)):
            return Verdict(row, FAILED, f"are {len(fitting)}, more than {most}", tuple(fitting[:3]))
        return Verdict(row, PASSED)

    def report(self, row: Row) -> Verdict:
        """What the newest unmerge says; of a list the row may say the length."""
        told = [
            Near(output, seen, ())
            for output in self.outputs
            if output.topic == phrases.STATE and output.known_ms <= row.at_ms
            for action, seen in tellings(row, output)
            if action == "customer.unmerged" and "contacts_that_rested_on_it" in seen
        ]
        if not told:
            return Verdict(row, FAILED, "tells nothing: no merge was undone")
        differences = []
        for name, wanted in row.fields.items():
            actual = field(told[-1].seen, name)
            counts = isinstance(actual, list) and str(wanted).isdigit()
            if not equal(wanted, len(actual) if counts else actual):  # type: ignore[arg-type]
                differences.append((name, str(wanted), shown(actual, self.story.calendar)))
        if not differences:
            return Verdict(row, PASSED)
        near = Near(told[-1].output, told[-1].seen, tuple(differences))
        return Verdict(row, FAILED, "says otherwise", (near,))

    def outbox(self, row: Row) -> Verdict:
        """Exactly these messages are on their way to her."""
        state = self.state_of(row.identifiers[0], row.at_ms)
        actual = None if state is None else (state.value or {}).get("outbox")
        if equal(row.fields.get("messages", "none"), actual):
            return Verdict(row, PASSED)
        return Verdict(row, FAILED, f"has {shown(actual, self.story.calendar)}")

    def topic(self, row: Row) -> Verdict:
        """What no record of a topic says, up to the row's time."""
        names = str(row.fields["has_not"]).split(",")
        told = [o for o in self.outputs if o.topic == row.words[0] and o.known_ms <= row.at_ms]
        wrong = [Near(o, o.value or {}, ()) for o in told if any(n in o.text() for n in names)]
        if wrong or not told:
            return Verdict(row, FAILED, "says it" if wrong else "has no record", tuple(wrong[:3]))
        return Verdict(row, PASSED)

    def customer(self, row: Row) -> Verdict:
        """Her public state as of the row's time."""
        id_of = row.fields.get("id_of")
        if isinstance(id_of, Moment):
            state = self.led_to(row, id_of)
        else:
            state = self.state_of(row.identifiers[0], row.at_ms)
        value = None if state is None else state.value
        if "found" in row.fields:
            wanted_found = row.fields["found"] == "true"
            if wanted_found != (value is not None):
                return Verdict(row, FAILED, "is not known" if wanted_found else "is known")
        elif state is None or value is None:
            return Verdict(row, FAILED, "is nobody that is known")
        differences = (*state_differences(row, value or {}), *self.size_difference(row, state))
        if not differences or state is None:
            return Verdict(row, PASSED)
        near = Near(state, value or {}, differences)
        return Verdict(row, FAILED, "is known otherwise", (near,))

    def size_difference(self, row: Row, state: Output | None) -> Iterator[tuple[str, str, str]]:
        """Her state as it is stored, in bytes."""
        most = row.fields.get("state_bytes_max")
        if most is None or state is None:
            return
        looked = noted(self.outputs, phrases.STATE_SIZE, row)
        sizes = [one.value["bytes"] for one in looked if one.value and one.key == state.key]
        if not sizes or int(str(sizes[0])) > int(str(most)):
            yield "state_bytes_max", str(most), str(sizes[0]) if sizes else "not stored"

    def led_to(self, row: Row, then: Moment) -> Output | None:
        """Where the id leads that she had then: what somebody finds who has kept it."""
        state = self.state_of(row.identifiers[0], then.at_ms)
        newest = self.newest(row.at_ms)
        while state is not None:
            state = newest[state.key]
            merged_into = (state.value or {}).get("merged_into")
            if not merged_into:
                return state
            state = newest.get(str(merged_into))
        return None

    def compared(self, row: Row) -> Iterator[Near]:
        """Every record of the row's topic, with what differs from the row."""
        topic = str(row.fields["topic"]) if row.verb == "see" else row.subject
        for output in self.outputs:
            if output.topic == topic or (topic == "outputs" and output.topic in phrases.TOPIC_OF):
                for action, seen in tellings(row, output):
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
                actual = field(seen, name)
                if not equal(wanted, actual, among=name in row.among):
                    yield name, str(wanted), shown(actual, self.story.calendar)

    def nearest(self, row: Row) -> tuple[Near, ...]:
        """The records that come nearest to what the row wants, at most three."""

        def distance(near: Near) -> tuple[int, int]:
            off_ms = abs(near.output.known_ms - row.at_ms)
            wrong_action = any(not name for name, _, _ in near.differences)
            return len(near.differences) + (off_ms > 0) + wrong_action, off_ms

        return tuple(sorted(self.compared(row), key=distance)[:3])

    def state_of(self, identifier: str, at_ms: int) -> Output | None:
        """The newest record of customer.state.v1 that this identifier belonged to."""
        for output in self.newest(at_ms).values():
            names = plain((output.value or {}).get("identifiers", []))
            if isinstance(names, frozenset) and identifier in names:
                return output
        return None

    def newest(self, at_ms: int) -> dict[str, Output]:
        """Customer -> the newest record of customer.state.v1."""
        newest: dict[str, Output] = {}
        for output in self.everything:
            if output.topic == phrases.CUSTOMER_STATE and output.known_ms <= at_ms:
                newest[output.key] = output
        return newest

    def identifier_of(self, person: str) -> str:
        return self.people[person].identifiers[0] if person in self.people else person
