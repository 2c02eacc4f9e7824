"""Counts per ending and reason, and the words in which the user is told of them."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Final

from deident.errors import Ending, Reason

if TYPE_CHECKING:
    from deident.anonymizer.batch import Event

__all__ = ["Tally"]

#: Held files named for each reason; all of them with --show-paths, since then the list is what was asked for.
_NAMED: Final = 5
#: Characters of a keyed reference that are enough to find it in the audit log.
_SHORT: Final = len("hmac-sha256:") + 12


class Tally:
    """What happened so far. Memory does not grow with released files."""

    def __init__(self, *, show_paths: bool) -> None:
        self._show_paths = show_paths
        self._reasons: Counter[Reason | None] = Counter()
        self._held: dict[Reason, dict[int, str]] = {}

    def count(self, event: Event) -> None:
        """Take in one ending, or the ending that replaces it."""
        reason, index = event.record.reason, event.task.index
        if event.replaces is not None:
            (before,) = event.replaces
            self._reasons[before] -= 1
            if before is not None:
                self._held[before].pop(index, None)
        self._reasons[reason] += 1
        if reason is not None:
            named = self._held.setdefault(reason, {})
            if self._show_paths or len(named) < _NAMED:
                named[index] = self._label(event)

    def _label(self, event: Event) -> str:
        name = event.task.key if self._show_paths else event.record.input[:_SHORT]
        return f"{name}  {event.record.detail}".rstrip()

    @property
    def all_released(self) -> bool:
        return not any(count for reason, count in self._reasons.items() if reason is not None)

    def endings(self) -> dict[Ending, int]:
        """Inputs per ending."""
        found = dict.fromkeys(Ending, 0)
        for reason, count in self._reasons.items():
            found[Ending.RELEASED if reason is None else reason.ending] += count
        return found

    def line(self) -> str:
        """`12 released, 1 skipped, 0 quarantined`."""
        return ", ".join(f"{count:,} {ending.value}" for ending, count in self.endings().items())

    def summary(self, total: int) -> str:
        """The counts in one line, of the `total` inputs that there were."""
        if not total:
            return "No file was found; nothing was done."
        done = sum(self._reasons.values())
        files = f"{total:,} {'file' if total == 1 else 'files'}"
        return f"{files}: {self.line()}." if done == total else f"{done:,} of {files} done: {self.line()}."

    def print_problems(self) -> None:
        """Tell on stderr, reason by reason, what was held and how to go on."""
        for reason, count in self._reasons.most_common():
            if reason is None or not count:
                continue
            print(f"{reason.ending.value} {reason.value}: {count:,}. {reason.advice}", file=sys.stderr)
            named = self._held[reason]
            for index in sorted(named):
                print(f"    {named[index]}", file=sys.stderr)
            if count > len(named):
                print(f"    and {count - len(named):,} more; --show-paths names all", file=sys.stderr)
