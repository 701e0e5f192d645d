"""What names a person: `type:value`, normalised, and the keyed hash that travels in its place.

Rule 1: two spellings of one address are one identifier; two people are never one by normalising.
Rule 2: what stands for nobody (`null`, `0`, `test@test.com`) is no identifier.
Rule 3: STRENGTH is closed, with one way to extend it: another type is accepted, and comes last.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b

# Strongest first: an account was logged in to and a card was shown by a person, an address was
# typed, a tool's own id was copied, a device is held by whoever holds it, a cookie is a guess.
STRENGTH = (
    "account",
    "loyalty",
    "email",
    "phone",
    "braze",
    "device",
    "push_token",
    "cookie",
)
VALUE_CHARACTERS_MAX = 256
SPELLINGS_KEPT = 32_768  # Who comes once tends to come again within minutes.
DIGITS = "0123456789abcdefghijklmnopqrstuv"  # base32hex: the order of texts is that of numbers.

PLACEHOLDERS = frozenset(
    ("", "-", "0", "-1", "?", "anonymous", "default", "dummy", "false", "guest", "n/a", "na")
    + ("nan", "nil", "none", "null", "[object object]", "true", "undefined", "unknown", "xxx")
    + ("00000000-0000-0000-0000-000000000000",)
)
PLACEHOLDER_LOCAL_PARTS = frozenset(("noreply", "no-reply", "donotreply", "noemail", "nomail"))
PLACEHOLDER_EMAILS = frozenset(
    ("a@a.com", "email@email.com", "none@none.com", "test@test.com", "x@x.com")
)
PLACEHOLDER_PHONES = frozenset(("1234567890", "0123456789", "123456789", "12345678"))

_RANK = {name: rank for rank, name in enumerate(STRENGTH)}
_TYPE = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)
_EMAIL = re.compile(r"[^\s@,;:<>()\"\\]+@[^\s@,;:<>()\"\\._]+(?:\.[^\s@,;:<>()\"\\._]+)+")
_PHONE_NOISE = str.maketrans("", "", " ()-./\u00a0\u2010\u2011\u2012\u2013")


def normalise(kind: str, value: object) -> str | None:
    """`type:value`, or None when it names nobody. Numbers are taken as their digits."""
    if type(value) is int:
        value = str(value) if abs(value) < 10**18 else ""
    if type(value) is not str or len(value) > VALUE_CHARACTERS_MAX:
        return None
    return _of_text(kind, value)


@lru_cache(SPELLINGS_KEPT)
def _of_text(kind: str, value: str) -> str | None:
    if kind not in _RANK and not _TYPE.fullmatch(kind):
        return None
    text = value.strip()
    if text.lower() in PLACEHOLDERS or not text.isprintable():
        return None
    if kind == "email":
        text = _email(text)
    elif kind == "phone":
        text = _phone(text)
    elif _one_character_repeated(text):
        text = ""
    return f"{kind}:{text}" if text else None


def route(identifiers: Iterable[str]) -> tuple[str, ...]:
    """Without repeats, the strongest first and ties by value: the first one routes the fact."""
    return tuple(sorted(set(identifiers), key=_routing_order))


def identifier_hash(tenant_key: bytes, identifier: str) -> str:
    """32 hex characters that only a holder of the key (16 to 64 bytes) can make."""
    return blake2b(identifier.encode(), digest_size=16, key=tenant_key).hexdigest()


def customer_id(log_ms: int, identifier_hash: str) -> str:
    """`c-` and 16 characters: the smaller id is the older customer.

    The hash is mixed with the time, so that a person who was erased and returns has nothing in
    common with who she was.
    """
    seed = blake2b(f"{identifier_hash}@{log_ms}".encode(), digest_size=4).digest()
    number = (log_ms & 0xFFFF_FFFF_FFFF) << 32 | int.from_bytes(seed, "big")
    return "c-" + "".join(DIGITS[number >> shift & 31] for shift in range(75, -5, -5))


def member_id(customer: str) -> str:
    """The member that a new customer is made with."""
    return "m-" + customer[2:]


def customer_of(member: str) -> str:
    """Who this member is when it is alone."""
    return "c-" + member[2:]


def strength_of(kind: str) -> int:
    """0 for the strongest type; unknown types come last."""
    return _RANK.get(kind, len(_RANK))


def _routing_order(identifier: str) -> tuple[int, str]:
    return _RANK.get(identifier.partition(":")[0], len(_RANK)), identifier


def _email(text: str) -> str:
    """Lower-cased and NFKC. Tags (`ana+shop@`) stay: only the mail host knows what they mean."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    text = text.lower().removeprefix("mailto:")
    if len(text) > 254 or not _EMAIL.fullmatch(text) or text in PLACEHOLDER_EMAILS:
        return ""
    local = text.partition("@")[0]
    return "" if local in PLACEHOLDER_LOCAL_PARTS or local in PLACEHOLDERS else text


def _phone(text: str) -> str:
    """`+` and digits when the country is known, the bare digits as dialled at home when not.

    Without `+` or `00`, 11 to 15 digits that do not begin with 0 carry their country code.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    text = text.lower().removeprefix("tel:")
    if text.startswith("+"):
        text = text.replace("(0)", "")  # +44 (0)7700 …: the 0 is for callers inside the country.
    text = text.translate(_PHONE_NOISE)
    if text.startswith("00"):
        text = "+" + text[2:]
    digits = text.removeprefix("+")
    if not digits.isascii() or not digits.isdigit() or not 7 <= len(digits) <= 15:
        return ""
    if digits in PLACEHOLDER_PHONES or _one_character_repeated(digits):
        return ""
    if text[0] == "+":
        return text if digits[0] != "0" else ""
    return "+" + digits if digits[0] != "0" and len(digits) >= 11 else digits


def _one_character_repeated(text: str) -> bool:
    """999999 on a card is a till's way to say that there was no card."""
    return len(text) >= 6 and text == text[0] * len(text)
