"""The Kafka client as we need it: what aiokafka has no setting for, and reading without a group."""
