"""The path of one study: staged, validated, released or held, and on record."""

from deident.discovery import InstanceRef, StudyRef
from deident.ledger import Outcome, StudyOutcome
from deident.study.check import validate
from deident.study.model import InstanceOutcome, StagedInstance, StagedStudy, ValidatedStudy
from deident.study.pool import WorkerPool, worker_pool
from deident.study.process import done_before, process_study
from deident.study.release import quarantine_study, release
from deident.study.stage import deidentify_study

__all__ = [
    "InstanceOutcome",
    "InstanceRef",
    "Outcome",
    "StagedInstance",
    "StagedStudy",
    "StudyOutcome",
    "StudyRef",
    "ValidatedStudy",
    "WorkerPool",
    "deidentify_study",
    "done_before",
    "process_study",
    "quarantine_study",
    "release",
    "validate",
    "worker_pool",
]
