"""The public state, as it was folded over the members of a customer (fold.py)."""

from collections.abc import Mapping

import msgspec

from adaptive_stream.engine.context import NOTHING, Context
from adaptive_stream.engine.customer import Kept
from adaptive_stream.engine.decision import Cause
from adaptive_stream.engine.entity import (
    Cart,
    Case,
    Contract,
    Heard,
    Message,
    Order,
    Registration,
    Topic,
    ViewedItem,
)
from adaptive_stream.engine.journey import Policy
from adaptive_stream.engine.now import Now
from adaptive_stream.engine.parts import preferences
from adaptive_stream.engine.parts.claims import Claim
from adaptive_stream.engine.parts.kept import cause_of
from adaptive_stream.engine.subject import Subject
from adaptive_stream.engine.word import ENTITIES

Entity = Cart | Order | Contract | Case | Message | Topic | ViewedItem | Registration
KeptByKey = dict[str, list[Kept]]
NONE: Mapping[str, Entity] = {}
EVERY_PART = frozenset((
    "orders", "carts", "contracts", "cases", "topics", "consent", "preferences", "messages",
    "interest", "registrations", "claims", "profile", "seen",
))  # fmt: skip


class Hit(msgspec.Struct, frozen=True, gc=False):
    """It holds since `at_ms`, because of `cause`; by_time: only once `at_ms` has come."""

    at_ms: int
    cause: Cause
    by_time: bool = False


class View(msgspec.Struct):
    """What conditions, transitions and outputs read. Everything is in order of key.

    Of its making: `stale` are the parts that have changed since they were folded, `fresh` those in
    which something may be new since she was judged last, `policy` that by which it was folded.
    """

    id: str
    zone: str = ""
    profile: dict[str, str] = {}
    cart_by_id: dict[str, Cart] = {}
    order_by_number: dict[str, Order] = {}
    contract_by_number: dict[str, Contract] = {}
    case_by_number: dict[str, Case] = {}
    message_by_id: dict[str, Message] = {}
    topic_by_name: dict[str, Topic] = {}
    viewed_by_item: dict[str, ViewedItem] = {}
    registration_by_key: dict[str, Registration] = {}
    consent: list[dict[str, object]] = []
    sent_steps: set[tuple[str, str, str]] = set()
    refusals: dict[str, Heard] = {}  # address -> what it said
    stated: dict[str, dict[str, object]] = {}  # channel -> her own word
    claims: dict[str, list[Claim]] = {}
    kept: dict[str, KeptByKey] = {}  # of the parts that make no things
    types: set[str] = set()  # of all facts, those that count for nothing too
    retracted: set[str] = set()  # ids of facts
    order_names: dict[str, str] = {}  # each number -> the one that counts
    by_kind: dict[str, Mapping[str, Entity]] = {}
    identifiers: list[str] = []
    who: dict[str, object] | None = None  # her names as JSON, once somebody has asked
    context: Context = NOTHING
    now_ms: int = 0  # the partition's
    now: Now = msgspec.field(default_factory=lambda: Now(0, ""))  # as conditions ask for it
    hits: dict[tuple[str | None, ...], list[Hit]] = {}  # asked so far
    endings: dict[tuple[str | None, ...], list[tuple[Hit, Cause]]] = {}
    subjects: dict[tuple[str, str], Subject] = {}
    latest: dict[str, Cause | None] = {}  # asked of `heard` so far
    carts_ms: int = 0  # what the time is for carts
    carts_until_ms: float = 0.0  # then time alone changes a cart
    policy: Policy = Policy()
    stale: set[str] = set()
    fresh: frozenset[str] = EVERY_PART

    def __post_init__(self) -> None:
        self.by_kind = dict.fromkeys(ENTITIES, NONE)

    @property
    def carts(self) -> list[Cart]:
        return list(self.cart_by_id.values())

    @property
    def orders(self) -> list[Order]:
        return list(self.order_by_number.values())

    @property
    def contracts(self) -> list[Contract]:
        return list(self.contract_by_number.values())

    @property
    def cases(self) -> list[Case]:
        return list(self.case_by_number.values())

    @property
    def messages(self) -> list[Message]:
        return list(self.message_by_id.values())

    @property
    def topics(self) -> list[Topic]:
        return list(self.topic_by_name.values())

    @property
    def viewed_items(self) -> list[ViewedItem]:
        return list(self.viewed_by_item.values())

    @property
    def tier(self) -> str:
        return self.profile.get("tier", "")

    def refuses(self, channel: str) -> bool:
        """Whether she said herself that this channel is not to be used."""
        return preferences.refuses(self.stated, channel)

    @property
    def region(self) -> str:
        return self.profile.get("region", "")

    @property
    def home_store(self) -> str:
        return self.profile.get("home_store", "")

    @property
    def language(self) -> str:
        return self.profile.get("language", "")

    def order(self, number: str) -> Order | None:
        """The order known under this number, its own or one that it replaced."""
        return self.order_by_number.get(self.order_names.get(number, number))

    def heard(self, type_: str) -> Cause | None:
        """The latest fact of this type over all that she has; a purchase counts once it is paid."""
        if type_ not in self.latest:
            found = self._heard(type_)
            self.latest[type_] = max(found, key=lambda c: (c.at_ms, c.id), default=None)
        return self.latest[type_]

    def _heard(self, type_: str) -> list[Cause]:
        found: list[Cause] = []
        for things in self.by_kind.values():
            for thing in things.values():
                if type_ in thing.heard:
                    unpaid = type_ == "order.completed" and type(thing) is Order and not thing.paid
                    found += () if unpaid else (thing.heard[type_],)
        for by_key in self.kept.values():
            for key, facts in by_key.items():
                found += [cause_of(kept, key) for kept in facts if kept.type == type_]
        return found
