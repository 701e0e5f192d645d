"""Files to one checked catalogue: topics, channels and rules, every disagreement listed.

Read faults.py and yaml_lines.py first. topics.py, channels.py and profiles.py read topics/;
expression.py, conditions.py, journeys.py and rules.py make the engine's Rules of what business
users write; catalog.py joins them. bounds.py says what topics must be; plan.py, cluster.py and
apply.py bring a cluster to it.
"""

from adaptive_stream.catalog.catalog import Catalog, load_catalog
from adaptive_stream.catalog.faults import CatalogError, Fault

__all__ = ("Catalog", "CatalogError", "Fault", "load_catalog")
