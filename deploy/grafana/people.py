"""People and data: who is who, and what is wrong in what comes. For whoever answers for it."""

from deploy.grafana.asks import CHANNEL, A, in_a_day, rate
from deploy.grafana.panels import BAD, GOOD, ODD, Ask, Panel, graph, stat

PANELS: tuple[Panel, ...] = (
    stat("Merges, 24 h", "Customers found to be one.", [Ask(in_a_day("merges"))], "short"),
    stat(
        "Unmerges, 24 h",
        "Merges that somebody undid: each was wrong.",
        [Ask(in_a_day("unmerges"))],
        "short",
        bounds=((None, GOOD), (1, ODD)),
    ),
    stat(
        "Links refused, 24 h",
        "They would have made two people one.",
        [Ask(in_a_day("links_refused"))],
        "short",
    ),
    stat(
        "Contested, 24 h",
        "Identifiers that no longer prove who it is.",
        [Ask(in_a_day("identifiers_contested"))],
        "short",
        alerts=("ManyContested",),
    ),
    stat(
        "Turned away, 24 h",
        "Of all that channels said.",
        [
            Ask(
                f'sum(increase({A}facts_total{{outcome="refused",{CHANNEL}}}[1d]))'
                f" / sum(increase({A}facts_total{{{CHANNEL}}}[1d]))"
            )
        ],
        "percentunit",
        bounds=((None, GOOD), (0.01, ODD), (0.05, BAD)),
        alerts=("ManyRefused",),
    ),
    stat(
        "Time corrected, 24 h",
        "Facts whose own time could not be used or lay in the future.",
        [
            Ask(
                f'sum(increase({A}faults_total{{kind=~"time_(ahead|unusable)"}}[1d]))'
                f" / sum(increase({A}facts_total[1d]))"
            )
        ],
        "percentunit",
        bounds=((None, GOOD), (0.01, ODD)),
    ),
    graph(
        "What became of facts",
        "Per second.",
        [Ask(rate("facts", "outcome", CHANNEL), "{{outcome}}")],
        "cps",
        stacked=True,
    ),
    graph(
        "Turned away, by channel",
        "Share of what it says. Above the line for 15 minutes: somebody changed something.",
        [
            Ask(
                rate("facts", "channel", f'outcome="refused",{CHANNEL}')
                + " / "
                + rate("facts", "channel", CHANNEL),
                "{{channel}}",
            )
        ],
        "percentunit",
        bounds=((None, GOOD), (0.05, BAD)),
        maximum=1,
        alerts=("ManyRefused",),
    ),
    graph(
        "Dead letters, by reason",
        "Per second, of all stages.",
        [Ask(rate("dead_letters", "reason"), "{{reason}}")],
        "cps",
        stacked=True,
    ),
    graph(
        "Wrong in facts that were processed",
        "Per second.",
        [Ask(rate("faults", "kind"), "{{kind}}")],
        "cps",
        stacked=True,
    ),
    graph(
        "Dropped on purpose",
        "Per second: no fact for us, or a channel's file says so.",
        [Ask(rate("dropped", "reason"), "{{reason}}")],
        "cps",
    ),
    graph(
        "Set aside, by exception",
        "Per second. Each is a bug.",
        [Ask(rate("parked", "stage, type"), "{{stage}} {{type}}")],
        "cps",
        alerts=("Parked", "ManyParked"),
    ),
    graph(
        "Merges and their end",
        "Per second.",
        [
            Ask(rate("merges", "stage"), "merged"),
            Ask(rate("unmerges", "stage"), "unmerged"),
            Ask(rate("links_refused", "reason"), "refused: {{reason}}"),
        ],
        "cps",
    ),
    graph(
        "Contested, by type and reason",
        "Per second. A device of two people is shared; a card with too many receipts is a "
        "cashier's.",
        [Ask(rate("identifiers_contested", "type, reason"), "{{type}} {{reason}}")],
        "cps",
        stacked=True,
        alerts=("ManyContested",),
    ),
    graph(
        "Links and merges between stages",
        "Messages a second.",
        [Ask(rate("messages", "kind"), "{{kind}}")],
        "cps",
    ),
    graph(
        "Changes of state",
        "Per second, all that is told.",
        [Ask(rate("transitions", "name"), "{{name}}")],
        "cps",
        stacked=True,
    ),
    graph(
        "Consent, preferences, profile",
        "Changes a second.",
        [
            Ask(
                rate("transitions", "name", 'name=~"(consent|preference|profile)[.]changed"'),
                "{{name}}",
            )
        ],
        "cps",
    ),
    graph(
        "Forgotten, and too busy for a person",
        "Per second: visitors who did not come back; robots.",
        [
            Ask(rate("customers_forgotten", "because"), "forgotten: {{because}}"),
            Ask(rate("customers_too_busy", "stage"), "too busy"),
        ],
        "cps",
    ),
    graph(
        "Senders, by reports",
        "Message facts a second, by the tool that planned or sent it.",
        [Ask(rate("sender_reports", "sender"), "{{sender}}")],
        "cps",
        stacked=True,
    ),
    graph(
        "Senders, silent for too long",
        "Time beyond what their files allow (`silent_after`).",
        [Ask(f"min by (sender) ({A}sender_silent_seconds)", "{{sender}}")],
        "s",
        alerts=("SenderSilent",),
    ),
)
