"""The three stages by name."""

from adaptive_stream.catalog import Catalog
from adaptive_stream.stages.admit import Admit
from adaptive_stream.stages.going_by import Library
from adaptive_stream.stages.outcome import Stage
from adaptive_stream.stages.records import CUSTOMER_FACTS, IDENTITY_FACTS
from adaptive_stream.stages.resolve import Resolve
from adaptive_stream.stages.step import Step


def stage_of(
    name: str,
    catalog: Catalog,
    hash_key: bytes,
    library: Library,
    *,
    log_time: bool,
    warm_bytes: int,
    traces_per_million: int,
) -> Stage:
    """admit, resolve or step. `hash_key` hashes identifiers; `library`: rules by id; `log_time`:
    the time of a fact is that of its channel record; `warm_bytes`: of states kept as objects;
    `traces_per_million` facts begin a trace."""
    if name == "admit":
        channels = tuple(catalog.channels.values())
        return Admit(catalog.prefix, channels, hash_key, log_time, traces_per_million)
    source = catalog.name(IDENTITY_FACTS if name == "resolve" else CUSTOMER_FACTS)
    incarnation = catalog.topics[source].incarnation
    if name == "resolve":
        return Resolve(catalog.prefix, incarnation, catalog.rules, library)
    return Step(catalog.prefix, incarnation, catalog.rules, library=library, warm_bytes=warm_bytes)
