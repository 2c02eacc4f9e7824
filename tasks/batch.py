"""Many small studies in one task run: the server records only some thirty task runs a second."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from deident.context import Context
from deident.discovery import StudyRef
from deident.ledger import StudyOutcome
from deident.study import WorkerPool, process_study
from deident.tasks.limits import slot
from deident.tasks.problems import RunError
from deident.tasks.release import report_outcome
from deident.tasks.safety import RETRIES, RETRY_BACKOFF_SECONDS, guarded, safe_task

__all__ = ["BatchResult", "Unfinished", "batch"]

_STAGE: Final = "batch"


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A study that could not be done, and why."""

    study: StudyRef
    problem: RunError


@dataclass(frozen=True, slots=True)
class BatchResult:
    """How the studies of a batch ended."""

    outcomes: tuple[StudyOutcome, ...]
    unfinished: tuple[Unfinished, ...]


@safe_task(name="batch", retries=0)
def batch(context: Context, studies: Sequence[StudyRef], pool: WorkerPool | None = None) -> BatchResult:
    """All stages of every study, each retried by itself: one bad study costs the others nothing."""
    outcomes: list[StudyOutcome] = []
    unfinished: list[Unfinished] = []
    for study in studies:
        done = _with_retries(context, study, pool)
        if isinstance(done, RunError):
            unfinished.append(Unfinished(study, done))
        else:
            report_outcome(done, many=True)
            outcomes.append(done)
    return BatchResult(tuple(outcomes), tuple(unfinished))


def _with_retries(context: Context, study: StudyRef, pool: WorkerPool | None) -> StudyOutcome | RunError:
    attempt = guarded(_process, _STAGE)
    for number in range(RETRIES + 1):
        try:
            return attempt(context, study, pool)
        except RunError as caught:
            problem = caught
        if not problem.transient or number == RETRIES:
            break
        time.sleep(RETRY_BACKOFF_SECONDS * 2**number * random.uniform(0.5, 1.5))  # noqa: S311 - spreads retries
    return problem


def _process(context: Context, study: StudyRef, pool: WorkerPool | None) -> StudyOutcome:
    with slot():
        return process_study(context, study, pool)
