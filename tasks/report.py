"""The report stage: from the ledger's records to a report in the project home."""

from __future__ import annotations

from collections.abc import Sequence

from deident.context import Context
from deident.discovery import Discovery
from deident.ledger import StudyOutcome
from deident.report import RunReport, build_report, write_report
from deident.tasks.events import Event, emit
from deident.tasks.safety import safe_task

__all__ = ["report"]


@safe_task(name="report")
def report(context: Context, discovery: Discovery, outcomes: Sequence[StudyOutcome]) -> RunReport:
    """Write the report of the run as JSON and as a page."""
    built = build_report(context, discovery, outcomes)
    write_report(context, built)
    emit(Event.REPORTED, studies=len(built.studies), inputs=built.total)
    return built
