"""What customer.state.v1 says of customers, said again."""

from collections.abc import Iterable

from adaptive_stream.engine.context import Given
from adaptive_stream.engine.customer import Customer, decode_customer
from adaptive_stream.engine.journey import Rules
from adaptive_stream.engine.step import show
from adaptive_stream.outputs import customer_state
from adaptive_stream.stages.outcome import Rows
from adaptive_stream.stages.records import Output


def shown_again(
    topic: str, partition: int, keys: Iterable[bytes], rows: Rows, rules: Rules, given: Given
) -> list[Output]:
    """One record for each key; an empty one of a customer who is unknown."""
    found = rows([*keys])
    told: list[Output] = []
    for key in keys:
        row = found.get(key)
        customer = decode_customer(row.value or b"") if row else Customer(key.decode())
        state = show(customer, rules, given)
        record = customer_state.record(state) if state else None
        said = (record.value, record.headers) if record else (None, ())
        told.append(Output(topic, partition, key, *said))
    return told
