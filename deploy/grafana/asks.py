"""Queries that several panels ask, each with other words in it."""

A = "adaptive_stream_"
R = "$__rate_interval"
CHANNEL = 'channel=~"$channel"'
STAGE = 'stage=~"$stage"'
RECORDED = A[:-1] + ":"  # What ../prometheus/recording.yaml has worked out.


def matching(where: str) -> str:
    """Label matchers in their braces, "" without any."""
    return f"{{{where}}}" if where else ""


def quantile(share: float, metric: str, by: str = "", where: str = "") -> str:
    """The value that this share of observations is not above."""
    labels = f"le, {by}" if by else "le"
    counts = f"rate({A}{metric}_bucket{matching(where)}[{R}])"
    return f"histogram_quantile({share}, sum by ({labels}) ({counts}))"


def rate(metric: str, by: str, where: str = "") -> str:
    """How often a second, by labels."""
    return f"sum by ({by}) (rate({A}{metric}_total{matching(where)}[{R}]))"


def in_a_day(metric: str, where: str = "") -> str:
    """How often within 24 hours."""
    return f"sum(increase({A}{metric}_total{matching(where)}[1d]))"


# What Grafana puts in the place of variables: all of everything.
VARIABLES = {"$channel": ".*", "$stage": ".*", R: "15s"}


def filled(expr: str) -> str:
    """A query as somebody may ask it who is not Grafana."""
    for variable, value in VARIABLES.items():
        expr = expr.replace(variable, value)
    return expr
