"""The row of an identifier: all that stage 2 remembers of it.

Rule 1: bounded, whatever is written by it: a tablet in a shop meets everybody.
"""

import msgspec

from adaptive_stream.engine.allowed import Side


class Row(msgspec.Struct, omit_defaults=True):
    """An identifier's row. `links`: hashes that were told of this one, and when; newest last.

    `contested_until_ms`: until then no more is told of it; `mute`: it speaks for nobody as long;
    `loose`: she logged out of it, it speaks for nobody until she is seen with it again. `stray`:
    the nameless customer that keeps what it brings meanwhile. `receipts`: orders of day `day`.
    `holders`, `said`: see Endpoint. `member` is "" while it is a contact and names nobody.
    """

    identifier: str
    member: str
    customer: str
    epoch: int = 0
    links: dict[str, int] = {}
    contested_until_ms: int = 0
    mute: bool = False
    loose: bool = False
    stray: str = ""
    seen_day: int = 0
    day: int = 0
    receipts: list[str] = []
    holders: dict[str, str] = {}
    said: list[tuple[int, bytes]] = []

    def side(self, identifier_hash: str) -> Side:
        """This identifier, as one side of a link."""
        return Side(self.customer, self.member, identifier_hash, self.identifier)


encode_row = msgspec.msgpack.Encoder().encode
decode_row = msgspec.msgpack.Decoder(Row).decode
