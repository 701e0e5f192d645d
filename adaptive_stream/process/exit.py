"""The one way out when going on would be wrong: say why, and end the process at once.

Rule: no clean-up on this path. What is not yet acknowledged is repeated by the next owner, and
every moment longer is a chance to append a later record after an earlier one was lost.
"""

import logging
import os
import sys
from typing import NoReturn

from adaptive_stream.checkpoint.refusal import Refusal, Superseded
from adaptive_stream.process.logs import at
from adaptive_stream.process.supervisor import REFUSED

log = logging.getLogger(__name__)

BUG = 70  # A bug, a broker that refuses, another owner: start again, with backoff.


def die(doing: str, error: BaseException, tp: tuple[str, int] | None = None) -> NoReturn:
    """Ends the process because `error` came up while `doing` something, perhaps to a partition."""
    where = at(*tp) if tp else None
    if isinstance(error, Refusal):
        log.error("refuses to start: %s", error, extra=where)
    elif isinstance(error, Superseded):
        log.error("ending: %s: %s", doing, error, extra=where)
    else:
        log.critical("ending: %s failed: %r", doing, error, exc_info=error, extra=where)
    logging.shutdown()
    sys.stderr.flush()
    os._exit(REFUSED if isinstance(error, Refusal) else BUG)
