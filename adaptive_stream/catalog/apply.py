"""A catalogue against a cluster: the plan, and the plan carried out."""

from adaptive_stream.catalog.catalog import Catalog
from adaptive_stream.catalog.cluster import Cluster, ClusterError, connect
from adaptive_stream.catalog.plan import Plan, make_plan
from adaptive_stream.catalog.profiles import PRODUCTION, Profile

READS_MAX = 200  # Of some 50 ms each: a broker shows what it took within a second.


class PlanRefused(Exception):
    """The plan has a change that is not made, or one that needs a yes. `plan` says which."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        refused = [f"{c.topic}: {c.says}: {c.refused}" for c in plan.refusals]
        refused += [f"{c.topic}: {c.says}: {c.risk}" for c in plan.risks]
        refused += [str(fault) for fault in plan.broken]
        super().__init__("\n".join(refused))


def profile_for(catalog: Catalog, cluster: Cluster, name: str | None = None) -> Profile:
    """The profile of this name; without one, laptop for a single broker, else production.

    Three copies on one broker cannot be, so the guess is never the weaker of two that could.
    """
    if name is None:
        name = "laptop" if cluster.brokers() == 1 else PRODUCTION.name
    return catalog.profile(name)


def plan_topics(
    cluster: Cluster, catalog: Catalog, profile: Profile, *, delete: bool = False
) -> Plan:
    """What differs between the files and the cluster."""
    return make_plan(
        list(catalog.topics.values()),
        cluster.read(names_of(catalog)),
        profile,
        foreign=catalog.foreign,
        prefix=catalog.prefix,
        delete=delete,
    )


def names_of(catalog: Catalog) -> set[str]:
    """The topics that the catalogue says something of."""
    return {*catalog.topics, *catalog.foreign}


def apply_plan(cluster: Cluster, plan: Plan, *, yes: bool = False) -> None:
    """Does all of the plan or none of it. Raises PlanRefused; `yes` consents to its risks."""
    if plan.refusals or plan.broken or (plan.risks and not yes):
        raise PlanRefused(plan)
    cluster.apply(plan)
    for _ in range(READS_MAX):
        if plan.shown(cluster.read([change.topic for change in plan.changes])):
            return
    raise ClusterError(f"{cluster.bootstrap} took the changes and does not show them: plan again")


def apply_topics(
    bootstrap: str, catalog: Catalog, profile: str | None = None, *, yes: bool = False
) -> Plan:
    """Makes the cluster as the files say, and returns what was done.

    Raises ClusterError when nobody answers and PlanRefused when something must not be done.
    """
    with connect(bootstrap) as cluster:
        plan = plan_topics(cluster, catalog, profile_for(catalog, cluster, profile))
        apply_plan(cluster, plan, yes=yes)
    return plan
