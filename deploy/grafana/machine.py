"""The machine: stages, partitions, checkpoints, stores. For whoever runs it."""

from deploy.grafana.asks import RECORDED, STAGE, A, R, quantile, rate
from deploy.grafana.panels import BAD, GOOD, ODD, Ask, Panel, graph, stat, table

PANELS: tuple[Panel, ...] = (
    stat(
        "Processes ready",
        "Each has one stage's share of the partitions.",
        [Ask(f"sum({A}ready{{{STAGE}}})")],
        "short",
        bounds=((None, BAD), (1, GOOD)),
        alerts=("WorkerDown",),
    ),
    stat(
        "Rules in force",
        "Versions of the rules that processes have now: one, but for a moment.",
        [Ask(f"count(count by (rules) ({A}rules_info))")],
        "short",
        bounds=((None, GOOD), (2, BAD)),
        alerts=("RulesDiffer",),
    ),
    stat(
        "Timers overdue",
        "How long the first timer has been due. It may wait an hour for a channel, not longer.",
        [Ask(f"max({A}timers_overdue_seconds)")],
        "s",
        bounds=((None, GOOD), (600, ODD), (4200, BAD)),
        alerts=("TimersOverdue",),
    ),
    stat(
        "Last tick",
        "How long ago the clock last spoke to every partition.",
        [Ask(f"max({A}clock_age_seconds)")],
        "s",
        bounds=((None, GOOD), (10, BAD)),
        alerts=("ChannelsStale",),
    ),
    stat(
        "Restarts, 1 h",
        "A process that cannot go on ends and is started again.",
        [Ask('sum(changes(process_start_time_seconds{job="adaptive-stream"}[1h]))')],
        "short",
        bounds=((None, GOOD), (1, ODD), (4, BAD)),
        alerts=("RestartsOften",),
    ),
    stat(
        "Records a second",
        "Of all stages; a fact passes three.",
        [Ask(f"sum(rate({A}records_total{{{STAGE}}}[{R}]))")],
        "cps",
    ),
    graph(
        "Age of the oldest record that waits",
        "By stage and partition, the worst twelve. A line that climbs as fast as time is stuck.",
        [
            Ask(
                f"topk(12, {RECORDED}lag_seconds:max{{{STAGE}}})",
                "{{stage}} {{partition}}",
            )
        ],
        "s",
        alerts=("PartitionStuck",),
    ),
    graph(
        "Records that wait",
        "In the topics of a stage, and taken but not yet durable.",
        [Ask(f"sum by (stage) ({A}lag_records{{{STAGE}}})", "{{stage}}")],
        "short",
    ),
    graph(
        "Records a second, by stage",
        "",
        [Ask(rate("records", "stage", STAGE), "{{stage}}")],
        "cps",
    ),
    graph(
        "Records in a batch",
        "One when idle, thousands under load.",
        [
            Ask(
                f"sum by (stage) (rate({A}records_total{{{STAGE}}}[{R}]))"
                f" / sum by (stage) (rate({A}batches_total{{{STAGE}}}[{R}]))",
                "{{stage}}",
            )
        ],
        "short",
    ),
    graph(
        "Checkpoints (p50, p99)",
        "Until outputs and state are durable. Nothing waits for it but memory.",
        [
            Ask(quantile(0.5, "checkpoint_seconds", "stage", STAGE), "{{stage}} p50"),
            Ask(quantile(0.99, "checkpoint_seconds", "stage", STAGE), "{{stage}} p99"),
        ],
        "s",
    ),
    graph(
        "A checkpoint's seconds, by step",
        "Slow outputs or changelog: the broker. Slow store: the disk.",
        [
            Ask(
                f"sum by (step) (rate({A}checkpoint_step_seconds_total{{{STAGE}}}[{R}]))"
                f" / on () group_left sum(rate({A}checkpoint_seconds_count{{{STAGE}}}[{R}]))",
                "{{step}}",
            )
        ],
        "s",
        stacked=True,
    ),
    graph(
        "Recovery: records still to be read",
        "Of changelogs, after partitions were assigned.",
        [
            Ask(f"sum by (stage) ({A}recovery_left_records{{{STAGE}}})", "{{stage}}"),
            Ask(rate("recovered_records", "stage", STAGE), "{{stage}}, read a second"),
        ],
        "short",
        alerts=("NotReady",),
    ),
    graph(
        "What the last takeover took",
        "",
        [Ask(f"max by (stage) ({A}recovery_seconds{{{STAGE}}})", "{{stage}}")],
        "s",
        alerts=("NotReady",),
    ),
    graph(
        "Partitions owned",
        "By process. Their sum falls for a moment when they move.",
        [Ask(f"{A}partitions{{{STAGE}}}", "{{stage}} {{instance}}")],
        "short",
        stacked=True,
    ),
    graph(
        "State on disk",
        "RocksDB's files; changelogs can rebuild them.",
        [
            Ask(f"sum by (stage) ({A}store_sst_bytes{{{STAGE}}})", "{{stage}}"),
            Ask(
                f"sum by (stage) ({A}store_compaction_pending_bytes{{{STAGE}}})",
                "{{stage}}, to be compacted",
            ),
        ],
        "bytes",
    ),
    graph(
        "Keys in the stores",
        "As RocksDB estimates them: customers or identifiers, and their timers.",
        [Ask(f"sum by (stage) ({A}store_keys{{{STAGE}}})", "{{stage}}")],
        "short",
    ),
    graph(
        "Repeats and strangers",
        "Per second. Repeats follow a restart and are dropped. A stranger is a former owner that "
        "wrote after it was replaced.",
        [
            Ask(rate("repeats", "stage"), "{{stage}}, repeats"),
            Ask(rate("strangers", "stage"), "{{stage}}, strangers"),
        ],
        "cps",
        alerts=("StrangersWrote",),
    ),
    graph(
        "Memory of processes",
        "Resident.",
        [Ask('process_resident_memory_bytes{job="adaptive-stream"}', "{{instance}}")],
        "bytes",
    ),
    graph(
        "Memory of RocksDB",
        "Write buffers and block cache; both are bounded by settings.",
        [
            Ask(f"sum by (stage) ({A}store_memtable_bytes{{{STAGE}}})", "{{stage}}, write buffers"),
            Ask(f"sum by (stage) ({A}store_cache_bytes{{{STAGE}}})", "{{stage}}, block cache"),
        ],
        "bytes",
    ),
    graph(
        "Cores used",
        "A process has one at most: who is at 1 needs another worker beside it.",
        [
            Ask(
                f'rate(process_cpu_seconds_total{{job="adaptive-stream"}}[{R}])',
                "{{instance}}",
            )
        ],
        "short",
    ),
    graph(
        "Compactions under way",
        "",
        [Ask(f"sum by (stage) ({A}store_compactions_running{{{STAGE}}})", "{{stage}}")],
        "short",
    ),
    table(
        "Versions",
        "What runs where.",
        Ask(f"max by (stage, instance, version) ({A}build_info{{{STAGE}}})"),
    ),
    table(
        "Rules",
        "What is in force where.",
        Ask(f"max by (rules, stage) ({A}rules_info)"),
        alerts=("RulesDiffer",),
    ),
)
