"""What became of a row of a story, and the records that came near it."""

from dataclasses import dataclass

from adaptive_stream.stories.compare import Seen
from adaptive_stream.stories.output import Output
from adaptive_stream.stories.story import Row

PASSED, FAILED, PENDING = "passed", "failed", "pending"


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
