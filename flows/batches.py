"""Which studies share a task run: Prefect's server records some thirty task runs a second, a cluster does more studies."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Final, Self

from deident.discovery import StudyRef
from deident.errors import ConfigurationError

__all__ = ["Batching"]

_PREFIX: Final = "DEIDENT_BATCH_"


@dataclass(frozen=True, slots=True)
class Batching:
    """Up to `above` studies each has its own task runs, one per stage; more of them go in batches.

    A batch has at least `studies` studies, more where there would be over `runs` batches, yet ends before it has more than
    `bytes`: a large study is worth task runs of its own, and is shown in the UI with them.
    """

    above: int = 1000
    studies: int = 25
    bytes: int = 256 << 20
    runs: int = 400

    @classmethod
    def from_environment(cls) -> Self:
        """$DEIDENT_BATCH_ABOVE, _STUDIES, _BYTES and _RUNS in the place of what is set here. Raises ConfigurationError."""
        given = {field.name: os.environ.get(_PREFIX + field.name.upper(), "") for field in fields(cls)}
        for name, text in given.items():
            if text and not (text.isascii() and text.isdigit() and int(text) > 0):
                raise ConfigurationError(f"{_PREFIX}{name.upper()} is a number greater than 0")
        return cls(**{name: int(text) for name, text in given.items() if text})

    def plan(self, studies: Sequence[StudyRef]) -> Iterator[Sequence[StudyRef]]:
        """The studies, in order, each in one batch; one of a single study is taken through its stages by itself."""
        if len(studies) <= self.above:
            yield from ((study,) for study in studies)
            return
        most = max(self.studies, -(-len(studies) // self.runs))
        batch: list[StudyRef] = []
        size = 0
        for study in studies:
            if batch and (len(batch) == most or size + study.size > self.bytes):
                yield batch
                batch, size = [], 0
            batch.append(study)
            size += study.size
        yield batch
