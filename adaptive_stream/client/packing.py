"""Batches packed quickly rather than tightly.

Answers aiokafka, which packs as tightly as lz4 can (level 9): that takes ten times as long for a
quarter less, a tenth of step's whole time, and there is no setting for it. librdkafka packs like
this.
"""

import sys
from functools import partial
from typing import Any

from aiokafka.codec import lz4_encode
from aiokafka.record.default_records import DefaultRecordBatchBuilder

LEVEL = 1


def pack_quickly() -> None:
    """Of this process, every batch in lz4 from here on."""
    module: Any = sys.modules[DefaultRecordBatchBuilder.__module__]
    module.lz4_encode = partial(lz4_encode, level=LEVEL)
