"""What is run in worker processes by tests of the pools: a module that they can import."""

import os
import signal
from pathlib import Path

from deident.errors import Reason, Refusal, TransientProblem

__all__ = ["busy", "leak", "refuse", "square"]


def square(items):
    """Negative items kill the process that works on them."""
    for item in items:
        if item < 0:
            os.kill(os.getpid(), signal.SIGKILL)
    return [item * item for item in items]


def busy(items):
    raise TransientProblem(f"{len(items)} items")


def refuse(items):
    del items
    raise Refusal(Reason.BROKEN, "detail")


def leak(items):
    """Fails with what it was given in the message, as code of others does."""
    raise ValueError(f"cannot read {Path(items[0])}")
