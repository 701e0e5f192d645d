"""The canonical keys of a fact's data: what each is called, what kind of value it has.

Rule 1: closed. What is not in KEYS goes no further than admit, so no stray personal data does.
Rule 2: bounded. No text, list or number from outside can make a fact large.
Rule 3: a value of the wrong kind is left out and counted; it never costs the fact.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from zoneinfo import ZoneInfo

from adaptive_stream.engine.event_time import read_time
from adaptive_stream.engine.identifier import normalise
from adaptive_stream.engine.item import item_code
from adaptive_stream.engine.money import minor_units
from adaptive_stream.engine.refusal import Flaw

TEXT_CHARACTERS_MAX = 200
LIST_LENGTH_MAX = 50

CONTACT_KINDS = frozenset(("email", "phone"))
CONTACTS_MAX = 8
TEXT, FLAG, MONEY, TIME, ITEMS, TEXTS, ZONE, GTIN, CONTACT = (
    "text",
    "yes or no",
    "money",
    "time",
    "items",
    "texts",
    "zone",
    "bar code",
    "addresses by type",
)
# As producers write it: (as a Fact has it, kind). Times gain `_ms`, money becomes minor units.
KEYS: Mapping[str, tuple[str, str]] = {
    **{
        name: (name, TEXT)
        for name in (
            *("order", "cart", "store", "replaces", "by", "reason", "coupon"),
            *("contract", "case", "kind", "topic"),
            *("channel", "purpose", "proof", "confirm", "allow"),
            *("message", "sender", "handle", "campaign", "journey", "instance", "step", "class"),
            *("offer", "opportunity", "category", "fact", "source"),
            *("region", "home_store", "language", "country", "tier", "first_name"),
            *("customer", "member", "into"),
        )
    },
    **{name: (name, FLAG) for name in ("gift", "solved", "standing", "sensitive", "retired")},
    "do_not_contact": ("do_not_contact", FLAG),
    **{name: (name, MONEY) for name in ("value", "price")},
    **{
        name: (f"{name}_ms", TIME)
        for name in ("ends", "due", "revocable_until", "until", "valid_until")
    },
    "about": ("about", ITEMS),
    "days": ("days", TEXTS),
    "zone": ("zone", ZONE),
    "gtin": ("gtin", GTIN),
    "contact": ("contact", CONTACT),
}
CARD_KEYS = frozenset(
    ("card", "cardnumber", "cardno", "cc", "ccnumber", "creditcard", "creditcardnumber", "pan")
    + ("paymentcard", "primaryaccountnumber")
)

_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_ABSENT = frozenset(("", "null", "undefined", "none", "nan"))
_CURRENCY = re.compile(r"[A-Z]{3}")
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}")
_ONCE = bytes(48) + bytes(range(10)) + bytes(198)
_TWICE = bytes(48) + bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)) + bytes(198)
_CARD = re.compile(r"[2-6][0-9]{12,18}")  # every scheme's numbers begin with 2 to 6


def read_currency(data: Mapping[str, object]) -> str:
    """ISO 4217, "" when it is not said."""
    said = data.get("currency")
    if type(said) is str:
        said = said.strip().upper()
        if _CURRENCY.fullmatch(said):
            return said
    return ""


def read_data(
    said: Mapping[str, object], currency: str, zone: str, flaws: list[Flaw]
) -> dict[str, object]:
    """What of `said` has a place in a fact, under the names and in the units of a Fact."""
    data: dict[str, object] = {"currency": currency} if currency else {}
    for name, value in said.items():
        known = KEYS.get(name)
        if known is None:
            if card_key(name) and card_number(value):
                flaws.append(Flaw.CARD_NUMBER_DROPPED)
            continue
        if value is None:
            continue
        target, kind = known
        read: object
        if kind is TEXT:
            read = read_text(value, flaws)
            if read == "":
                continue
        elif kind is MONEY:
            read = minor_units(value, currency)
            if read is None:
                flaws.append(Flaw.VALUE_UNREADABLE)
                continue
        else:
            read = _read(kind, value, zone, flaws)
        if read is None:
            flaws.append(Flaw.DATA_UNREADABLE)
        else:
            data[target] = read
    return data


def read_text(value: object, flaws: list[Flaw]) -> str | None:
    """A text without spaces around it, "" when absent, None when it is no text.

    One that is too long ends in a hash of all of it: two long order numbers stay two.
    """
    if type(value) is not str:
        if type(value) is not int or abs(value) >= 10**18:
            return None
        return str(value)
    text = value.strip()
    if len(text) > TEXT_CHARACTERS_MAX:
        flaws.append(Flaw.DATA_CUT)
        rest = blake2b(text.encode(), digest_size=16).hexdigest()
        return f"{text[: TEXT_CHARACTERS_MAX - 33]}~{rest}"
    return "" if len(text) < 10 and text.lower() in _ABSENT else text


@lru_cache(maxsize=4096)
def card_key(name: str) -> bool:
    """Whether a field of this name is where a payment card's number stands."""
    return name.lower().replace("_", "").replace("-", "").replace(" ", "") in CARD_KEYS


def card_number(value: object) -> bool:
    """Whether this is a payment card's number: 13 to 19 digits that pass the Luhn check."""
    if type(value) is not str and type(value) is not int:
        return False
    text = str(value) if type(value) is str or 0 < value < 10**19 else ""  # type: ignore[operator]
    text = text.replace(" ", "").replace("-", "") if len(text) < 40 else ""
    return _CARD.fullmatch(text) is not None and luhn(text.encode())


def luhn(digits: bytes) -> bool:
    """The check digit of payment cards (ISO/IEC 7812-1), of ASCII digits."""
    return (sum(digits[-1::-2].translate(_ONCE)) + sum(digits[-2::-2].translate(_TWICE))) % 10 == 0


def _read(kind: str, value: object, zone: str, flaws: list[Flaw]) -> object:
    """A value of one of the rarer kinds, None when it cannot be read."""
    if kind is FLAG:
        if type(value) is str:
            return _FLAGS.get(value.strip().lower())
        return bool(value) if type(value) in (bool, int) and value in (0, 1) else None
    if kind is TIME:
        return read_time(value, zone)
    if kind is ZONE:
        return value if type(value) is str and len(value) < 64 and _zone_exists(value) else None
    if kind is CONTACT:
        return _contacts(value, flaws)
    if kind is GTIN:
        return item_code(value, "gtin")
    rows = value.split(",") if type(value) is str else value if type(value) is list else [value]
    if len(rows) > LIST_LENGTH_MAX:
        flaws.append(Flaw.DATA_CUT)
        rows = rows[:LIST_LENGTH_MAX]
    read = item_code if kind is ITEMS else lambda row: read_text(row, flaws) or None
    return [text for row in rows if (text := read(row)) is not None] or None


def _contacts(value: object, flaws: list[Flaw]) -> list[str] | None:
    """`{"email": "ana@example.com", "phone": [..]}` as "type:value"; an empty one is "type:"."""
    if type(value) is not dict:
        return None
    found: list[str] = []
    for kind in sorted(CONTACT_KINDS & value.keys()):
        rows = value[kind] if type(value[kind]) is list else [value[kind]]
        if not any(rows):
            found.append(f"{kind}:")
        for row in rows[:CONTACTS_MAX]:
            contact = normalise(kind, row)
            if contact is not None:
                found.append(contact)
            elif row:
                flaws.append(Flaw.IDENTIFIER_UNUSABLE)
    return found[:CONTACTS_MAX] or None


@lru_cache(maxsize=1024)
def _zone_exists(name: str) -> bool:
    if not _ZONE.fullmatch(name):
        return False
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not found, not a zone's name, a folder of zones
        return False
    return True
