"""The release stage: make a validated study visible, or hold it, and write into the ledger how it ended."""

from __future__ import annotations

import logging
from typing import Final

from deident.audit import AWAITING
from deident.context import Context
from deident.discovery import StudyRef
from deident.errors import Ending, Reason
from deident.ledger import Outcome, StudyOutcome
from deident.study import ValidatedStudy, quarantine_study
from deident.study import release as release_study
from deident.tasks.events import Event, announce_study, emit
from deident.tasks.limits import slot
from deident.tasks.safety import safe_task

__all__ = ["quarantine", "release", "report_outcome"]

_EVENTS: Final = {
    Outcome.RELEASED: Event.STUDY_RELEASED,
    Outcome.SKIPPED: Event.STUDY_SKIPPED,
    Outcome.QUARANTINED: Event.STUDY_QUARANTINED,
    Outcome.AWAITING_REVIEW: Event.STUDY_AWAITING,
}


def _name(context: Context, validated: ValidatedStudy) -> str:  # noqa: ARG001 - the arguments of the task
    return validated.staged.study.id


def _quarantine_name(context: Context, study: StudyRef, reason: Reason) -> str:  # noqa: ARG001 - the arguments of the task
    return study.id


@safe_task(name="release", run_name=_name)
def release(context: Context, validated: ValidatedStudy) -> StudyOutcome:
    """Release or hold the study; the ledger record is the commit."""
    with slot():
        outcome = release_study(context, validated)
    report_outcome(outcome)
    return outcome


@safe_task(name="quarantine", run_name=_quarantine_name)
def quarantine(context: Context, study: StudyRef, reason: Reason) -> StudyOutcome:
    """Hold a study that an earlier stage could not finish."""
    outcome = quarantine_study(context, study, reason)
    report_outcome(outcome)
    return outcome


def report_outcome(outcome: StudyOutcome, *, many: bool = False) -> None:
    """Log how a study ended: counts of its inputs, and the most frequent reason where something was held.

    Events go with it, for automations; when there are `many` studies for those alone that need a look, since the queue
    of events drops what comes too fast.
    """
    counts = outcome.record.counts
    held = next(iter(outcome.record.reasons), "")
    emit(
        _EVENTS.get(outcome.outcome, Event.FINISHED),
        study=outcome.study,
        reason=held,
        level=logging.WARNING if outcome.outcome is Outcome.QUARANTINED else logging.INFO,
        **{ending.value: counts.get(ending.value, 0) for ending in Ending},
        **({"awaiting": counts[AWAITING]} if AWAITING in counts else {}),
    )
    if outcome.outcome is Outcome.QUARANTINED or not many:
        announce_study(outcome)
