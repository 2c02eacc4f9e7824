"""What a report says: counts, codes, opaque ids and pseudonymous names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["SCHEMA", "ReasonLine", "RunReport", "StudyLine"]

SCHEMA: Final = "deident-report/1"


@dataclass(frozen=True, slots=True)
class ReasonLine:
    """How many inputs were not released for one reason, and what to do about it."""

    code: str
    ending: str
    count: int
    advice: str


@dataclass(frozen=True, slots=True)
class StudyLine:
    """One study: `study` is its opaque id, `released`, `skipped` and `quarantined` count its inputs."""

    study: str
    modalities: tuple[str, ...]
    outcome: str
    unchanged: bool
    released: int
    skipped: int
    quarantined: int
    reasons: dict[str, int]
    manifest_version: int


@dataclass(frozen=True, slots=True)
class RunReport:
    """`inputs` counts inputs per ending, `studies_by_outcome` studies; `unchanged` ones an earlier run had done.

    `places` are names below the project home or the destination, never whole paths.
    """

    run: str
    finished: str
    version: str
    profile: str
    profile_digest: str
    profile_words: tuple[str, ...]
    inputs: dict[str, int]
    studies_by_outcome: dict[str, int]
    unchanged: int
    reasons: tuple[ReasonLine, ...]
    studies: tuple[StudyLine, ...]
    places: dict[str, str]

    @property
    def total(self) -> int:
        """All inputs of the run."""
        return sum(self.inputs.values())

    @property
    def nothing_new(self) -> bool:
        """Whether every study had been done before."""
        return self.unchanged == len(self.studies)
