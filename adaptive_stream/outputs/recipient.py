"""Whom a sender can reach, in the only form that its channel may see."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Annotated

import msgspec

Pairs = tuple[tuple[str, str], ...]


class Recipient(msgspec.Struct, frozen=True, gc=False):
    """One endpoint of the customer on this channel."""

    type: Annotated[str, msgspec.Meta(examples=["email", "braze", "device", "email_sha256"])]
    value: str


def recipients(pairs: Pairs, channels: Sequence[str]) -> list[Recipient]:
    """Advertising platforms match people by hashes; they are told no address and nothing else."""
    if channels and all(channel == "ads" for channel in channels):
        return [
            Recipient("email_sha256", sha256(value.encode()).hexdigest())
            for type_, value in pairs
            if type_ == "email"
        ] + [Recipient(type_, value) for type_, value in pairs if type_ == "email_sha256"]
    return [Recipient(type_, value) for type_, value in pairs]
