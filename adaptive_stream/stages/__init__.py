"""One adapter per stage: a batch of records and a partition's state in, an Outcome out."""
