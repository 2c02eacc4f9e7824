"""Keep what pydicom warns and logs (its messages quote values) inside validation, as a count."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["Warnings", "pydicom_kept_quiet"]


class Warnings:
    """How many warnings pydicom gave on this thread since the block began. Their texts are dropped."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


class _Local(threading.local):
    sink: Warnings | None = None


class _Mute(logging.Filter):
    """Drops the log records of threads that are inside validation; those of other threads pass."""

    def filter(self, _record: logging.LogRecord) -> bool:
        return _local.sink is None


class _Hook:
    """The process-wide hook, there while any thread is inside validation (catch_warnings is not made for threads)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._depth = 0
        self._before: Callable[..., Any] = warnings.showwarning

    def enter(self) -> None:
        with self._lock:
            self._depth += 1
            if self._depth == 1:
                self._before = warnings.showwarning
                warnings.showwarning = self.show
                warnings.filterwarnings("always", module=r"pydicom(\.|$)")

    def leave(self) -> None:
        with self._lock:
            self._depth -= 1
            if self._depth == 0:
                if warnings.showwarning == self.show:
                    warnings.showwarning = self._before
                for entry in list(warnings.filters):
                    module = entry[3]
                    if entry[0] == "always" and getattr(module, "pattern", module) == r"pydicom(\.|$)":
                        warnings.filters.remove(entry)  # type: ignore[attr-defined]

    def show(self, *args: Any, **kwargs: Any) -> None:
        sink = _local.sink
        if sink is None:
            self._before(*args, **kwargs)
        else:
            sink.count += 1


_local = _Local()
_hook = _Hook()
logging.getLogger("pydicom").addFilter(_Mute())


@contextmanager
def pydicom_kept_quiet() -> Iterator[Warnings]:
    """Within the block no warning and no log record of pydicom gets out on this thread; yields their count."""
    outer = _local.sink
    sink = Warnings()
    _hook.enter()
    _local.sink = sink
    try:
        yield sink
    finally:
        _local.sink = outer
        _hook.leave()
