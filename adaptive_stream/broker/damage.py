"""Whether a data directory is whole enough to be started.

Kafka truncates a metadata log at the first record that it cannot read, without a word to the
caller: every topic declared after it is gone, and its data is then deleted as a stray. For a
cluster of several nodes the others make that good; there is only one here. So it is looked at
before Kafka may touch it.
"""

import struct
from pathlib import Path

from aiokafka.record.util import calc_crc32c

METADATA = "__cluster_metadata-0"
META_KEYS = ("cluster.id", "node.id", "directory.id")
HEAD = struct.Struct(">qiibI")  # base offset, length, leader epoch, magic, CRC-32C
LENGTH_STARTS_AT = 12  # a batch's length counts what follows the length itself
CRC_STARTS_AT = HEAD.size
MAGIC = 2
LENGTH_MAX = 8 * 1024 * 1024  # Kafka's own bound for a batch of this log.


def find_damage(kafka_dir: Path) -> str | None:
    """What is wrong with the directory, None if nothing was found or it was never used."""
    used = (kafka_dir / METADATA).exists()
    meta = kafka_dir / "meta.properties"
    if not meta.exists():
        return f"{meta} is missing" if used else None
    text = meta.read_bytes().decode(errors="replace")
    missing = [key for key in META_KEYS if f"\n{key}=" not in f"\n{text}"]
    if missing:
        return f"{meta} does not name {', '.join(missing)}"
    return _find_in_metadata(kafka_dir) if used else None


def _find_in_metadata(kafka_dir: Path) -> str | None:
    """A record that cannot be read, or no record where there are topics."""
    logs = sorted((kafka_dir / METADATA).glob("*.log"))
    for log in logs:
        bad_at = _first_bad_byte(log.read_bytes())
        if bad_at is not None:
            return f"{log} cannot be read from byte {bad_at} on"
    topics = any(path.is_dir() and path.name != METADATA for path in kafka_dir.iterdir())
    snapshots = any((kafka_dir / METADATA).glob("*.checkpoint"))
    if topics and not snapshots and not any(log.stat().st_size for log in logs):
        return f"{kafka_dir / METADATA} is empty, though there are topics"
    return None


def _first_bad_byte(log: bytes) -> int | None:
    """Where the first damaged batch starts; one that stops short at the end is not damage.

    A machine that lost power may leave a last batch half written. Nobody was told that it was
    written, and Kafka rightly drops it.
    """
    at = 0
    while at + HEAD.size <= len(log):
        _, length, _, magic, crc = HEAD.unpack_from(log, at)
        end = at + LENGTH_STARTS_AT + length
        if magic != MAGIC or not HEAD.size <= length <= LENGTH_MAX:
            return at
        if end > len(log):
            return None
        if calc_crc32c(log[at + CRC_STARTS_AT : end]) != crc:
            return at
        at = end
    return None
