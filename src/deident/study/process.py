"""The path of one study from start to end."""

from __future__ import annotations

from deident.context import Context
from deident.discovery import StudyRef
from deident.ledger import StudyOutcome
from deident.study.check import validate
from deident.study.done import done_before
from deident.study.pool import WorkerPool
from deident.study.release import release
from deident.study.stage import deidentify_study

__all__ = ["done_before", "process_study"]


def process_study(context: Context, study: StudyRef, pool: WorkerPool | None = None) -> StudyOutcome:
    """De-identify, validate and release a study, unless an earlier run has done just that."""
    done = done_before(context, study)
    if done is not None:
        return done
    return release(context, validate(context, deidentify_study(context, study, pool), pool))
