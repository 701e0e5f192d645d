"""Is the promise kept? For whoever asks whether customers are served. Opened first.

What is not there yet has no panel: stale sends and whose fault they are, the gate, sources and
senders will stand in the first line.
"""

from deploy.grafana.asks import CHANNEL, RECORDED, A, in_a_day, quantile, rate
from deploy.grafana.panels import BAD, GOOD, ODD, Ask, Panel, graph, stat

SLOW_FROM_S = 1.0
SLOW = f"{RECORDED}suppressions_slow:ratio_rate"
STALE = f"{RECORDED}channels_stale:ratio_rate"

PANELS: tuple[Panel, ...] = (
    stat(
        "Stopped in time, 24 h",
        "Messages that were on their way and that something she did has made wrong.",
        [Ask(in_a_day("suppressions", f'action="suppress",{CHANNEL}'))],
        "short",
        bounds=((None, ODD), (1, GOOD)),
        alerts=("NothingSuppressed",),
    ),
    stat(
        "Fact → suppression readable",
        "From the moment at which the log knew a fact to the moment from which on a sender can "
        "read what it stopped.",
        [
            Ask(quantile(0.5, "suppression_seconds"), "p50"),
            Ask(quantile(0.99, "suppression_seconds"), "p99"),
        ],
        "s",
        bounds=((None, GOOD), (SLOW_FROM_S, BAD)),
        alerts=("SuppressionSlow",),
    ),
    stat(
        "Readable within 1 s, 3 days",
        "The promise: 99 % of suppressions.",
        [Ask(f"1 - {SLOW}3d")],
        "percentunit",
        bounds=((None, BAD), (0.99, GOOD)),
        alerts=("SuppressionBudget",),
    ),
    stat(
        "Everything known until",
        "How long ago all that a channel had said was known; of all channels the worst. The "
        "promise: 10 s, 99.9 % of the time.",
        [Ask(f"max({A}known_age_seconds{{{CHANNEL}}})")],
        "s",
        bounds=((None, GOOD), (10, BAD)),
        alerts=("ChannelsStale",),
    ),
    stat(
        "Set aside, 24 h",
        "Facts on which the engine raised: their customers are judged without them.",
        [Ask(in_a_day("parked"))],
        "short",
        bounds=((None, GOOD), (1, BAD)),
        alerts=("Parked", "ManyParked"),
    ),
    stat(
        "Stages at work",
        "Of three. Without one of them nothing is stopped.",
        [Ask(f"count({RECORDED}ready:sum)")],
        "short",
        bounds=((None, BAD), (3, GOOD)),
        alerts=("StageGone",),
    ),
    graph(
        "Fact → suppression readable",
        "Above the line a sender may have sent already.",
        [
            Ask(quantile(0.5, "suppression_seconds"), "p50"),
            Ask(quantile(0.9, "suppression_seconds"), "p90"),
            Ask(quantile(0.99, "suppression_seconds"), "p99"),
        ],
        "s",
        bounds=((None, GOOD), (SLOW_FROM_S, BAD)),
        alerts=("SuppressionSlow",),
    ),
    graph(
        "How fast the budgets burn",
        "1 uses up a budget in just its 30 days. Above 14.4 for an hour somebody is woken.",
        [
            Ask(f"{SLOW}5m / 0.01", "suppressions, 5 min"),
            Ask(f"{SLOW}1h / 0.01", "suppressions, 1 h"),
            Ask(f"{STALE}5m / 0.001", "channels, 5 min"),
            Ask(f"{STALE}1h / 0.001", "channels, 1 h"),
        ],
        "short",
        bounds=((None, GOOD), (14.4, BAD)),
        alerts=("SuppressionBudget", "ChannelsBudget"),
    ),
    graph(
        "Everything known until, by channel",
        "A channel that is high here makes its customers' timers wait, and its facts come late.",
        [Ask(f"max by (channel) ({A}known_age_seconds{{{CHANNEL}}})", "{{channel}}")],
        "s",
        bounds=((None, GOOD), (10, BAD)),
        alerts=("ChannelsStale",),
    ),
    graph(
        "Stopped, by reason",
        "Per second. None at all while purchases flow: look whether tills and shop call the same "
        "thing by the same code.",
        [Ask(rate("suppressions", "because", f'action="suppress",{CHANNEL}'), "{{because}}")],
        "cps",
        stacked=True,
        alerts=("NothingSuppressed",),
    ),
    graph(
        "Facts in, by channel",
        "Per second, refused ones included.",
        [Ask(rate("facts", "channel", CHANNEL), "{{channel}}")],
        "cps",
        stacked=True,
        alerts=("ChannelSilent",),
    ),
    graph(
        "How old facts are at each stage (p99)",
        "The oldest of a batch speaks for all of it, so this is a little too high.",
        [Ask(quantile(0.99, "fact_age_seconds", "stage"), "{{stage}}")],
        "s",
    ),
    graph(
        "Journeys",
        "Per second: begun, ended, and begun too long ago to be started.",
        [
            Ask(rate("transitions", "name", 'name=~"journey[.].*"'), "{{name}}"),
            Ask(rate("journeys_not_started", "because"), "not started: {{because}}"),
        ],
        "cps",
    ),
    graph(
        "Went out too late to be stopped",
        "Per second: messages that had become stale before they were sent.",
        [Ask(rate("messages_too_late", "channel", CHANNEL), "{{channel}}")],
        "cps",
    ),
    graph(
        "Journeys in the shadow",
        "Per second: what they would have sent and stopped; nothing of it leaves.",
        [
            Ask(rate("shadow_would_have_sent", "journey"), "{{journey}} would have sent"),
            Ask(rate("shadow_would_have_stopped", "journey"), "{{journey}} would have stopped"),
        ],
        "cps",
    ),
    graph(
        "Offers",
        "Per second: what is due, and what is offered instead; offered, and taken back.",
        [Ask(rate("opportunities", "action, kind"), "{{action}} {{kind}}")],
        "cps",
    ),
    graph(
        "Turned away, by reason",
        "Per second; each is in the dead-letter topic of its channel.",
        [Ask(rate("refused", "reason"), "{{reason}}")],
        "cps",
        stacked=True,
        alerts=("ManyRefused",),
    ),
)
