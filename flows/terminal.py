"""The progress of a run on a terminal: a moving bar where there is one, a line now and then where there is none."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from deident.ledger import StudyOutcome

__all__ = ["Terminal"]

_SECONDS: Final = 5.0


class Terminal:
    """Writes to stderr, so that the results on stdout can be taken elsewhere. An Observer of the flow."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._bar: Progress | None = None
        if self._console.is_terminal:
            columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
            self._bar = Progress(*columns, TimeRemainingColumn(), console=self._console, transient=True)
            self._task = self._bar.add_task("", total=None, visible=False)
        self._total = self._done = 0
        self._said = time.monotonic()

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def say(self, text: str) -> None:
        """One line that stays."""
        self._console.print(text, markup=False, soft_wrap=True)
        sys.stderr.flush()
        self._said = time.monotonic()

    def tick(self) -> None:
        """Still waiting."""
        if self._bar is None:
            self._now_and_then("  still starting ...")

    def discovering(self, inputs: int) -> None:
        if self._bar is not None:
            self._bar.update(self._task, description=f"Reading headers: {inputs}", visible=True)
        else:
            self._now_and_then(f"  {inputs} headers read")

    def discovered(self, studies: int, todo: int, inputs: int) -> None:
        self.say(f"Found {studies} studies; to be done: {todo}, with {inputs} inputs.")
        self._total = todo
        if self._bar is not None:
            self._bar.update(
                self._task, description="De-identifying studies", total=todo, completed=0, visible=todo > 0
            )

    def finished(self, outcome: StudyOutcome) -> None:
        del outcome
        self._done += 1
        if self._bar is not None:
            self._bar.update(self._task, completed=self._done)
        else:
            self._now_and_then(f"  {self._done} of {self._total} studies done")

    def _now_and_then(self, text: str) -> None:
        if time.monotonic() - self._said >= _SECONDS:
            self.say(text)
