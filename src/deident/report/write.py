"""End a run on paper: seal its chains in the ledger, then write its report into the project home and beside the outputs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from deident.context import Context
from deident.report.document import document, for_recipients
from deident.report.instances import InstanceLine, read_instances
from deident.report.model import LedgerMark, RunReport
from deident.report.page import render
from deident.roots import absolute
from deident.seals.runs import RunRecord, seal_run
from deident.stores.protocol import Store

__all__ = ["PUBLISHED", "ReportFiles", "write_report"]

#: Folder for reports in a destination; no pseudonym starts with an underscore.
PUBLISHED: Final = "_deident/reports"


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """Where a report was written, paths or URIs; they are for the user's own terminal only."""

    json: str = field(repr=False)
    html: str = field(repr=False)


def write_report(context: Context, report: RunReport) -> ReportFiles:
    """Write `report.json` and `report.html` for the run, each whole or not at all; one of the same run is replaced.

    Before that the run is sealed, and outputs and ledger are flushed: what a report calls released would survive a
    power cut. The destination gets a copy without references to the inputs, unless the job says no or the run did
    nothing.
    """
    sealed = _seal(context, report)
    context.sync()
    report = replace(report, ledger=LedgerMark(sealed.number, sealed.digest))
    _write(context.reports, report.run, report, _instances(context, report))
    if context.job.publish_report and not report.nothing_new:
        copy = for_recipients(report)
        _write(context.released, f"{PUBLISHED}/{report.run}", copy, _instances(context, report), references=False)
    if context.job.qa_pages:
        from deident.qa import write_index  # noqa: PLC0415 - only for who asked for pages

        write_index(context)
    folder = f"{absolute(context.roots.reports)}/{report.run}"
    return ReportFiles(f"{folder}/report.json", f"{folder}/report.html")


def _seal(context: Context, report: RunReport) -> RunRecord:
    source, destination = context.places
    record = RunRecord(
        run=report.run,
        finished=report.finished,
        code_version=context.code_version,
        profile=report.profile,
        profile_digest=report.profile_digest,
        source=source,
        destination=destination,
        studies=report.studies_by_outcome,
        unchanged=report.unchanged,
        inputs=report.inputs,
    )
    return seal_run(context.ledger, record, context.locks.at_work)


def _instances(context: Context, report: RunReport) -> Iterable[InstanceLine]:
    new = [study.study for study in report.studies if not study.unchanged]
    return read_instances(context.audit, report.run, new)


def _write(
    store: Store, folder: str, report: RunReport, instances: Iterable[InstanceLine], *, references: bool = True
) -> None:
    store.write(f"{folder}/report.json", document(report, instances, references=references), overwrite=True)
    store.put(f"{folder}/report.html", render(report).encode(), overwrite=True)
