"""Knows each customer's latest state across every channel, and says what that state made stale.

Read in this order:

1. `engine/fact.py`: what comes. `engine/step.py`: what is made of it. `engine/judge.py`: journeys.
2. `formats/`: how bytes of a channel become facts. `outputs/`: how decisions become records.
3. `catalog/`: topics, channels and rules as files, checked together before anything starts.
4. `worker/`, first `worker/checkpoint.py`: how all this runs on Kafka and nothing is lost.
5. `stories/`, `broker/`, `cli/`: how it is tried, tested and run.

README.md beside this file has the words and the map of the files.
"""

__version__ = "0.1.0"
