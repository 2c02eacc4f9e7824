"""The deidentification stage: one study into staging."""

from __future__ import annotations

import time

from deident.context import Context
from deident.discovery import StudyRef
from deident.study import StagedStudy, WorkerPool, deidentify_study
from deident.tasks.events import Event, emit
from deident.tasks.limits import slot
from deident.tasks.safety import safe_task

__all__ = ["deidentification"]


def _name(context: Context, study: StudyRef, pool: WorkerPool | None = None) -> str:  # noqa: ARG001 - the arguments of the task
    return study.id


@safe_task(name="deidentification", run_name=_name)
def deidentification(context: Context, study: StudyRef, pool: WorkerPool | None = None) -> StagedStudy:
    """De-identify every instance into staging; the work itself is done in the processes of `pool`."""
    with slot():
        started = time.monotonic()
        staged = deidentify_study(context, study, pool)
    emit(
        Event.STUDY_STAGED,
        study=study.id,
        inputs=study.count,
        staged=len(staged.staged),
        seconds=time.monotonic() - started,
    )
    return staged
