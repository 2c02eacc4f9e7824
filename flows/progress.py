"""Who watches a flow from within its own process: the terminal of `deident.flows.run`."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final, Protocol

from deident.ledger import StudyOutcome

__all__ = ["Observer", "Silent", "observer"]


class Observer(Protocol):
    """Told how far a run is. Called from the flow's own thread alone."""

    def discovering(self, inputs: int) -> None:
        """So many inputs have been looked at."""
        ...

    def discovered(self, studies: int, todo: int, inputs: int) -> None:
        """Discovery has ended; `todo` studies with `inputs` inputs are to be done."""
        ...

    def finished(self, outcome: StudyOutcome) -> None:
        """A study has ended."""
        ...


class Silent:
    """Nobody watches."""

    def discovering(self, inputs: int) -> None:
        pass

    def discovered(self, studies: int, todo: int, inputs: int) -> None:
        pass

    def finished(self, outcome: StudyOutcome) -> None:
        pass


observer: Final[ContextVar[Observer]] = ContextVar("observer", default=Silent())  # noqa: B039 - it holds nothing
