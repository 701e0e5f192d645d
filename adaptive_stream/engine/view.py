"""The public state: one fold over the members of a customer. The same set gives the same view.

Members are united part by part, key by key: the cart that was seen under a cookie and the cart
that was seen under an e-mail address are one cart, if they have one id.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from adaptive_stream.engine import codes, stock
from adaptive_stream.engine.clock import Clock
from adaptive_stream.engine.context import NOTHING, Context
from adaptive_stream.engine.customer import Customer, Kept
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
from adaptive_stream.engine.fact import CONTEXT
from adaptive_stream.engine.journey import Policy
from adaptive_stream.engine.now import Now
from adaptive_stream.engine.parts import (
    carts,
    claims,
    consent,
    contracts,
    interest,
    messages,
    orders,
    preferences,
    profile,
    registrations,
    service,
    topics,
)
from adaptive_stream.engine.parts.claims import Claim
from adaptive_stream.engine.parts.kept import cause_of, unite
from adaptive_stream.engine.subject import Subject

Entity = Cart | Order | Contract | Case | Message | Topic | ViewedItem | Registration


@dataclass(frozen=True, slots=True)
class Hit:
    """It holds since `at_ms`, because of `cause`; by_time: only once `at_ms` has come."""

    at_ms: int
    cause: Cause
    by_time: bool = False


@dataclass(slots=True)
class View:
    """What conditions, transitions and outputs read. Everything is in order of key."""

    id: str
    zone: str
    profile: dict[str, str]
    cart_by_id: dict[str, Cart]
    order_by_number: dict[str, Order]
    contract_by_number: dict[str, Contract]
    case_by_number: dict[str, Case]
    consent: list[dict[str, object]]
    message_by_id: dict[str, Message]
    sent_steps: set[tuple[str, str, str]]
    heard: Heard = field(default_factory=dict)
    types: set[str] = field(default_factory=set)  # of all facts, those that count for nothing too
    retracted: set[str] = field(default_factory=set)  # ids of facts
    context: Context = NOTHING
    now_ms: int = 0  # the partition's
    subjects: dict[tuple[str, str], Subject] = field(default_factory=dict)  # asked so far
    order_names: dict[str, str] = field(default_factory=dict)  # each number -> the one that counts
    now: Now = field(init=False)  # as conditions ask for it
    by_kind: dict[str, Mapping[str, Entity]] = field(init=False)
    hits: dict[tuple[str | None, ...], list[Hit]] = field(default_factory=dict)  # asked so far
    endings: dict[tuple[str | None, ...], list[tuple[Hit, Cause]]] = field(default_factory=dict)
    topic_by_name: dict[str, Topic] = field(default_factory=dict)
    viewed_by_item: dict[str, ViewedItem] = field(default_factory=dict)
    registration_by_key: dict[str, Registration] = field(default_factory=dict)
    stated: dict[str, dict[str, object]] = field(default_factory=dict)  # channel -> her own word
    claims: dict[str, list[Claim]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.now = Now(self.now_ms, self.zone)
        self.by_kind = {
            "cart": self.cart_by_id,
            "order": self.order_by_number,
            "contract": self.contract_by_number,
            "case": self.case_by_number,
            "message": self.message_by_id,
            "topic": self.topic_by_name,
            "viewed_item": self.viewed_by_item,
            "registration": self.registration_by_key,
        }

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


def fold(customer: Customer, clock: Clock, policy: Policy, context: Context = NOTHING) -> View:
    """The customer as of the partition's clock and context."""
    retracted = {fact_id for member in customer.members.values() for fact_id in member.retracted}
    parts = codes.by_one_code(_united(customer, retracted), context)
    by_order = orders.fold(parts.get("orders", {}))
    by_cart = carts.fold(
        parts.get("carts", {}),
        by_order,
        clock.at(policy.cart_heeds),
        policy.cart_abandoned_after_ms,
    )
    codes.mark_unknown(by_order.values(), by_cart.values(), context)
    stock.look(by_cart.values(), by_order.values(), context, substitutes=policy.substitutes)
    by_contract = contracts.fold(parts.get("contracts", {}))
    by_case = service.fold(parts.get("cases", {}))
    said = parts.get("messages", {})
    fields = profile.fold(parts.get("profile", {}))
    by_message = messages.fold(said, context)
    view = View(
        id=customer.id,
        zone=fields.get("zone", policy.zone),
        profile=fields,
        cart_by_id=dict(sorted(by_cart.items())),
        order_by_number=dict(sorted(by_order.items())),
        contract_by_number=dict(sorted(by_contract.items())),
        case_by_number=dict(sorted(by_case.items())),
        consent=consent.fold(parts.get("consent", {})),
        message_by_id=dict(sorted(by_message.items())),
        sent_steps=messages.sent_steps(said),
        order_names={name: o.id for o in by_order.values() for name in o.also_known_as},
        retracted=retracted,
        context=context,
        now_ms=clock.now_ms,
        topic_by_name=topics.fold(parts.get("topics", {}), by_case, policy, policy.zone),
        viewed_by_item=interest.fold(parts.get("interest", {}), context, clock.now_ms),
        registration_by_key=registrations.fold(parts.get("registrations", {})),
        stated=preferences.fold(parts.get("preferences", {})),
        claims=claims.fold(parts.get("claims", {})),
    )
    view.heard = _heard(view, parts)
    view.types = set(view.heard) | ({*CONTEXT} if context else set())
    for entities in view.by_kind.values():
        view.types.update(*(entity.heard for entity in entities.values()))
    return view


def _united(customer: Customer, retracted: set[str]) -> dict[str, dict[str, list[Kept]]]:
    """Part -> key -> facts of all members, without what was retracted."""
    if len(customer.members) == 1 and not retracted:
        return next(iter(customer.members.values())).parts
    gathered: dict[str, dict[str, list[Kept]]] = {}
    for _, member in sorted(customer.members.items()):
        for part, by_key in member.parts.items():
            for key, facts in by_key.items():
                gathered.setdefault(part, {}).setdefault(key, []).extend(facts)
    united: dict[str, dict[str, list[Kept]]] = {}
    for part, by_key in gathered.items():
        for key, facts in by_key.items():
            one_set = unite(facts)
            # Of what was seen only the latest is kept; whoever takes it back knows of no other.
            one_set = one_set[-1:] if part == "seen" else one_set
            if left := [kept for kept in one_set if kept.id not in retracted]:
                united.setdefault(part, {})[key] = left
    return united


KEPT_WHOLE = ("seen", "profile", "preferences", "claims", "consent")


def _heard(view: View, parts: dict[str, dict[str, list[Kept]]]) -> Heard:
    """The latest of each kind of fact, over all that she has."""
    heard: Heard = {}
    for entities in view.by_kind.values():
        for entity in entities.values():
            for type_, cause in entity.heard.items():
                if isinstance(entity, Order) and type_ == "order.completed" and not entity.paid:
                    continue
                if type_ not in heard or _later(cause, heard[type_]):
                    heard[type_] = cause
    whole = [parts.get(name, {}) for name in KEPT_WHOLE]
    nameless = [{"": parts.get(name, {}).get("", [])} for name in ("topics", "interest")]
    for by_key in (*whole, *nameless):
        for key, facts in by_key.items():
            for kept in facts:
                cause = cause_of(kept, key)
                if kept.type not in heard or _later(cause, heard[kept.type]):
                    heard[kept.type] = cause
    return heard


def _later(cause: Cause, other: Cause) -> bool:
    return (cause.at_ms, cause.id) > (other.at_ms, other.id)
