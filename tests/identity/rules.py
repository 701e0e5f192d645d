"""Four small journeys whose stops and holds an oracle of a few lines can tell.

Every step is far enough ahead that each channel has something left of it when a history ends.
"""

from collections.abc import Callable, Mapping

from adaptive_stream.engine.journey import Hold, Journey, Policy, Rules, Step
from adaptive_stream.engine.span import Span, parse_span
from adaptive_stream.engine.word import Condition, Expression, Use

HEEDS = frozenset(("web", "store"))
CHANNELS = {"cart": ("email", "push"), "contract": ("email",), "order": ("email",), "her": ("sms",)}
ENDPOINTS = {"email": ("email",), "push": ("device",), "sms": ("phone",)}


def _where(names: str, where: Callable[[Mapping[str, object]], object]) -> Expression:
    """As the catalogue compiles it: of a thing that is not there nothing is true."""
    needed = frozenset(names.split())

    def run(scope: Mapping[str, object]) -> object:
        return needed <= scope.keys() and where(scope)

    return Expression(names, needed, run)


def _use(
    name: str, hears: str, where: Expression | None = None, ends_on: str = "", after: str = ""
) -> Use:
    return Use(
        Condition(
            name=name,
            says=name,
            hears=tuple(hears.split()),
            ends_on=tuple(ends_on.split()),
            where=where,
            after=parse_span(after) if after else None,
        )
    )


COMPLAINT = _use(
    "complaint_open",
    "case.opened",
    _where("case", lambda s: s["case"].kind == "complaint" and s["case"].status == "open"),
    ends_on="case.closed",
)
PAID = ("completed", "delivered")


def _journey(kind: str, when: Use, stop_when: tuple[Use, ...], *holds: Hold) -> Journey:
    name = {"customer": "her"}.get(kind, kind)
    steps = [
        Step(f"by-{channel}", parse_span("20h"), "mail", (channel,), parse_span("12h"))
        for channel in CHANNELS[name]
    ]
    return Journey(
        name=name,
        says=name,
        owner="",
        purpose="marketing",
        worth=1.0,
        for_each=kind,
        when=when,
        only_if=None,
        not_older_than=Span(days=365),
        steps=tuple(steps),
        stop_when=stop_when,
        hold_when=(Hold(COMPLAINT), *holds),
        heeds=HEEDS,
    )


CART = _journey(
    "cart",
    _use("left", "cart.abandoned", _where("cart", lambda s: s["cart"].status == "abandoned")),
    (
        _use("bought", "order.completed", _where("cart", lambda s: bool(s["cart"].settled))),
        _use(
            "emptied",
            "cart.emptied cart.item_removed",
            _where("cart", lambda s: s["cart"].status == "emptied"),
        ),
    ),
)
CONTRACT = _journey(
    "contract",
    _use(
        "due",
        "contract.renewal_due",
        _where("contract", lambda s: s["contract"].status in ("renewal_due", "renewing")),
    ),
    (
        _use(
            "renewed",
            "contract.renewed",
            _where("contract", lambda s: s["contract"].status == "renewed"),
        ),
    ),
    Hold(
        _use(
            "renewing",
            "renewal.started",
            _where("contract", lambda s: s["contract"].status == "renewing"),
        ),
        at_most=Span(days=5),
    ),
)
ORDER = _journey(
    "order",
    _use("complete", "order.completed", _where("order", lambda s: s["order"].status in PAID)),
    (
        _use("back", "order.refunded", _where("order", lambda s: s["order"].status == "refunded")),
        _use("off", "order.cancelled", _where("order", lambda s: s["order"].status == "cancelled")),
    ),
)
HER = _journey(
    "customer",
    _use(
        "quiet",
        "order.completed",
        _where("customer", lambda s: any(order.paid for order in s["customer"].orders)),
        after="1h",
    ),
    (),
)

RULES = Rules(
    id="r-test",
    journeys=(CART, CONTRACT, ORDER, HER),
    policy=Policy(endpoints=ENDPOINTS, cart_heeds=HEEDS),
)
