"""Segment-spec JSON, as Segment, RudderStack and Jitsu write it: six calls, and batches of them.

Rule 1: names are matched without case, spaces and punctuation: of 1,594 real events every second
spelling was another.
Rule 2: an event that is none of ours is no fault of its producer: Dropped, never refused.
Rule 3: `timestamp` beside `originalTimestamp` was corrected by a server already.
"""

from collections.abc import Mapping

from adaptive_stream.engine.admit import Draft
from adaptive_stream.engine.event_time import read_time
from adaptive_stream.engine.fact import FACT_TYPES
from adaptive_stream.engine.identifier import normalise
from adaptive_stream.engine.refusal import Dropped, Reason, Refusal
from adaptive_stream.formats.draft import Headers, Reading, Record, as_object, as_text, fact_id
from adaptive_stream.formats.segment_names import (
    EVENTS,
    IDENTIFIERS,
    PROFILE,
    PROPERTIES,
    ROW,
    folded,
)

EVENT_CHARACTERS_MAX = 100  # No name that we know is half as long.
Names = dict[str, list[object]]  # identifiers: all the values of each type

CALLS = frozenset(("track", "identify", "page", "screen", "alias", "group"))


def recognises(record: Record, _headers: Headers) -> bool:
    """Whether a record of unknown format is meant as this one."""
    if type(record.get("batch")) is list:
        return True
    call = record.get("type")
    if type(call) is str:
        return call.lower() in CALLS
    return type(record.get("event")) is str and bool(
        record.keys() & {"userId", "anonymousId", "properties"}
    )


def read(record: Record, _headers: Headers) -> Reading:
    """One fact for a call, as many as it holds for a batch."""
    batch = record.get("batch")
    if type(batch) is not list:
        return [_read_call(record, record.get("sentAt"))]
    sent_at = record.get("sentAt")
    return [
        _read_call(call, call.get("sentAt") or sent_at)
        if type(call) is dict
        else Refusal(Reason.NOT_AN_OBJECT, f"batch[{n}]")
        for n, call in enumerate(batch)
    ] or [Dropped.NOT_A_FACT]


def _read_call(call: Record, sent_at: object) -> Draft | Refusal | Dropped:
    kind = as_text(call.get("type")).lower() or "track"
    properties = as_object(call.get("properties"))
    context = as_object(call.get("context"))
    traits = {**as_object(context.get("traits")), **as_object(call.get("traits"))}
    identifiers = _identifiers(call, context, traits, properties)
    data: Record
    if kind == "track":
        named = _fact_of(call.get("event"))
        if named is None:
            reported = type(call.get("event")) is str
            return Dropped.NOT_A_FACT if reported else Refusal(Reason.NO_TYPE, "event")
        fact_type, data = named[0], {**_data(properties), **named[1]}
    elif kind == "identify":
        data = _profile(traits, context)
        fact_type = "profile.changed" if data else "identity.linked"
    elif kind == "alias":
        fact_type, data = "identity.linked", {}
        identifiers.setdefault("cookie", []).append(call.get("previousId"))
    elif kind in ("page", "screen"):
        fact_type, data = "page.viewed", {}
    else:
        return Dropped.NOT_A_FACT if kind == "group" else Refusal(Reason.NO_TYPE, "type")
    time, sent_at = _time(call, sent_at)
    return Draft(
        id=fact_id(call.get("messageId"), call),
        type=fact_type,
        time=time,
        sent_at=sent_at,
        received_at=call.get("receivedAt"),
        identifiers={**identifiers},
        data=data,
    )


def _fact_of(event: object) -> tuple[str, Mapping[str, object]] | None:
    if type(event) is not str or len(event) > EVENT_CHARACTERS_MAX:
        return None
    return (event, {}) if event in FACT_TYPES else EVENTS.get(folded(event))


def _time(call: Record, sent_at: object) -> tuple[object, object]:
    """The time to use, and the `sentAt` that says how wrong its clock is (None: corrected)."""
    time, original = call.get("timestamp"), call.get("originalTimestamp")
    if time is None or original is None:
        return (original if time is None else time), sent_at
    return (time, None) if read_time(time) is not None else (original, sent_at)


def _data(properties: Record) -> Record:
    """Properties under our names. Of several names for one key the first in PROPERTIES counts."""
    found: dict[str, tuple[int, object]] = {}
    for name, value in properties.items():
        known = PROPERTIES.get(folded(name)) if value is not None else None
        if known is not None and (known.key not in found or known.rank < found[known.key][0]):
            found[known.key] = known.rank, value
    data: Record = {key: value for key, (_, value) in found.items()}
    items = data.get("items")
    if type(items) is list:
        data["items"] = [_row(row) if type(row) is dict else row for row in items]
    return data


def _row(row: Record) -> Record:
    return {ROW[key]: value for name, value in row.items() if (key := folded(name)) in ROW}


def _profile(traits: Record, context: Record) -> Record:
    """The traits that the profile keeps; where she is comes from the device when not said."""
    said = {folded(name): value for name, value in traits.items()}
    address = as_object(said.get("address"))
    data = {key: said[name] for name, key in PROFILE.items() if said.get(name) is not None}
    for name in ("country", "region"):
        if name not in data and type(address.get(name)) is str:
            data[name] = address[name]
    if "zone" not in data and type(context.get("timezone")) is str:
        data["zone"] = context["timezone"]
    return data


def _identifiers(call: Record, context: Record, traits: Record, properties: Record) -> Names:
    """All that names her. Many sites use the e-mail address as userId: it is an e-mail then."""
    user = call.get("userId")
    found: Names = {"cookie": [call.get("anonymousId")]}
    if type(user) is str and "@" in user and normalise("email", user):
        found["email"] = [user]
    else:
        found["account"] = [user]
    device = as_object(context.get("device"))
    if device:
        found["device"] = [device.get("id")]
        found["push_token"] = [device.get("token")]
    for said in (traits, properties):
        for name, value in said.items():
            kind = IDENTIFIERS.get(folded(name))
            if kind is not None and type(value) in (str, int):
                found.setdefault(kind, []).append(value)
    external = context.get("externalIds")
    for each in external if type(external) is list else ():
        kind = as_text(as_object(each).get("type")).lower()
        if kind:
            found.setdefault(kind, []).append(as_object(each).get("id"))
    return found
