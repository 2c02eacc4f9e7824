"""What a run says while it is at work: log lines, and events that automations can act on; ids, codes, counts, timing."""

from __future__ import annotations

import logging
from typing import Final

from prefect import get_run_logger
from prefect.events import emit_event
from prefect.exceptions import MissingContextError

from deident.ledger import Outcome, StudyOutcome
from deident.report import RunReport
from deident.tasks.safelog import Event, event_text

__all__ = ["Event", "announce_run", "announce_study", "emit"]

#: Names of Prefect events, by the outcome of the study that they are about.
STUDY_EVENTS: Final = {outcome: f"deident.study.{outcome.value}" for outcome in Outcome}
RUN_FINISHED: Final = "deident.run.finished"


def emit(
    event: Event,
    *,
    study: str = "",
    reason: str = "",
    seconds: float | None = None,
    level: int = logging.INFO,
    **counts: int,
) -> None:
    """Log to the run that is at work; nothing happens outside of a run."""
    try:
        logger = get_run_logger()
    except MissingContextError:
        return
    logger.log(level, event_text(event, study=study, reason=reason, seconds=seconds, **counts))


def announce_study(outcome: StudyOutcome) -> None:
    """Tell Prefect how a study ended: `deident.study.released`, `.quarantined`, `.skipped` or `.awaiting-review`."""
    record = outcome.record
    if _at_work():
        emit_event(
            event=STUDY_EVENTS[record.outcome],
            resource={"prefect.resource.id": f"deident.study.{record.study}", "deident.run": record.run},
            payload={"counts": record.counts, "reasons": record.reasons, "modalities": list(record.modalities)},
        )


def announce_run(report: RunReport, state: str) -> None:
    """Tell Prefect that a run has ended, with its counts: `deident.run.finished`."""
    if _at_work():
        emit_event(
            event=RUN_FINISHED,
            resource={"prefect.resource.id": f"deident.run.{report.run}", "deident.state": state},
            payload={"inputs": report.inputs, "studies": report.studies_by_outcome, "unchanged": report.unchanged},
        )


def _at_work() -> bool:
    """Whether this is part of a run: a stage that is called as a plain function tells nobody."""
    try:
        get_run_logger()
    except MissingContextError:
        return False
    return True
