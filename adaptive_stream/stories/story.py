"""What a story is once it is read. The grammar makes it, the runners play it, expect.py judges it.

Rule: both forms, the full one of `*.story` files and the short one of `examples:`, become this.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from adaptive_stream.stories.calendar import Calendar, Moment

Value = str | Moment


@dataclass(frozen=True, slots=True)
class Item:
    """`sku*quantity@price`. Quantity and price are as written: a till may write nonsense there."""

    sku: str
    quantity: str | None = None
    price: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a story.

    `subject`: the channel of in and ask, the topic of out and not, the query of see, the first word
    of do. `action`: the fact of in, the reference of ask, the answer of ans, the action of out and
    not. `identifiers`: what names the person; `words`: what is left of a do or a see, in order.
    `among`: the fields whose words need only be among those of a record.
    """

    line: int
    at_ms: int
    verb: str
    subject: str
    action: str = ""
    identifiers: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()
    fields: Mapping[str, Value] = field(default_factory=dict)
    happened_ms: int | None = None
    text: str = ""
    among: tuple[str, ...] = ("because",)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the world line. `changes`: what stands in the brackets. `identifiers`, `says`:
    of somebody whom the line itself describes, `eve: loyalty:L-999, works at leeds-2`."""

    name: str
    changes: Mapping[str, str] = field(default_factory=dict)
    split: bool = False
    identifiers: tuple[str, ...] = ()
    says: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Story:
    """One story. `phrases`: what the world line says after `;`. `part`: 0 when it names none."""

    file: str
    sid: str
    title: str
    rows: tuple[Row, ...]
    requirements: tuple[str, ...] = ()
    part: int = 0
    people: tuple[Person, ...] = ()
    phrases: tuple[str, ...] = ()
    load: tuple[str, ...] = ("abandoned-cart",)
    calendar: Calendar = Calendar()
    why: str = ""
    world_line: int = 0
    load_line: int = 0
