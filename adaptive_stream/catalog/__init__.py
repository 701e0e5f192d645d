"""Files to one checked catalogue: topics, channels and rules, every disagreement listed.

Read faults.py and yaml_lines.py first; expression.py, conditions.py, journeys.py and rules.py make
the engine's Rules of what business users write.
"""
