"""What an operator sees of a process: settings, log lines, its page, and who starts it."""
