"""OUT: decisions of the engine -> records. One file per output topic; `records` finds the file.

Topics are named without the deployment's prefix: the shell puts it in front.
"""

from adaptive_stream.engine.decision import (
    CustomerState,
    Decision,
    Opportunity,
    StateChanged,
    Suppression,
)
from adaptive_stream.outputs import customer_state, opportunities, state_changed, suppressions
from adaptive_stream.outputs.record import Record

TOPICS = (state_changed.TOPIC, customer_state.TOPIC, *suppressions.TOPICS, opportunities.TOPIC)

__all__ = ["TOPICS", "Record", "records"]


def records(decision: Decision) -> list[Record]:
    """What is written for one decision, in the order of writing."""
    match decision:
        case Suppression():
            return [suppressions.record(decision)]
        case StateChanged():
            return [state_changed.record(decision)]
        case CustomerState():
            return [customer_state.record(decision)]
        case Opportunity():
            return [opportunities.record(decision)]
