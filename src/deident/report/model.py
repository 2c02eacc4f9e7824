"""What a report says: counts, codes, opaque ids and pseudonymous names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from deident.errors import Ending

__all__ = [
    "SCHEMA",
    "ActionLine",
    "CheckLine",
    "LedgerMark",
    "OptionLine",
    "OtherInput",
    "ReasonLine",
    "RunReport",
    "StageTiming",
    "StudyLine",
]

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
    """One study: `study` is its opaque id, `released`, `skipped`, `quarantined` and `awaiting` count its inputs.

    `run` is the one that did it, in whose audit its instances are; another than that of the report when `unchanged`.
    `seconds` is the time that each stage took. `unsearched` counts outputs with pixel data that only the object store has read.
    """

    study: str
    modalities: tuple[str, ...]
    outcome: str
    unchanged: bool
    released: int
    skipped: int
    quarantined: int
    reasons: dict[str, int]
    manifest_version: int
    awaiting: int = 0
    unsearched: int = 0
    run: str = ""
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def ending(self) -> str:
        """The outcome, with what was released in part told apart."""
        if self.outcome == Ending.RELEASED and self.quarantined:
            return "released in part"
        return self.outcome.replace("-", " ") + (f" ({self.awaiting:,})" if self.awaiting else "")


@dataclass(frozen=True, slots=True)
class OtherInput:
    """An input that belongs to no study; `reference` is the keyed reference of its path."""

    reference: str
    ending: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class OptionLine:
    """A code of CID 7050 that the outputs declare."""

    code: str
    meaning: str


@dataclass(frozen=True, slots=True)
class ActionLine:
    """What was done to one attribute, and why, in how many elements of all instances at all levels.

    Private elements are one line per action, with tag and attribute empty.
    """

    tag: str
    attribute: str
    action: str
    because: str
    count: int


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One check of the validation: on how many studies of this run it was made, and how many it holds."""

    check: str
    meaning: str
    studies: int
    held: int


@dataclass(frozen=True, slots=True)
class StageTiming:
    """Seconds of one stage, over the studies of this run: in all, of the middle one, of the slowest one."""

    stage: str
    studies: int
    total: float
    median: float
    longest: float


@dataclass(frozen=True, slots=True)
class LedgerMark:
    """The sealed run record of this run: its number and digest. They are the witness of `deident audit verify`."""

    number: int
    digest: str


@dataclass(frozen=True, slots=True)
class RunReport:
    """`inputs` counts inputs per ending, `studies_by_outcome` studies; `unchanged` ones an earlier run had done.

    `places` are names below the project home or the destination, never whole paths. `actions`, `checks` and `timings`
    are of the studies that this run did; `seconds` is its time on the clock. `unsearched` counts outputs, of all studies, whose
    pixel data are proved by version and range and were not searched for text.
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
    seconds: float = 0.0
    options: tuple[OptionLine, ...] = ()
    actions: tuple[ActionLine, ...] = ()
    checks: tuple[CheckLine, ...] = ()
    timings: tuple[StageTiming, ...] = ()
    others: tuple[OtherInput, ...] = ()
    unsearched: int = 0
    ledger: LedgerMark | None = None

    @property
    def total(self) -> int:
        """All inputs of the run."""
        return sum(self.inputs.values())

    @property
    def nothing_new(self) -> bool:
        """Whether every study had been done before."""
        return self.unchanged == len(self.studies)
