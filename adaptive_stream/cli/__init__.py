"""The command `adaptive-stream` (alias `astream`): one module per group of commands."""
