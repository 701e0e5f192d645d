"""The shell: the only code that imports Faust, reads the environment or looks at a clock."""
