"""Knows each customer's latest state across every channel, and says what that state made stale.

Read in this order:

1. `engine/README.md`, then `engine/step.py`: what one fact does to one customer.
2. `formats/`: how bytes of a channel become facts. `outputs/`: how decisions become records.
3. `catalog/`: topics, channels and rules as files, checked together before anything starts.
4. `worker/`: the three Faust apps that carry all this on Kafka, and lose nothing.
5. `stories/`, `broker/`, `cli/`: how it is tried, tested and run.
"""

__version__ = "0.1.0"
