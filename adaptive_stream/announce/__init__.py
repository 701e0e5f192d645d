"""What every partition is told: how late it is, and which rules are in force."""
