"""The validation stage: a staged study against its source, by code that shares nothing with the engine."""

from __future__ import annotations

import time

from deident.context import Context
from deident.study import StagedStudy, ValidatedStudy, WorkerPool, validate
from deident.tasks.events import Event, emit
from deident.tasks.limits import slot
from deident.tasks.safety import safe_task

__all__ = ["validation"]


def _name(context: Context, staged: StagedStudy, pool: WorkerPool | None = None) -> str:  # noqa: ARG001 - the arguments of the task
    return staged.study.id


@safe_task(name="validation", run_name=_name)
def validation(context: Context, staged: StagedStudy, pool: WorkerPool | None = None) -> ValidatedStudy:
    """Validate in a process of `pool`. Findings hold the study; they are no error of the task."""
    with slot():
        started = time.monotonic()
        validated = validate(context, staged, pool)
    emit(
        Event.STUDY_VALIDATED,
        study=staged.study.id,
        findings=len(validated.findings),
        seconds=time.monotonic() - started,
    )
    return validated
