"""The shell: the only code that imports Faust. Batches to the stages, their outcomes to disk."""
