"""What all formats share: what a reader gives back, and the id of a record that has none.

A reader is `read(record, headers) -> list of Draft, Refusal or Dropped`, one for each fact that
the record holds. It never raises, whatever is in the record.
"""

from collections.abc import Callable, Mapping
from hashlib import blake2b

import orjson

from adaptive_stream.engine.admit import Draft
from adaptive_stream.engine.refusal import Dropped, Refusal

ID_CHARACTERS_MAX = 128
_NO_ID = frozenset(("null", "undefined", "none", "nan", "0"))

Record = dict[str, object]
Headers = Mapping[str, bytes]  # by name in lower case
Reading = list[Draft | Refusal | Dropped]
Reader = Callable[[Record, Headers], Reading]


def fact_id(said: object, content: object) -> str:
    """The producer's own id, else `h-` and a hash of the content; "" when neither can be had.

    The hash is of the content in one canonical form, so the same record written with other
    spaces, or its keys in another order, is the same fact.
    """
    if type(said) is int and abs(said) < 10**18:
        said = str(said)
    if type(said) is str and (own := said.strip()) and own.lower() not in _NO_ID:
        return own if len(own) <= ID_CHARACTERS_MAX else hash_id(own.encode())
    try:
        return hash_id(orjson.dumps(content, option=orjson.OPT_SORT_KEYS))
    except orjson.JSONEncodeError:  # Nested deeper than orjson writes, though not than it reads.
        return ""


def hash_id(content: bytes) -> str:
    """The id of a record by its bytes."""
    return "h-" + blake2b(content, digest_size=16).hexdigest()


def as_object(said: object) -> Record:
    """`said` if it is a JSON object, else an empty one."""
    return said if type(said) is dict else {}


def as_text(said: object) -> str:
    """`said` if it is a text, else an empty one."""
    return said if type(said) is str else ""
