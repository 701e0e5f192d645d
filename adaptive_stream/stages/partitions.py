"""Whether a cluster's topics are those that the stages need, and go together."""

from collections.abc import Mapping

from adaptive_stream.catalog import Catalog
from adaptive_stream.stages.records import CUSTOMER_FACTS


def misfit_of(catalog: Catalog, partitions: Mapping[str, int]) -> tuple[str, str] | None:
    """What is wrong, and what to do about it. `partitions`: how many each topic has that exists."""
    missing = {*catalog.topics, *catalog.foreign} - partitions.keys()
    if missing:
        return (
            f"the cluster has no topic {', '.join(sorted(missing))}",
            "`adaptive-stream topics plan` shows what is missing, `topics apply` creates it",
        )
    wanted = partitions[catalog.name(CUSTOMER_FACTS)]
    unequal = [
        f"{name} ({partitions[name]})"
        for name, topic in catalog.topics.items()
        if topic.key == "customer" and partitions[name] != wanted
    ]
    if unequal:
        named = ", ".join(unequal)
        return (
            f"topics keyed by customer differ from {CUSTOMER_FACTS} ({wanted} partitions): {named}",
            "all of them must have as many: `adaptive-stream doctor` says more",
        )
    return None
