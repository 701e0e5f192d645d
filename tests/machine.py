"""How slow this machine is at the moment, for tests that demand a speed of what we wrote.

The same machine, shared with others, is half as fast from one minute to the next. What is compared
is work of the same kind that is none of ours: Python code that makes many small objects.
"""

import time

import yaml

_TEXT = "".join(f"- {{step: {number}, wait: 1h, where: [a, b]}}\n" for number in range(40))
# What it takes where `stages` of the bench takes 175 us a fact (tests/bench/README.md).
_TAKES_MS = 6.0
_RUNS = 5


def slowness() -> float:
    """How many times as long as on that machine CPU-bound work takes now; not below 1."""
    return max(1.0, sorted(_reading_ms() for _ in range(_RUNS))[_RUNS // 2] / _TAKES_MS)


def _reading_ms() -> float:
    began = time.process_time()
    for _ in yaml.parse(_TEXT, Loader=yaml.SafeLoader):
        pass
    return (time.process_time() - began) * 1000
