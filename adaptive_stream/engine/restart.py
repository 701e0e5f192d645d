"""Another run for what is left of a thing: she bought the boots, and the belt still lies there.

Rule 1: the run before stays stopped; its messages show what she has bought. The new one is another
instance with a name of its own (`cart-9.2`), and what stopped the one before cannot stop it.
Rule 2: no two runs of a customer have one name, whatever her carts are called.
"""

from collections.abc import Container, Iterable, Iterator

from adaptive_stream.engine.condition import About, hits, true
from adaptive_stream.engine.customer import Instance
from adaptive_stream.engine.journey import Journey, Restart
from adaptive_stream.engine.telling import Run
from adaptive_stream.engine.verdict import stopped
from adaptive_stream.engine.view import Hit, View


def restarted(
    journey: Journey, about: About, runs: Iterable[Instance], view: View, now_ms: int
) -> tuple[int, Hit] | None:
    """When another run of a thing has begun that is not there yet, and with what; None for none.
    `runs`: those that the thing has had."""
    for at_ms, restart, hit in _ahead(journey, about, runs, view):
        if (
            at_ms <= now_ms
            and true(restart.only_if, about, view)
            and hit.cause.known_ms <= journey.not_older_than.after(at_ms, view.zone)
            and stopped(journey, about, at_ms, view, now_ms, hit.at_ms) is None
        ):
            return at_ms, hit
    return None


def goes_on(one: Run, view: View) -> bool:
    """Whether a run that is another still has what it began with."""
    after_ms = one.instance.after_ms
    return any(
        hit.at_ms >= after_ms
        for restart in one.journey.restart_when
        for hit in hits(restart.use, one.about, view)
    )


def moments(journey: Journey, about: About, runs: Iterable[Instance], view: View) -> Iterator[int]:
    """When time alone begins another run."""
    yield from (at_ms for at_ms, _, _ in _ahead(journey, about, runs, view))


def same_run(journey: str, thing: str, runs: Iterable[Instance]) -> Instance | None:
    """The first run of a thing, under whatever name."""
    mine = (one for one in runs if (one.journey, one.about) == (journey, thing))
    return next((one for one in mine if not one.after_ms), None)


def free_name(journey: str, thing: str, taken: Container[str], number: int) -> str:
    """A name that no run has: the thing's own, or with a number behind it."""
    name = thing if number == 1 else f"{thing}.{number}"
    while f"{journey}/{name}" in taken:
        number += 1
        name = f"{thing}.{number}"
    return name


def _ahead(
    journey: Journey, about: About, runs: Iterable[Instance], view: View
) -> Iterator[tuple[int, Restart, Hit]]:
    """Each moment at which another run of the thing begins, or could have begun, and with what."""
    if not journey.restart_when:
        return
    every = list(runs)
    stopped_by = {one.because for one in every if one.status in ("stopped", "ended")}
    after_ms = max((one.after_ms for one in every), default=0)
    for restart in journey.restart_when:
        if restart.use.condition.name in stopped_by:
            for hit in hits(restart.use, about, view):
                if hit.at_ms > after_ms:
                    yield restart.after.after(hit.at_ms, view.zone), restart, hit
