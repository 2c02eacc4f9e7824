"""What can be wrong with a ledger, by name; a run that was killed is not called tampering."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["Problem", "Trouble", "Verification"]


class Trouble(StrEnum):
    """A kind of problem. The value is the code that `deident audit verify` prints."""

    RECORD_CHANGED = "record-changed"
    RECORD_DAMAGED = "record-damaged"
    RECORD_MISPLACED = "record-misplaced"
    RECORD_MISSING = "record-missing"
    RECORD_TWICE = "record-twice"
    CHAIN_BROKEN = "chain-broken"
    CHAIN_CHANGED = "chain-changed"
    CHAIN_MISSING = "chain-missing"
    HEAD_DIFFERS = "head-differs"
    RUN_CHANGED = "run-record-changed"
    RUN_DAMAGED = "run-record-damaged"
    RUN_MISPLACED = "run-record-misplaced"
    RUN_MISSING = "run-record-missing"
    RUN_CHAIN_BROKEN = "run-chain-broken"
    AUDIT_CHANGED = "audit-changed"
    AUDIT_MISSING = "audit-missing"
    FOREIGN = "foreign-object"
    UNFINISHED = "run-unfinished"

    @property
    def meaning(self) -> str:
        """What it means, in one sentence."""
        return _MEANING[self]

    @property
    def tampering(self) -> bool:
        """Whether somebody (or a disk) changed what was written down. A killed run is none of that."""
        return self is not Trouble.UNFINISHED


_MEANING: Final = {
    Trouble.RECORD_CHANGED: "The record does not carry the seal of this project over what it says.",
    Trouble.RECORD_DAMAGED: "The record is cut short or no record at all.",
    Trouble.RECORD_MISPLACED: "The record stands under another name than its own.",
    Trouble.RECORD_MISSING: "A record that others point at is gone.",
    Trouble.RECORD_TWICE: "Two records claim one place in a chain.",
    Trouble.CHAIN_BROKEN: "The record does not follow the one that its writer appended before.",
    Trouble.CHAIN_CHANGED: "The beginning of a chain does not carry the seal of this project.",
    Trouble.CHAIN_MISSING: "There are records of a chain whose beginning is gone.",
    Trouble.HEAD_DIFFERS: "The record is not the one that the record of the run names as the last.",
    Trouble.RUN_CHANGED: "The record of a run does not carry the seal of this project over what it says.",
    Trouble.RUN_DAMAGED: "The record of a run is cut short or no record at all.",
    Trouble.RUN_MISPLACED: "The record of a run stands under another number than its own.",
    Trouble.RUN_MISSING: "The record of a run that ended is gone.",
    Trouble.RUN_CHAIN_BROKEN: "The record of a run does not follow the one before it.",
    Trouble.AUDIT_CHANGED: "The audit log of a study is not the one that its record names.",
    Trouble.AUDIT_MISSING: "The audit log of a study is gone.",
    Trouble.FOREIGN: "Something that is no record stands in the ledger.",
    Trouble.UNFINISHED: "The run was killed before it could seal its records; the next run will seal them.",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. `where` is made of opaque names: study and number, writer and sequence, run."""

    trouble: Trouble
    where: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What a verification found. `at_work` names runs that have not ended yet: their records are not sealed so far."""

    problems: tuple[Problem, ...]
    studies: int
    records: int
    runs: int
    at_work: tuple[str, ...] = ()
    #: Digest of the last run record: noted elsewhere, it shows later that the end of the ledger was not cut off.
    head: str = ""

    @property
    def intact(self) -> bool:
        return not self.problems
