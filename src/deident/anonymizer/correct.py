"""An audit log in which a record can be corrected when its output is withdrawn later."""

from __future__ import annotations

import os
from array import array
from pathlib import Path
from types import TracebackType
from typing import Self

from deident.audit import AuditLog, AuditRecord
from deident.errors import Reason
from deident.profile import Profile
from deident.stores.problems import safe_writing

__all__ = ["CorrectableAuditLog"]


class CorrectableAuditLog(AuditLog):
    """Remembers where each record ends in the temporary file: 8 bytes for each, so that memory stays flat.

    Every method raises TransientProblem or PlaceProblem where the file system fails.
    """

    def __init__(self, path: Path | str, *, profile: Profile, run: str = "", overwrite: bool = False) -> None:
        super().__init__(path, profile=profile, run=run, overwrite=overwrite)
        self._ends = array("Q")

    def __enter__(self) -> Self:
        super().__enter__()
        self._note_end()
        return self

    @safe_writing
    def add(self, record: AuditRecord) -> None:
        """Append one record; records are numbered from 0."""
        super().add(record)
        self._note_end()

    @safe_writing
    def correct(self, number: int, before: Reason | None, record: AuditRecord) -> None:
        """Let `record` stand in the place of record `number`, which ended for the reason `before` (None: released).

        It is no longer than what it replaces, blanks fill the rest: JSON ignores them.
        """
        assert self._file is not None, "correct() outside of the context"
        start = self._ends[number] + (2 if number else 1)  # behind the separator
        text = record.to_json().encode().ljust(self._ends[number + 1] - start)
        if start + len(text) > self._ends[number + 1]:
            raise ValueError("the corrected record is longer")
        self._file.seek(start)
        self._file.write(text)
        self._file.seek(0, os.SEEK_END)
        self._document.count(before, -1)
        self._document.count(record.reason, +1)

    @safe_writing
    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, problem, trace)

    def _note_end(self) -> None:
        self._ends.append(self._size)
