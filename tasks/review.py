"""The review stages: hold what waited too long, carry decisions out, report them."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from deident.ledger import Record, StudyOutcome
from deident.report import RunReport
from deident.review import Answer, Decided, Desk, Verdict, decide, end_review, expire
from deident.tasks.events import Event, announce_study, emit
from deident.tasks.release import report_outcome
from deident.tasks.safety import safe_task

__all__ = ["decisions", "expiry", "report_review"]

#: What somebody asks of a study: its opaque id and the verdict.
Wanted = tuple[str, Verdict]


@safe_task(name="expiry")
def expiry(desk: Desk) -> list[Record]:
    """Hold every study of the project that has waited too long; what a killed review left in staging goes first."""
    desk.sweep()
    records = expire(desk, desk.ledger.studies())
    for record in records:
        report_outcome(StudyOutcome(record))
    return records


def _name(desk: Desk, run: str, wanted: Sequence[Wanted], reviewer: str) -> str:  # noqa: ARG001 - the arguments of the task
    return wanted[0][0] if len(wanted) == 1 else ""


@safe_task(name="review", run_name=_name)
def decisions(desk: Desk, run: str, wanted: Sequence[Wanted], reviewer: str) -> list[Decided]:
    """Decide about some studies of a run; `reviewer` is a keyed reference. Made again, it ends the same."""
    decided = [decide(desk, run, study, verdict, reviewer) for study, verdict in wanted]
    for answer in decided:
        _tell(answer, many=len(decided) > 1)
    return decided


def _tell(answer: Decided, *, many: bool) -> None:
    record = answer.record
    level = logging.INFO if answer.answer is Answer.DONE else logging.WARNING
    if record is None:
        emit(Event.STUDY_REVIEWED, level=level)
        return
    emit(Event.STUDY_REVIEWED, study=record.study, reason=next(iter(record.reasons), ""), level=level)
    if not many:
        announce_study(StudyOutcome(record))


@safe_task(name="report")
def report_review(desk: Desk, records: Sequence[Record]) -> RunReport:
    """Seal the review in the ledger and write its report as JSON and as a page."""
    built = end_review(desk, records)
    emit(Event.REPORTED, studies=len(built.studies), inputs=built.total)
    return built
