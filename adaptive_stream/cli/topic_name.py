"""What people call a topic -> its name in the cluster.

`store` is the channel topic, `state` what changed, `suppressions.email` an output, `dlq.web` what
was refused there. Anything else is taken as it stands. The deployment's prefix is put in front.
"""

import argparse
import os

CHANNELS = (
    "ads",
    "app",
    "backoffice",
    "broadcast",
    "callcentre",
    "directmail",
    "email",
    "push",
    "sms",
    "social",
    "store",
    "web",
)
SHORT = {
    "state": "customer.state-changed.v1",
    "state-changed": "customer.state-changed.v1",
    "customer-state": "customer.state.v1",
    "opportunities": "opportunities.v1",
    **{channel: f"channel.{channel}.v1" for channel in CHANNELS},
    **{f"channel.{channel}": f"channel.{channel}.v1" for channel in CHANNELS},
    **{f"dlq.{channel}": f"channel.{channel}.v1.dlq" for channel in CHANNELS},
    **{f"suppressions.{channel}": f"suppressions.{channel}.v1" for channel in CHANNELS},
}


def add_prefix(parser: argparse.ArgumentParser) -> None:
    """The option of the commands that name topics."""
    parser.add_argument(
        "--prefix",
        default=os.environ.get("ADAPTIVE_STREAM_PREFIX", ""),
        metavar="TEXT",
        help="what every topic name begins with here (env ADAPTIVE_STREAM_PREFIX; else nothing)",
    )


def topic_name(word: str, prefix: str = "") -> str:
    """The topic's name in the cluster. A name that has the prefix already does not get it twice."""
    name = SHORT.get(word, word)
    return name if name.startswith(prefix) else prefix + name
