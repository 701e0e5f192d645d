"""More partitions for topics keyed by identifier or customer, with their state and its order."""
