"""States kept as objects from batch to batch: the same answers, and no more memory than agreed."""

from adaptive_stream.engine.customer import Customer, decode_customer, encode_customer
from adaptive_stream.stages.table import Table
from adaptive_stream.stages.warm import OBJECTS, Warm
from tests.stages.stage_world import (
    CATALOG,
    Record,
    Tp,
    customer_records,
    fact,
    step_stage,
    tick,
    work_all,
)

HERE = Tp("customer.facts.v1", 0)
SHOES = [{"sku": "boots-41", "quantity": 1, "price": 89.0}]


def _day() -> list[Record]:
    """Twelve people come back again and again, and time goes on between their facts."""
    facts = [
        fact(n, name, f"email:u{n % 12}@example.com", n, cart=f"c-{n % 12}", items=SHOES)
        for n, name in enumerate(("cart.item_added", "page.viewed", "order.completed") * 20)
    ]
    log: list[Record] = []
    for n, record in enumerate(customer_records(facts)):
        log += [record, tick(0, n)] if n % 7 == 0 else [record]
    return [each._replace(offset=n) for n, each in enumerate(log)]


def test_whoever_is_still_at_hand_is_told_the_same_as_whoever_has_to_be_fetched() -> None:
    """Outputs and rows are equal, however much of what came before is kept as objects."""
    told = []
    for warm_bytes in (0, 20_000, 64 << 20):
        view = Table()
        outputs = work_all(step_stage(CATALOG.rules, 1_000, warm_bytes), HERE, _day(), view, _three)
        told.append((outputs, view.stored))
    assert told[0] == told[1] == told[2]
    assert len(told[0][0]) > 60


def _three(_: int) -> int:
    return 3


def test_no_more_is_kept_than_was_agreed() -> None:
    """A worker's memory is set by numbers, whatever the number of its customers."""
    values = {f"{n}".encode(): encode_customer(Customer(id=f"c-{n:015}")) for n in range(100)}
    warm = Warm(OBJECTS * len(values[b"0"]) * 10)
    customers = {key: decode_customer(value) for key, value in values.items()}
    for _ in range(2):  # To be put again takes no more room.
        for key, customer in customers.items():
            warm.put(key, values[key], customer, None)
    found = [warm.take(key, values[key])[0] is own for key, own in customers.items()]
    assert found == [True] * 10 + [False] * 90


def test_whoever_comes_again_soon_takes_the_place_of_whoever_does_not() -> None:
    """To keep everybody who comes once costs more than it saves where most do."""
    values = {f"{n}".encode(): encode_customer(Customer(id=f"c-{n:015}")) for n in range(100)}
    warm = Warm(OBJECTS * len(values[b"0"]) * 10)
    last: dict[bytes, Customer] = {}
    for n in [*range(50), *range(50, 60), *range(50, 60), *range(100)]:
        key = f"{n}".encode()
        last[key], view = warm.take(key, values[key])
        warm.put(key, values[key], last[key], view)
    found = [int(key) for key, own in last.items() if warm.take(key, values[key])[0] is own]
    assert found == [*range(50, 60)]


def test_a_state_that_was_taken_out_is_not_given_twice() -> None:
    """Whoever changes a state has it alone: a batch that fails leaves nothing half done behind."""
    value = encode_customer(Customer(id="c-1"))
    warm = Warm(1 << 20)
    warm.put(b"c-1", value, Customer(id="c-1"), None)
    mine, _ = warm.take(b"c-1", value)
    mine.state_seq = 7
    again, _ = warm.take(b"c-1", value)
    assert again.state_seq == 0


def test_a_state_is_found_only_as_its_bytes_say_it() -> None:
    """What another worker has stored meanwhile counts, and not what was at hand here."""
    warm = Warm(1 << 20)
    warm.put(b"c-1", encode_customer(Customer(id="c-1")), Customer(id="c-1"), None)
    stored = encode_customer(Customer(id="c-1", state_seq=9))
    assert warm.take(b"c-1", stored)[0].state_seq == 9
