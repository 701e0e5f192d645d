"""Whether a cluster's topics are those that the stages need, and go together."""

from collections.abc import Mapping

from adaptive_stream.catalog import Catalog
from adaptive_stream.stages.records import CUSTOMER_FACTS, IDENTITY_FACTS


def misfit_of(catalog: Catalog, partitions: Mapping[str, int]) -> tuple[str, str] | None:
    """What is wrong, and what to do about it. `partitions`: how many each topic has that exists."""
    missing = {*catalog.topics, *catalog.foreign} - partitions.keys()
    if missing:
        return (
            f"the cluster has no topic {', '.join(sorted(missing))}",
            "`adaptive-stream topics plan` shows what is missing, `topics apply` creates it",
        )
    for key, facts in (("customer", CUSTOMER_FACTS), ("identifier", IDENTITY_FACTS)):
        wanted = partitions[catalog.name(facts)]
        unequal = [
            f"{name} ({partitions[name]})"
            for name, topic in catalog.topics.items()
            if topic.key == key and partitions[name] != wanted
        ]
        if unequal:
            named = ", ".join(unequal)
            says = f"topics keyed by {key} differ from {facts} ({wanted} partitions): {named}"
            remedy = "all of them must have as many: `adaptive-stream doctor` says more"
            return says, remedy + "; a migration that was killed is finished by `migrate apply`"
    return None
