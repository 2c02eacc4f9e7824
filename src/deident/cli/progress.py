"""How far the work is: a bar on a terminal, a line now and then anywhere else, both on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from deident.cli.tally import Tally

__all__ = ["progress"]

_BAR_SECONDS: Final = 0.1
_LINE_SECONDS: Final = 10.0


@contextmanager
def progress(tally: Tally, total: int, *, quiet: bool) -> Iterator[Callable[[], None]]:
    """Yield what is to be called after each file; it costs next to nothing between two updates."""
    if quiet or total <= 1:
        yield lambda: None
    elif sys.stderr.isatty():
        with _bar(tally, total) as show:
            yield show
    else:
        yield _throttled(lambda: print(_line(tally, total), file=sys.stderr, flush=True), _LINE_SECONDS)


@contextmanager
def _bar(tally: Tally, total: int) -> Iterator[Callable[[], None]]:
    from rich.console import Console  # noqa: PLC0415 - needed on terminals alone, and not fast to import
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)

        def update() -> None:
            bar.update(task, completed=sum(tally.endings().values()), description=tally.line())

        yield _throttled(update, _BAR_SECONDS)


def _line(tally: Tally, total: int) -> str:
    return f"deident: {sum(tally.endings().values()):,} of {total:,} files: {tally.line()}"


def _throttled(update: Callable[[], None], seconds: float) -> Callable[[], None]:
    latest = time.monotonic()

    def call() -> None:
        nonlocal latest
        now = time.monotonic()
        if now - latest >= seconds:
            latest = now
            update()

    return call
