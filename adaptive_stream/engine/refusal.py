"""Why a record is turned away, and what was wrong with one that was not.

Rule 1: a record is refused only when *who*, *what* or *when* stays unknown, or it cannot be read.
Rule 2: Reason is in order of precedence: the first that applies is told. Both lists are closed.
"""

from enum import StrEnum

import msgspec


class Reason(StrEnum):
    """Why a record ends in its dead-letter topic, in descending precedence."""

    NOT_JSON = "not_json"
    NOT_UTF8 = "not_utf8"
    NEEDS_SCHEMA = "needs_schema"
    NO_VALUE = "no_value"
    TOO_LARGE = "too_large"
    TOO_DEEP = "too_deep"
    NOT_AN_OBJECT = "not_an_object"
    UNKNOWN_FORMAT = "unknown_format"
    NO_TYPE = "no_type"
    UNKNOWN_FACT = "unknown_fact"
    NO_IDENTITY = "no_identity"
    NO_SUBJECT = "no_subject"
    NO_TIME = "no_time"


class Flaw(StrEnum):
    """What was wrong with a record that was processed all the same, for a metric."""

    TIME_UNUSABLE = "time_unusable"
    TIME_IN_FUTURE = "time_in_future"
    IDENTIFIER_UNUSABLE = "identifier_unusable"
    IDENTIFIER_BLOCKED = "identifier_blocked"
    PRICE_UNREADABLE = "price_unreadable"
    VALUE_UNREADABLE = "value_unreadable"
    QUANTITY_UNREADABLE = "quantity_unreadable"
    ITEM_UNREADABLE = "item_unreadable"
    DATA_UNREADABLE = "data_unreadable"
    DATA_CUT = "data_cut"
    CARD_NUMBER_DROPPED = "card_number_dropped"


class Dropped(StrEnum):
    """Why a record that is in order gave no fact, for a metric. It is not refused."""

    NOT_A_FACT = "not_a_fact"
    BY_RULE = "by_rule"


SENTENCES = {
    Reason.NOT_JSON: "its value is not JSON",
    Reason.NOT_UTF8: "its value would be JSON, but the text is not UTF-8",
    Reason.NEEDS_SCHEMA: "its value is Avro, Protobuf or the like: only its schema can read it",
    Reason.NO_VALUE: "it has no value: a tombstone says nothing here",
    Reason.TOO_LARGE: "its value is larger than a record may be",
    Reason.TOO_DEEP: "its value is nested deeper than can be read",
    Reason.NOT_AN_OBJECT: "its value is JSON, but not an object",
    Reason.UNKNOWN_FORMAT: "nothing in it says which format it is written in",
    Reason.NO_TYPE: "it does not say what happened",
    Reason.UNKNOWN_FACT: "it says that something happened which is none of the known facts",
    Reason.NO_IDENTITY: "it does not say who did it: no identifier in it is usable",
    Reason.NO_SUBJECT: "it does not say which item or which fact it is about",
    Reason.NO_TIME: "neither it nor Kafka says when it happened",
    Flaw.TIME_UNUSABLE: "its own time could not be used, so Kafka's was taken",
    Flaw.TIME_IN_FUTURE: "it says that it happens in the future",
    Flaw.IDENTIFIER_UNUSABLE: "one of its identifiers stands for nobody and was left out",
    Flaw.IDENTIFIER_BLOCKED: "one of its identifiers is blocked by the identity policy",
    Flaw.PRICE_UNREADABLE: "the price of a line could not be read and counts as unknown",
    Flaw.VALUE_UNREADABLE: "an amount could not be read and was left out",
    Flaw.QUANTITY_UNREADABLE: "the quantity of a line could not be read and counts as one",
    Flaw.ITEM_UNREADABLE: "a line names no item, or no piece of it, and was left out",
    Flaw.DATA_UNREADABLE: "a field has a value of the wrong kind and was left out",
    Flaw.DATA_CUT: "it is longer than is kept, and the rest was left out",
    Flaw.CARD_NUMBER_DROPPED: "a payment card's number was left out",
    Dropped.NOT_A_FACT: "it reports nothing that bears on any decision",
    Dropped.BY_RULE: "its channel's file says to drop it",
}


class Refusal(msgspec.Struct, frozen=True):
    """A record turned away. `detail` says where and what, without personal data."""

    reason: Reason
    detail: str = ""

    def says(self) -> str:
        """One sentence for people."""
        sentence = SENTENCES[self.reason]
        return f"{sentence} ({self.detail})" if self.detail else sentence
