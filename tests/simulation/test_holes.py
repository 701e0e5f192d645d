"""Each mistake that the protocol avoids is made on purpose, and the simulator finds it.

A hole is a wrong line in the checkpoint's source, a wrong rule in a stage, or a process that does
what it should not, and the circumstances that it needs. If a line that a hole replaces is no more,
the test says so: the hole must be put into what stands there now.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from adaptive_stream.checkpoint import generators, progress
from adaptive_stream.engine.message import Arrival
from adaptive_stream.stages.going_by import Library
from adaptive_stream.stages.outcome import Outcome
from tests.simulation.hops import Admit, Hop, Resolve, Step
from tests.simulation.simulation import COMPACTION_LAG_MS, Setting, Simulation
from tests.simulation.world import Broken, Dangers

SEEDS_MAX = 40  # Each was found within 22 when this was written.


class FactsOfTheirOrigin(Hop):
    """Repeats are told by the channel's offset, the maximum counts."""

    def src(self, here: str, incoming: str, kind: str) -> str:
        return incoming if kind == "fact" else here


class ResolveByOrigin(FactsOfTheirOrigin, Resolve):
    """As above."""


class StepByOrigin(FactsOfTheirOrigin, Step):
    """As above; of all it writes only forwards are facts."""


class Gullible(Hop):
    """Whoever tells of rules last is believed, however late."""

    def goes_over(self, arrival: Arrival, outcome: Outcome, library: Library) -> bool:
        before = outcome.in_force
        outcome.in_force = msgspec.structs.replace(before, rev=-1)
        if super().goes_over(arrival, outcome, library):
            return True
        outcome.in_force = before
        return False


class GullibleResolve(Gullible, Resolve):
    """As above."""


class GullibleStep(Gullible, Step):
    """As above."""


class AdmitByOffset(Admit):
    """All that comes of one record has one place."""

    def src(self, here: str, incoming: str, kind: str) -> str:  # noqa: ARG002
        return here.rpartition("/")[0] + "/0"


@dataclass(frozen=True)
class Hole:
    """`edits`: (module, what stands there, what is wrong). `does`: what processes do wrong."""

    name: str
    edits: tuple[tuple[ModuleType, str, str], ...] = ()
    does: frozenset[str] = frozenset()
    stages: tuple[type[Hop], ...] = (Admit, Resolve, Step)
    static: bool | None = None
    deletes: bool | None = False
    dangers: Dangers | None = None
    lag_ms: int = COMPACTION_LAG_MS
    token: str = "offset"
    judges_lease: bool = False


ZOMBIES = Dangers(kill=0.004, freeze=0.01, late=0.01)
READS_NO_GAP = (generators, "while progress.log_end < base:", "while False:")
HEEDS_NO_CLAIM = (generators, "if progress.epoch > claim:", "if False:")
GENERATION_IS_THE_EPOCH = (
    (progress, "max(progress.epoch, offset)", "max(progress.epoch, generation(entry.value))"),
    (
        progress,
        "def fold(",
        (
            "def generation(owner: bytes | None) -> int:\n"
            '    return int((owner or b"").split(b"/")[0])\n\n\n'
            "def fold("
        ),
    ),
    (generators, "    fold,\n", "    fold,\n    generation,\n"),
    (generators, "progress.epoch = claim", "progress.epoch = generation(owner)"),
    (
        generators,
        "            if offset < base and (epoch",
        (
            "            if entry.key == CLAIM and generation(entry.value) <= progress.epoch:\n"
            "                continue\n"
            "            if offset < base and (epoch"
        ),
    ),
)

HOLES = (
    Hole("cut checkpoint, one mark behind it", does=frozenset({"cut, mark last"})),
    Hole("cut checkpoint, applied in every part", does=frozenset({"cut, mark everywhere"})),
    Hole("zombie 1: the cleaner does not wait for the repair", lag_ms=1_000, dangers=ZOMBIES),
    Hole(
        "zombie 1: what a stranger wrote over is not put again",
        ((generators, "sorted(progress.damaged - written)", "list[bytes]()"),),
        dangers=ZOMBIES,
    ),
    Hole(
        "zombie 1: what was written over before the takeover is not put again",
        ((progress, "            progress.damaged.add(entry.key)\n", ""),),
        dangers=ZOMBIES,
    ),
    Hole("zombie 1: a gap between our batches is not read", (READS_NO_GAP,)),
    Hole(
        "zombie 1: an idle partition does not look",
        ((generators, "IDLE_S = 60.0", "IDLE_S = 36000.0"),),
    ),
    Hole(
        "zombie 1: views are not looked at",
        ((generators, "if progress.views_end >= 0:", "if False:"),),
        dangers=ZOMBIES,
    ),
    Hole(
        "zombie 1: views are not looked at when taken over",
        ((generators, "ReadViews(mark.views if mark.views >= 0 else None)", "ReadViews(None)"),),
    ),
    Hole(
        "zombie 2: nothing is written between recovery and the first batch",
        (READS_NO_GAP,),
        does=frozenset({"claims nothing"}),
        static=False,
    ),
    Hole(
        "zombie 3: a static member's successor has its generation",
        (
            *GENERATION_IS_THE_EPOCH,
            (generators, "if progress.epoch > claim:", "if progress.epoch > generation(owner):"),
        ),
        static=True,
        token="generation",
    ),
    Hole(
        "zombie 4: a deleted group begins again at generation 1",
        (*GENERATION_IS_THE_EPOCH, HEEDS_NO_CLAIM),
        static=False,
        deletes=True,
        token="generation",
    ),
    Hole(
        "zombie 5: who was fenced joins again, and so does who is fenced by that",
        does=frozenset({"joins again"}),
        static=True,
        dangers=ZOMBIES,
    ),
    Hole(
        "the token is the generation, and nothing is claimed",
        (*GENERATION_IS_THE_EPOCH, HEEDS_NO_CLAIM, READS_NO_GAP),
        does=frozenset({"claims nothing"}),
        token="generation",
    ),
    Hole("a later claim is not heeded", (HEEDS_NO_CLAIM, READS_NO_GAP)),
    Hole("repeats: by origin, the maximum counts", stages=(Admit, ResolveByOrigin, Step)),
    Hole("repeats: src is kept at forwards", stages=(Admit, Resolve, StepByOrigin)),
    Hole(
        "repeats: of one input's outputs only the offset counts",
        stages=(AdmitByOffset, Resolve, Step),
    ),
    Hole(
        "repeats: what was taken is forgotten by the next owner",
        (
            (
                generators,
                "for source, place in pending.sources.items()}",
                "for source, place in ()}",
            ),
        ),
    ),
    Hole("a failed send is tried again behind the next", does=frozenset({"goes on"})),
    Hole(
        "a commit does not wait for the checkpoint",
        (
            (
                generators,
                "    spans: list[Span] = yield AwaitOutputs(pending.outputs)\n",
                (
                    "    yield Commit(pending.next_offset)\n"
                    "    spans: list[Span] = yield AwaitOutputs(pending.outputs)\n"
                ),
            ),
        ),
    ),
    Hole(
        "a checkpoint does not wait for its outputs",
        (
            (
                generators,
                "yield AwaitOutputs(pending.outputs)\n    if",
                "yield AwaitOutputs({})\n    if",
            ),
        ),
    ),
    Hole(
        "who slept steps on",
        ((progress, "return now_s - self.proven_s <= LEASE_S", "return True"),),
        judges_lease=True,
    ),
    Hole(
        "rules: a new owner goes by what is published then",
        ((generators, "if mark.in_force.rev < 0:", "if True:"),),
        does=frozenset({"goes by the newest"}),
    ),
    Hole(
        "rules: what is in force is not in the checkpoint",
        ((generators, "in_force=pending.in_force, ", ""),),
    ),
    Hole("rules: who tells late is believed", stages=(Admit, GullibleResolve, GullibleStep)),
    Hole(
        "rules: who dies amid telling leaves some untold",
        does=frozenset({"nobody repairs"}),
        dangers=Dangers(kill=0.03),
    ),
    Hole(
        "the input's end is that from before the claim",
        ((generators, "if mark.next_offset > input.end:", "if False:"),),
    ),
)


def protocol_with(edits: tuple[tuple[ModuleType, str, str], ...]) -> ModuleType:
    """The checkpoint's module, and below it that of its progress, with lines replaced."""
    sources = {module: Path(module.__file__ or "").read_text() for module in (progress, generators)}
    for module, line, wrong in edits:
        assert sources[module].count(line) == 1, f"{line!r} is not once in {module.__name__}"
        sources[module] = sources[module].replace(line, wrong)
    sources[generators] = sources[generators].replace(progress.__name__, "holed_progress")
    made = None
    for module, source in sources.items():
        made = ModuleType("holed_" + module.__name__.rpartition(".")[2])
        sys.modules[made.__name__] = made
        exec(compile(source, made.__name__, "exec"), made.__dict__)
    assert made is not None
    return made


@pytest.fixture(autouse=True)
def _forget_modules() -> Iterator[None]:
    yield
    for name in ("holed_progress", "holed_generators"):
        sys.modules.pop(name, None)


def found(hole: Hole, seeds: int = SEEDS_MAX) -> tuple[int, str] | None:
    """The first seed that shows the hole, and what it says."""
    setting = Setting(
        protocol=protocol_with(hole.edits),
        stages=hole.stages,
        holes=hole.does,
        static=hole.static,
        deletes=hole.deletes,
        token=hole.token,
        dangers=hole.dangers,
        lag_ms=hole.lag_ms,
        judges_lease=hole.judges_lease,
    )
    for seed in range(seeds):
        try:
            Simulation(seed, setting).run()
        except Broken as broken:
            return seed, str(broken)
    return None


@pytest.mark.parametrize("hole", HOLES, ids=lambda hole: hole.name)
def test_a_hole_that_is_put_back_is_found(hole: Hole) -> None:
    """Who takes a safeguard out of the checkpoint is told by a seed what it was for."""
    assert found(hole) is not None
