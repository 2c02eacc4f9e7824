"""Start-up without garbage collection: what is imported and read then stays to the end of the process."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

__all__ = ["settled"]


@contextlib.contextmanager
def settled() -> Iterator[None]:
    """Collect nothing meanwhile, and never look again at what is there afterwards.

    For programs and worker processes, which begin with nothing but that: whatever is garbage at the end of it stays, too.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
