"""Whether what a history told is known to decisions about what happens after it.

A complaint that is closed today is made good if history told that it was opened, and only then.
"""

import re
import time
from collections.abc import Iterable
from pathlib import Path

import orjson

from tests.bench import kafka, mix, worker
from tests.bench.history import CUSTOMERS
from tests.bench.lab import Lab

ASKED = 200  # Of those whose complaint is open, and of those who never complained.
CASE = re.compile(rb'"type": "case\.(opened|closed)".*"email": "p0*(\d+)@')


def check_decisions_know(lab: Lab, history: Path, live_one_in: int) -> None:
    """Raises AssertionError if any of some hundred decisions is another than history asks for.
    Live facts have been about one customer in so many."""
    with history.open("rb") as lines:
        complaining, content = (
            _some([n for n in people if n % live_one_in]) for people in told_by(lines)
        )
    now_ms = int(time.time() * 1000)
    closings = ((f"close-{n}", n, now_ms) for n in (*complaining, *content))
    worker.feed(lab, (mix.closing_fact(*each) for each in closings))
    worker.wait_until_done(lab)
    made_good = _made_good(lab, mix.time_text(now_ms))
    wrong = made_good.symmetric_difference(map(mix.email, complaining))
    if wrong or not complaining or not content:
        raise AssertionError(
            f"{len(wrong)} of {2 * ASKED} decisions are wrong: {sorted(wrong)[:3]}"
        )


def _some(people: list[int]) -> list[int]:
    """From all over, since a history in order of customers tells of the first ones at its start."""
    return people[:: max(1, len(people) // ASKED)][:ASKED]


def _made_good(lab: Lab, since: str) -> set[str]:
    """To whom something was offered for a complaint that was closed at that moment."""
    reader = kafka.Reader(lab.bootstrap, "opportunities.v1")
    offers = [orjson.loads(each.value) for each in reader.everything()]
    reader.close()
    return {
        recipient["value"]
        for offer in offers
        if offer["because"] == "complaint_open" and offer["not_before"] == since
        for recipient in offer["recipients"]
    }


def told_by(lines: Iterable[bytes]) -> tuple[list[int], list[int]]:
    """Whose complaint was opened and never closed, and of whom none was heard."""
    opened: set[int] = set()
    closed: set[int] = set()
    for line in lines:
        if found := CASE.search(line):
            (opened if found[1] == b"opened" else closed).add(int(found[2]))
    known = opened | closed
    return sorted(opened - closed), [n for n in range(CUSTOMERS) if n not in known]
