"""What an operator can see of a process: one closed list of metrics, and who counts them."""
