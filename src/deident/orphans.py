"""A worker process ends with the process that started it."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Final

__all__ = ["end_with"]

_WATCH_SECONDS: Final = 0.5


def end_with(parent: int) -> None:
    """Let this process be killed as soon as it is no longer the child of `parent`.

    A parent that was killed cannot tell its workers; they would finish what they were given, with originals at hand, into
    a staging that the next run may have swept by then.
    """
    threading.Thread(target=_watch, args=(parent,), name="deident-orphans", daemon=True).start()


def _watch(parent: int) -> None:
    # Not PR_SET_PDEATHSIG: that goes by the thread that started the process, which may end long before its process does.
    while os.getppid() == parent:
        time.sleep(_WATCH_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)
