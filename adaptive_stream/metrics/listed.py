"""Every metric of the worker: its name, its type, what it says, who has it, and its labels.

Rule 1: base units, `_total` for what only grows (the exposition adds it), labels from closed lists:
no name of a person or of an item is ever a label. A partition is one where somebody must be told
which one it is.
Rule 2: what does not exist yet is not here. Its metrics come with it.
"""

from typing import Literal, NamedTuple

from adaptive_stream.metrics import words
from adaptive_stream.metrics.words import Label

PREFIX = "adaptive_stream_"
Kind = Literal["counter", "gauge", "histogram", "info"]
SECONDS = (
    *(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
    *(300.0, 3600.0),
)
ADMIT, STEP = ("admit",), ("step",)
KEEPS_STATE = ("resolve", "step")
OWN_CHANNEL, PARTITION = Label("channel"), Label("partition")


class Metric(NamedTuple):
    """`name` without PREFIX and suffix. `stages`: who has it; each has `stage` as its first label
    beside `labels`."""

    kind: Kind
    name: str
    says: str
    labels: tuple[Label, ...] = ()
    stages: tuple[str, ...] = words.STAGES

    @property
    def exposed(self) -> str:
        """The name that a query uses; a histogram's without _bucket, _sum and _count."""
        return PREFIX + self.name + {"counter": "_total", "info": "_info"}.get(self.kind, "")


def _labels(**of: tuple[str, ...]) -> tuple[Label, ...]:
    return tuple(Label(name, values) for name, values in of.items())


FACTS = (
    Metric("counter", "facts", "Facts of channels, by what became of them.",
           (OWN_CHANNEL, Label("outcome", words.OUTCOMES)), ADMIT),
    Metric("counter", "refused", "Records of channels that were turned away.",
           _labels(reason=words.REFUSALS), ADMIT),
    Metric("counter", "dropped", "Records of channels that are in order and gave no fact.",
           _labels(reason=words.DROPS), ADMIT),
    Metric("counter", "faults", "What was wrong with facts that were processed all the same.",
           _labels(kind=words.FLAWS), ("admit", "step")),
    Metric("counter", "dead_letters", "Records put into a dead-letter topic.",
           _labels(reason=(*words.REFUSALS, words.ENGINE_FAULT))),
    Metric("counter", "sender_reports", "Message facts, by the tool that planned or sent it.",
           (Label("sender"),), ADMIT),
    Metric("gauge", "sender_silent_seconds",
           "For how long a sender has been silent beyond its silent_after, as far as this process "
           "has seen: the least of all processes counts.", (Label("sender"),), ADMIT),
    Metric("counter", "parked", "Facts set aside because the engine raised on them: a bug each.",
           _labels(type=(*words.BUGS, words.OTHER))),
    Metric("counter", "repeats", "Internal records that had been taken before.", (), KEEPS_STATE),
)  # fmt: skip
DECISIONS = (
    Metric("histogram", "suppression_seconds",
           "From a fact's append to identity.facts.v1, which is when the log knew it, to the "
           "acknowledgement of its suppression by all replicas, from which on it can be read.",
           (), STEP),
    Metric("counter", "transitions", "Changes of state told.",
           _labels(name=words.TRANSITIONS), STEP),
    Metric("counter", "suppressions", "Suppressions, holds and releases told.",
           (OWN_CHANNEL, Label("action", words.ACTIONS), Label("because")), STEP),
    Metric("counter", "opportunities", "Opportunities told.",
           _labels(action=("offer", "withdraw"), kind=("step", "instead", "next")), STEP),
    Metric("counter", "journeys_not_started", "Starts that a rule prevented.",
           (Label("journey"), Label("because")), STEP),
    Metric("counter", "shadow_would_have_sent", "Steps due of a journey in the shadow.",
           (Label("journey"),), STEP),
    Metric("counter", "shadow_would_have_stopped", "Runs stopped of a journey in the shadow.",
           (Label("journey"),), STEP),
    Metric("counter", "messages_too_late", "Messages that went out though they had become stale.",
           (OWN_CHANNEL,), STEP),
)  # fmt: skip
IDENTITY = (
    Metric("counter", "messages", "Links and merges between stages.",
           _labels(kind=words.MESSAGES), ("resolve",)),
    Metric("counter", "merges", "Customers found to be one with another.", (), STEP),
    Metric("counter", "unmerges", "Merges that were undone.", (), STEP),
    Metric("counter", "links_refused", "Links that would have made two people one.",
           _labels(reason=words.DOUBTS), STEP),
    Metric("counter", "identifiers_contested", "Identifiers that no longer prove who it is.",
           _labels(type=words.IDENTIFIER_TYPES, reason=words.DOUBTS), STEP),
    Metric("counter", "customers_forgotten", "Customers of whom nothing is kept any more.",
           _labels(because=("anonymous_expired",)), STEP),
    Metric("counter", "customers_too_busy",
           "Customers flagged for more facts in a day than a person has.", (), STEP),
)  # fmt: skip
TIME = (
    Metric("histogram", "fact_age_seconds",
           "How old the oldest record of a batch was when its stage took it, once for each record "
           "of the batch: in admit since its channel had it, then since identity.facts.v1 had it."),
    Metric("gauge", "lag_records", "Records that are in a partition and not yet durably taken.",
           (PARTITION,)),
    Metric("gauge", "lag_seconds", "Age of the oldest record that waits in a partition.",
           (PARTITION,)),
    Metric("gauge", "known_age_seconds", "How long ago all of a channel was last known.",
           (OWN_CHANNEL,), STEP),
    Metric("gauge", "clock_age_seconds", "How long ago the last tick was, where it is oldest.",
           (), STEP),
    Metric("gauge", "timers_overdue_seconds", "How long the first timer that is due has been.",
           (), STEP),
)  # fmt: skip
MACHINE = (
    Metric("counter", "batches", "Batches worked on."),
    Metric("counter", "records", "Input records worked on."),
    Metric("histogram", "checkpoint_seconds", "From a checkpoint's begin to its durability."),
    Metric("counter", "checkpoint_step_seconds", "Time that checkpoints spent in each step.",
           _labels(step=words.CHECKPOINT_STEPS)),
    Metric("gauge", "ready", "1 when this process has taken its partitions over."),
    Metric("gauge", "partitions", "Partitions that this process owns."),
    Metric("counter", "rebalances", "Times that partitions were assigned."),
    Metric("gauge", "recovery_seconds", "What the last takeover of partitions took."),
    Metric("gauge", "recovery_left_records", "Records of changelogs still to be read in it.",
           (), KEEPS_STATE),
    Metric("counter", "recovered_records", "Records of changelogs read in takeovers.",
           (), KEEPS_STATE),
    Metric("counter", "strangers", "Records that a former owner wrote into our changelog.",
           (), KEEPS_STATE),
    Metric("gauge", "store_memtable_bytes", "Memory in RocksDB's write buffers.", (), KEEPS_STATE),
    Metric("gauge", "store_cache_bytes", "Memory in RocksDB's block cache.", (), KEEPS_STATE),
    Metric("gauge", "store_sst_bytes", "RocksDB's files on disk.", (), KEEPS_STATE),
    Metric("gauge", "store_keys", "Keys in RocksDB, as it estimates them: states and their timers.",
           (), KEEPS_STATE),
    Metric("gauge", "store_compactions_running", "Compactions under way.", (), KEEPS_STATE),
    Metric("gauge", "store_compaction_pending_bytes", "What compactions have yet to rewrite.",
           (), KEEPS_STATE),
    Metric("info", "rules", "The rules in force.", (Label("rules"),), KEEPS_STATE),
    Metric("info", "build", "The version.", (Label("version"),)),
)  # fmt: skip
METRICS = (*FACTS, *DECISIONS, *IDENTITY, *TIME, *MACHINE)
