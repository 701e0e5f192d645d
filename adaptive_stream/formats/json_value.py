"""The bytes of a value as JSON, or why they are none.

Rule 1: fast first. What producers get slightly wrong is mended on the slow path only: NaN and
Infinity (Python), half an emoji (JavaScript cuts texts in the middle), numbers without end.
Rule 2: bounded. Nothing is parsed that is larger than RECORD_BYTES_MAX.
"""

import json
from collections.abc import Iterable

import orjson

from adaptive_stream.engine.refusal import Reason, Refusal
from adaptive_stream.formats import confluent
from adaptive_stream.formats.draft import Headers

# Kafka takes 1 MiB by default, but of a compressed batch: one record may be far larger inside.
RECORD_BYTES_MAX = 2 * 1024 * 1024
NO_HEADERS: Headers = {}

_BEGINS = b'{["-0123456789tfnNI'  # what the first byte of any JSON, or of nearly JSON, can be
_CHARSETS = {
    b"iso-8859-1": "latin-1",
    b"latin1": "latin-1",
    b"windows-1252": "cp1252",
    b"utf-16": "utf-16",
    b"utf-16le": "utf-16-le",
    b"utf-16be": "utf-16-be",
}


def by_name(headers: Iterable[tuple[str, bytes | None]]) -> Headers:
    """Headers by name in lower case, the last of a name; those without a value are left out."""
    return {name.lower(): said for name, said in headers or () if said is not None}


def decode_value(value: bytes | None, headers: Headers) -> object:
    """What the JSON says, or a Refusal. `headers` as from by_name."""
    if not value:
        return Refusal(Reason.NO_VALUE)
    if framed := confluent.framed(value, headers):
        value = confluent.strip(value)
    if len(value) > RECORD_BYTES_MAX:
        json_like = value[:64].lstrip()[:1] in _BEGINS
        reason = Reason.TOO_LARGE if json_like else Reason.NOT_JSON
        return Refusal(reason, f"{len(value)} bytes, {RECORD_BYTES_MAX} at most")
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        said = _mended(value, headers, error)
    if framed and type(said) is Refusal and said.reason in (Reason.NOT_JSON, Reason.NOT_UTF8):
        return Refusal(Reason.NEEDS_SCHEMA)
    return said


def _mended(value: bytes, headers: Headers, error: orjson.JSONDecodeError) -> object:
    """The slow path: what it says after all, or the reason why nothing can be made of it."""
    if "depth limit" in str(error) or "recursion limit" in str(error).lower():
        return Refusal(Reason.TOO_DEEP)
    text = _text(value, headers)
    if text is None:
        return _not_utf8(value)
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as again:
        error = again
    if "NaN" in text or "Infinity" in text or "\\ud" in text.lower() or "infinity" in str(error):
        return _lenient(text, error)
    return Refusal(Reason.NOT_JSON, _place(error))


def _text(value: bytes, headers: Headers) -> str | None:
    """The value in the charset that its header names, else in UTF-8 without a byte order mark."""
    said = (headers.get("content-type") or b"").lower().partition(b"charset=")[2]
    charset = _CHARSETS.get(said.strip().strip(b'"').partition(b";")[0], "utf-8-sig")
    try:
        return value.decode(charset)
    except UnicodeDecodeError:
        return None


def _not_utf8(value: bytes) -> Refusal:
    try:
        orjson.loads(value.decode("utf-8", "replace"))
    except orjson.JSONDecodeError as error:
        return Refusal(Reason.NOT_JSON, _place(error))
    return Refusal(Reason.NOT_UTF8)


def _lenient(text: str, error: orjson.JSONDecodeError) -> object:
    try:
        said = json.loads(text, parse_int=_number)
        whole = json.dumps(said, ensure_ascii=False).encode("utf-8", "replace")
        return json.loads(whole)
    except RecursionError:
        return Refusal(Reason.TOO_DEEP)
    except ValueError:
        return Refusal(Reason.NOT_JSON, _place(error))


def _number(digits: str) -> int | float:
    return int(digits) if len(digits) < 19 else float(digits)


def _place(error: orjson.JSONDecodeError) -> str:
    return f"{error.msg.partition(':')[0]} at line {error.lineno} column {error.colno}"
