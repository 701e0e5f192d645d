"""How a partition's progress becomes durable, without I/O: the shell and the simulator drive it."""
