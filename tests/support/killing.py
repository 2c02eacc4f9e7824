"""Processes that are killed at a chosen change of a store in folders, whichever store of theirs it is."""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable
from typing import Any

from deident.stores import FolderStore

__all__ = ["killed_at"]

#: The methods that change what stands in a folder; `put` ends in `_link`.
_CHANGES = ("write", "delete", "_link")


def killed_at(step: int, act: Callable[[], object], *, before: bool = True) -> bool:
    """Call `act` in a process that is killed right before its nth change of a store, or right after it.

    False when it came to its end first; an exception in `act` is an error here.
    """
    child = os.fork()
    if not child:
        code = 3
        try:
            taken = 0

            def guarded(change: Callable[..., Any]) -> Callable[..., Any]:
                def call(*args: Any, **kwargs: Any) -> Any:
                    nonlocal taken
                    taken += 1
                    number = taken
                    if before and number == step:
                        os.kill(os.getpid(), signal.SIGKILL)
                    try:
                        return change(*args, **kwargs)
                    finally:
                        if number == step:
                            os.kill(os.getpid(), signal.SIGKILL)

                return call

            for name in _CHANGES:
                setattr(FolderStore, name, guarded(getattr(FolderStore, name)))
            act()
            code = 0
        except BaseException:  # noqa: BLE001 - the child must not go on as a second pytest
            traceback.print_exc()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, os.WEXITSTATUS(status)
    return os.WIFSIGNALED(status)
