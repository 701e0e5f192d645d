"""A batch through a stage, whatever the engine does: a record on which it raises is worked around.

The engine is pure, so the batch is done again up to that record, and nothing is told twice.
"""

from typing import Any

from adaptive_stream.stages.outcome import EngineFault, Outcome, Stage, View


def worked(
    stage: Stage, tp: Any, records: list[Any], view: View
) -> tuple[Outcome, EngineFault | None]:
    """What came of the records before `next_offset`, at least one; the fault that was buried, if
    the first of them is one."""
    try:
        return stage.work(tp, records, view), None
    except EngineFault as fault:
        good = [record for record in records if record.offset < fault.offset]
        if good:  # The next batch begins with the fault.
            return stage.work(tp, good, view), None
        return _buried(stage, tp, records[0], view, fault), fault


def _buried(stage: Stage, tp: Any, record: Any, view: View, fault: EngineFault) -> Outcome:
    outcome = Outcome(view.clock, record.offset + 1, view.in_force)
    outcome.outputs = [stage.dead_letter(tp, record, fault)]
    outcome.count("parked", type(fault.error).__name__)
    outcome.count("dead_letters", "engine_fault")
    return outcome
