"""lz4 as the worker's batches are packed, beside the client as it comes."""

import sys

from aiokafka.codec import lz4_encode
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from adaptive_stream.client.packing import LEVEL, pack_quickly

BATCH_HEADER_BYTES = 61
NOT_AT_ALL, LZ4 = 0, 3


def _packed(how: int) -> bytes:
    batch = BatchBuilder(1 << 20, how)
    for n in range(200):
        batch.append(timestamp=1, key=b"k", value=b'{"sku": "item-%d"}' % n, headers=[])
    return bytes(batch._build())[BATCH_HEADER_BYTES:]


def test_a_batch_is_packed_quickly_rather_than_tightly() -> None:
    """A tenth of what step took went into a quarter less on the wire, and there is no setting."""
    module = sys.modules[DefaultRecordBatchBuilder.__module__]
    stock = module.lz4_encode
    plain = _packed(NOT_AT_ALL)
    try:
        module.lz4_encode = lz4_encode
        tightly = _packed(LZ4)
        pack_quickly()
        quickly = _packed(LZ4)
    finally:
        module.lz4_encode = stock

    assert tightly == lz4_encode(plain, level=9) != quickly
    assert quickly == lz4_encode(plain, level=LEVEL)
